/* The JavaScript engine: one runtime, one context, limits on memory, stack and time, and the job queue. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "quickjs.h"

/* Makes the runtime and `globalThis.native`; compiles the bundle first where that was not done yet. */
JSContext *engine_start(void);
/* Runs the bundle, then its jobs. An uncaught error ends the run with its reason. */
void engine_run(JSContext *ctx);
/* Calls the receiver with the event, then runs the jobs that this queued. Frees the event. */
void engine_event(JSContext *ctx, JSValue event);
/* Sets the one receiver of events. */
void engine_receiver(JSContext *ctx, JSValueConst function);
/* Prints the error and starts again. Error texts are the engine's or the bundle's, never a caller's data. */
void engine_end(JSContext *ctx, JSValue error) __attribute__((noreturn));
