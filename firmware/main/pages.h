/*
 * Loads the bundle on demand: functions and constants are loaded from flash when they are first named, and evicted when
 * memory is short. The other statements run once, a few at a time. Functions and constants hold no state
 * (src/factory/bundle/pieces.ts selects them), so one that is evicted and loaded again is the same.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "quickjs.h"

/* Finds the statements; on the first start of a bundle compiles all of it and keeps the result sealed. */
void pages_start(JSContext *ctx);
/* The next other statements, compiled, for JS_EvalFunction; false behind the last. */
bool pages_next(JSContext *ctx, JSValue *script);
/* Called by the engine for a global name that isn't there: the function or constant, an exception, or undefined. */
JSValue pages_bring(JSContext *ctx, JSAtom name);
/* When much of the arena is in use: collects garbage, then evicts the oldest code. Only between steps of a script. */
void pages_relieve_crowded(JSContext *ctx);
/* Evicts the oldest code until at most this many bytes are in use. */
void pages_relieve(JSContext *ctx, size_t in_use_most);
/* Called by the engine before it allocates this many bytes at once: evicts code until they fit. */
void pages_make_room(JSContext *ctx, size_t bytes);
