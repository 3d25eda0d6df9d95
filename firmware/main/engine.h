/* The JavaScript engine: one runtime, one context, limits on memory, stack and time, and the job queue. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "quickjs.h"

/* Makes the runtime and `globalThis.native`. */
JSContext *engine_start(void);
/* Compiles and runs the bundle, then its jobs. An uncaught error ends the run with its reason. */
void engine_run(JSContext *ctx);
/* Calls the receiver with the event, then runs the jobs that this queued. Frees the event. */
void engine_event(JSContext *ctx, JSValue event);
/* Sets the one receiver of events. */
void engine_receiver(JSContext *ctx, JSValueConst function);
