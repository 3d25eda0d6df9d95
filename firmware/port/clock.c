/* native.clock: time since start, and one timer. */
#include "chips/chip.h"
#include "port/js.h"

static uint64_t wake_ns = UINT64_MAX;

JS_FUNCTION(milliseconds) {
  (void)self, (void)argc, (void)argv;
  return JS_NewFloat64(ctx, (double)(chip_nanoseconds() / 1000u) / 1000.0);
}

JS_FUNCTION(wake_at) {
  (void)self, (void)argc;
  double ms;
  if (JS_ToFloat64(ctx, &ms, argv[0])) return JS_EXCEPTION;
  wake_ns = !(ms > 0) ? 0 : ms < 1e12 ? (uint64_t)(ms * 1e6) : UINT64_MAX;
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("milliseconds", 0, milliseconds),
                                                 JS_CFUNC_DEF("wakeAt", 1, wake_at)};
  js_facet(ctx, native, "clock", entries, 2);
}

static bool deliver(JSContext *ctx) {
  if (chip_nanoseconds() < wake_ns) return false;
  wake_ns = UINT64_MAX;
  js_send(ctx, js_event(ctx, "timer"));
  return true;
}

const struct facet clock_facet = {install, deliver};
