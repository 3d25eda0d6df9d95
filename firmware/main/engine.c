#include "main/engine.h"
#include <string.h>
#include "chips/chip.h"
#include "main/code.h"
#include "main/app-guard.h"
#include "main/heap.h"
#include "main/report.h"
#include "main/seal.h"
#include "port/js.h"

/* So much more in use than after the last time, and memory is given back again. */
#define GROWTH_BYTES (8u * 1024u)
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
  if (app_interrupt() || chip_milliseconds() - began_ms > EVENT_MS) return 1;
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

/* Where an error came about, unless there is no memory for that. */
static void report_stack(JSContext *ctx, JSValueConst error) {
  JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
  const char *trace = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
  if (trace) report_line(trace);
}

/* Prints the error and starts again. Error texts are the engine's or the bundle's, never a caller's data. */
void engine_end(JSContext *ctx, JSValue error) {
  /* With no memory left not even the error can be made: the engine then throws null, or its compiler a SyntaxError. */
  if (!JS_IsObject(error) || heap_refused) {
    if (JS_IsObject(error)) report_stack(ctx, error);
    report_number("latchkey: bytes wanted", (uint32_t)heap_wanted);
    report_number("latchkey: bytes in use", (uint32_t)heap_used());
    report_and_restart(RESET_OUT_OF_MEMORY, "the arena is exhausted");
  }
  if (code != NULL) code_forget(ctx); /* room for the words */
  const char *words = JS_ToCString(ctx, error);
  if (words == NULL || strstr(words, "out of memory")) report_and_restart(RESET_OUT_OF_MEMORY, "the arena is exhausted");
  if (strstr(words, "interrupted")) report_and_restart(RESET_WATCHDOG, "an event did not come to an end");
  report_stack(ctx, error);
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
  if (heap_refused || !JS_IsFunction(ctx, receiver)) engine_end(ctx, reason);
  *event = js_event(ctx, "rejected");
  JS_SetPropertyStr(ctx, *event, "reason", reason);
  return true;
}

/* Jobs of promises are the app's, and have one budget. What is broken off counts as a promise that nobody waits for. */
static void run_jobs(JSContext *ctx) {
  JSContext *other;
  int left;
  bool began = app_begin();
  while ((left = JS_ExecutePendingJob(JS_GetRuntime(ctx), &other)) != 0) {
    if (left > 0) continue;
    JSValue error = JS_GetException(other);
    if (!app_is_over() && !heap_app_refused) engine_end(other, error);
    unheard++;
    JS_FreeValue(ctx, unheard_reason);
    unheard_reason = error;
  }
  app_end(began);
}

/*
 * Runs between events, when more is in use than after the last time: collects garbage, and deletes the functions that were
 * made of code in flash. Within an event the engine collects by itself.
 */
static void relieve(JSContext *ctx) {
  static size_t quiet;
  if (heap_used() < quiet + GROWTH_BYTES) return;
  code_forget(ctx);
  JS_RunGC(JS_GetRuntime(ctx));
  quiet = heap_used();
  JS_SetGCThreshold(JS_GetRuntime(ctx), quiet + GROWTH_BYTES); /* raised whenever the engine collects */
}

JS_FUNCTION(on_event) {
  (void)self, (void)argc;
  if (!JS_IsFunction(ctx, argv[0])) return JS_ThrowTypeError(ctx, "want a function");
  engine_receiver(ctx, argv[0]);
  return JS_UNDEFINED;
}

static JSContext *new_context(void) {
  receiver = unheard_reason = JS_UNDEFINED;
  heap_start();
  JSRuntime *rt = JS_NewRuntime2(&arena, NULL);
  if (rt == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for the engine");
  JS_SetMaxStackSize(rt, ENGINE_STACK_BYTES);
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

JSContext *engine_start(void) {
  if (!code_open(false)) {
    seal(new_context());
    if (!code_open(true)) report_and_restart(RESET_FAULT, "the flash does not hold compiled code");
  }
  return new_context();
}

void engine_run(JSContext *ctx) {
  JSValue result, event;
  begin_step();
  while (code_next(ctx, &result)) {
    if (JS_IsException(result)) engine_end(ctx, JS_GetException(ctx));
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
    if (JS_IsException(result)) engine_end(ctx, JS_GetException(ctx));
    JS_FreeValue(ctx, result);
    run_jobs(ctx);
  } while (take_unheard(ctx, &event));
  relieve(ctx);
}
