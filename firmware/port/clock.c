/* native.clock: time since the start, and one timer. Both in microseconds, which JavaScript sees as fractions of a millisecond. */
#include "chips/chip.h"
#include "port/js.h"

#define NEVER_MS 1e15

static uint64_t wake_us = UINT64_MAX;

bool clock_has_work(void) { return wake_us == 0; }
uint64_t clock_wake_us(void) { return wake_us; }

static uint64_t now_us(void) { return chip_nanoseconds() / 1000u; }

JS_FUNCTION(milliseconds) {
  (void)self, (void)argc, (void)argv;
  return JS_NewFloat64(ctx, (double)now_us() / 1000.0);
}

JS_FUNCTION(wake_at) {
  (void)self, (void)argc;
  double ms;
  if (JS_ToFloat64(ctx, &ms, argv[0])) return JS_EXCEPTION;
  double us = ms > 0 && ms < NEVER_MS ? ms * 1000.0 : 0;
  wake_us = ms >= NEVER_MS ? UINT64_MAX : (uint64_t)us;
  if (us > (double)wake_us) wake_us++; /* the timer is never early */
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("milliseconds", 0, milliseconds),
                                                 JS_CFUNC_DEF("wakeAt", 1, wake_at)};
  js_facet(ctx, native, "clock", entries, 2);
}

static bool deliver(JSContext *ctx) {
  if (now_us() < wake_us) return false;
  wake_us = UINT64_MAX;
  js_send(ctx, js_event(ctx, "timer"));
  return true;
}

const struct facet clock_facet = {install, deliver};
