#include "main/engine.h"
#include <string.h>
#include "chips/chip.h"
#include "main/heap.h"
#include "main/pages.h"
#include "main/report.h"
#include "port/js.h"

/* So much more in use than after the last collection, and the next one is due. */
#define GARBAGE_BYTES (12u * 1024u)
#define UNHEARD_MOST 8u /* failed promises that are told one after the other, each because of the one before */
#define EVENT_MS 8000u /* longest that one event, or the start, may take */

static JSValue receiver, unheard_reason;
static uint64_t began_ms;
static int unheard;

static void *allocate(JSMallocState *state, size_t bytes) {
  void *memory = heap_allocate(bytes);
  state->malloc_size = heap_used();
  return memory;
}
static void release(JSMallocState *state, void *memory) {
  heap_free(memory);
  state->malloc_size = heap_used();
}
static void *resize(JSMallocState *state, void *memory, size_t bytes) {
  void *moved = heap_resize(memory, bytes);
  state->malloc_size = heap_used();
  return moved;
}
static const JSMallocFunctions arena = {allocate, release, resize, heap_usable};

/* Called by the engine every few thousand steps: lets an endless loop end as an error that nothing catches. */
static int interrupt(JSRuntime *rt, void *opaque) {
  (void)rt, (void)opaque;
  if (chip_milliseconds() - began_ms > EVENT_MS) return 1;
  chip_watchdog_feed();
  return 0;
}

/* A promise that was rejected and that nobody waits for counts until somebody does; see take_unheard. */
static void rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque) {
  (void)promise, (void)opaque;
  if (handled) {
    if (unheard > 0) unheard--;
    return;
  }
  unheard++;
  JS_FreeValue(ctx, unheard_reason);
  unheard_reason = JS_DupValue(ctx, reason);
}

/* Prints the error and starts again. Error texts are the engine's or the bundle's, never a caller's data. */
static void __attribute__((noreturn)) end_run(JSContext *ctx, JSValue error) {
  /* With no memory left not even the error can be made: the engine then throws null, or its compiler a SyntaxError. */
  if (!JS_IsObject(error) || heap_refused) report_and_restart(RESET_OUT_OF_MEMORY, "the arena is exhausted");
  pages_relieve(ctx, 0); /* room for the words */
  const char *words = JS_ToCString(ctx, error);
  if (words == NULL || strstr(words, "out of memory")) report_and_restart(RESET_OUT_OF_MEMORY, "the arena is exhausted");
  if (strstr(words, "interrupted")) report_and_restart(RESET_WATCHDOG, "an event did not come to an end");
  JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
  const char *trace = JS_ToCString(ctx, stack);
  if (trace) report_line(trace);
  report_and_restart(RESET_EXCEPTION, words);
}

static void begin_step(void) {
  began_ms = chip_milliseconds();
  heap_refused = false;
}

/* Makes an event of a rejected promise that nobody waits for; false when there is none. The mistake is the app's, so the
   run goes on; before the bundle listens for events it ends the run, as an error of the bundle itself. */
static bool take_unheard(JSContext *ctx, JSValue *event) {
  if (unheard == 0) return false;
  JSValue reason = unheard_reason;
  unheard_reason = JS_UNDEFINED;
  unheard = 0;
  if (heap_refused || JS_IsNull(reason) || !JS_IsFunction(ctx, receiver)) end_run(ctx, reason);
  *event = js_event(ctx, "rejected");
  JS_SetPropertyStr(ctx, *event, "reason", reason);
  return true;
}

static void run_jobs(JSContext *ctx) {
  JSContext *other;
  int left;
  while ((left = JS_ExecutePendingJob(JS_GetRuntime(ctx), &other)) > 0) {
  }
  if (left < 0) end_run(other, JS_GetException(other));
}

/* Runs between events: collects garbage when there may be some, then evicts code if memory is still short. */
static void relieve(JSContext *ctx) {
  static size_t quiet;
  if (heap_used() < quiet + GARBAGE_BYTES) return;
  JS_RunGC(JS_GetRuntime(ctx));
  JS_SetGCThreshold(JS_GetRuntime(ctx), HEAP_BYTES - GARBAGE_BYTES); /* the engine raises it when it collects by itself */
  pages_relieve_crowded(ctx);
  quiet = heap_used();
}

JS_FUNCTION(on_event) {
  (void)self, (void)argc;
  if (!JS_IsFunction(ctx, argv[0])) return JS_ThrowTypeError(ctx, "want a function");
  engine_receiver(ctx, argv[0]);
  return JS_UNDEFINED;
}

JSContext *engine_start(void) {
  receiver = unheard_reason = JS_UNDEFINED;
  heap_start();
  JSRuntime *rt = JS_NewRuntime2(&arena, NULL);
  if (rt == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for the engine");
  JS_SetMaxStackSize(rt, ENGINE_STACK_BYTES);
  JS_SetGCThreshold(rt, HEAP_BYTES - GARBAGE_BYTES); /* within one event; between events see relieve */
  JS_SetStripInfo(rt, JS_STRIP_SOURCE | JS_STRIP_DEBUG);
  JS_SetInterruptHandler(rt, interrupt, NULL);
  JS_SetHostPromiseRejectionTracker(rt, rejection, NULL);
  JSContext *ctx = JS_NewContextRaw(rt);
  if (ctx == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for the engine");
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicEval(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicRegExpCompiler(ctx);
  JS_AddIntrinsicJSON(ctx);
  JS_AddIntrinsicProxy(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
#ifdef ENGINE_DATE
  JS_AddIntrinsicDate(ctx);
#endif
  JSValue global = JS_GetGlobalObject(ctx), native = JS_NewObject(ctx);
  JS_SetPropertyStr(ctx, native, "onEvent", JS_NewCFunction(ctx, on_event, "onEvent", 1));
  extern const struct facet *const facets[];
  for (const struct facet *const *facet = facets; *facet; facet++) (*facet)->install(ctx, native);
  JS_SetPropertyStr(ctx, global, "native", native);
  JS_FreeValue(ctx, global);
  return ctx;
}

void engine_run(JSContext *ctx) {
  JSValue script, event;
  pages_start(ctx);
  begin_step();
  while (pages_next(ctx, &script)) {
    JSValue result = JS_IsException(script) ? script : JS_EvalFunction(ctx, script);
    if (JS_IsException(result)) end_run(ctx, JS_GetException(ctx));
    JS_FreeValue(ctx, result);
    run_jobs(ctx);
    if (take_unheard(ctx, &event)) engine_event(ctx, event);
    begin_step();
  }
  relieve(ctx);
}

void engine_receiver(JSContext *ctx, JSValueConst function) {
  JS_FreeValue(ctx, receiver);
  receiver = JS_DupValue(ctx, function);
}

void engine_event(JSContext *ctx, JSValue event) {
  unsigned told = 0;
  do {
    if (told++ > UNHEARD_MOST) report_and_restart(RESET_EXCEPTION, "the bundle fails whenever it is told of a failure");
    begin_step();
    JSValue result = JS_Call(ctx, receiver, JS_UNDEFINED, 1, (JSValueConst *)&event);
    JS_FreeValue(ctx, event);
    if (JS_IsException(result)) end_run(ctx, JS_GetException(ctx));
    JS_FreeValue(ctx, result);
    run_jobs(ctx);
  } while (take_unheard(ctx, &event));
  relieve(ctx);
}
