/* native.system: restart and its reason, the watchdog, the heap in use. */
#include <string.h>
#include "chips/chip.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"
#include "port/js.h"

JS_FUNCTION(restart) {
  (void)self, (void)argc;
  char name[16];
  if (!js_text(ctx, argv[0], name, sizeof name)) return JS_EXCEPTION;
  for (int reason = RESET_REQUESTED; reason <= RESET_FAULT; reason++)
    if (strcmp(name, reset_reason_names[reason]) == 0) restart_with((enum reset_reason)reason);
  return JS_ThrowRangeError(ctx, "no such reason");
}

JS_FUNCTION(feed_watchdog) {
  (void)ctx, (void)self, (void)argc, (void)argv;
  chip_watchdog_feed();
  return JS_UNDEFINED;
}

JS_FUNCTION(heap_bytes) {
  (void)self, (void)argc, (void)argv;
  return JS_NewInt64(ctx, (int64_t)heap_used());
}

JS_FUNCTION(heap_peak_bytes) {
  (void)self, (void)argc, (void)argv;
  return JS_NewInt64(ctx, (int64_t)heap_peak());
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {
      JS_CFUNC_DEF("restart", 1, restart), JS_CFUNC_DEF("feedWatchdog", 0, feed_watchdog),
      JS_CFUNC_DEF("heapBytes", 0, heap_bytes), JS_CFUNC_DEF("heapPeakBytes", 0, heap_peak_bytes)};
  JSValue facet = js_facet(ctx, native, "system", entries, 4);
  js_set_text(ctx, facet, "resetReason", reset_reason_names[report_take_reason()]);
  JS_SetPropertyStr(ctx, facet, "isTrial", JS_NewBool(ctx, handoff.on_trial != 0));
}

const struct facet system_facet = {install, NULL};
