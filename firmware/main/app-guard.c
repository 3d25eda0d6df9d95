/* native.guard. Time alone would judge a busy emulator's app too early, and steps alone a slow function too late: both must be used up. */
#include "main/app-guard.h"
#include "chips/chip.h"
#include "main/heap.h"
#include "main/numbers.h"
#include "port/js.h"

#define APP_MS 1000u
#define APP_INTERRUPTS 40u /* one each 10,000 calls and turns of loops */

static uint64_t began_ms;
static unsigned interrupts;

bool app_begin(void) {
  if (heap_for_app) return false;
  heap_for_app = true;
  heap_app_refused = heap_app_over = false;
  interrupts = 0;
  began_ms = chip_milliseconds();
  return true;
}

void app_end(bool began) {
  if (began) heap_for_app = false;
}

bool app_is_over(void) { return interrupts > APP_INTERRUPTS && chip_milliseconds() - began_ms > APP_MS; }

bool app_interrupt(void) {
  if (!heap_for_app) return false;
  interrupts++;
  return heap_app_over = app_is_over();
}

JS_FUNCTION(run) {
  (void)self, (void)argc;
  bool began = app_begin();
  JSValue result = JS_Call(ctx, argv[0], JS_UNDEFINED, 0, NULL);
  app_end(began);
  /* It catches what can be caught: an exception that comes here is the interrupt's, or had no memory left. */
  bool is_broken = JS_IsException(result);
  if (is_broken) result = JS_GetException(ctx);
  JS_FreeValue(ctx, result);
  if (is_broken && app_is_over()) return JS_NewInt32(ctx, FAULT_APP_OVERDUE);
  if (!is_broken && !heap_app_refused) return JS_NewInt32(ctx, 0);
  JS_RunGC(JS_GetRuntime(ctx));
  return JS_NewInt32(ctx, FAULT_APP_MEMORY);
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("run", 1, run)};
  js_facet(ctx, native, "guard", entries, 1);
}

const struct facet guard_facet = {install, NULL};
