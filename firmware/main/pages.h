/*
 * The bundle as the engine takes it: functions and constants are brought in from flash when they are first named, and let
 * go of when memory is short; the other statements run once, a few at a time. Neither holds state
 * (src/factory/bundle/pieces.ts tells which), so that one which was let go of and comes back is the same.
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
/* Collects garbage, then lets go of what came first, when much of the arena is in use. Only between steps of a script. */
void pages_relieve_crowded(JSContext *ctx);
/* Lets go of what came first until no more than this is in use. */
void pages_relieve(JSContext *ctx, size_t in_use_most);
/* Called by the engine before it takes so much at once. */
void pages_make_room(JSContext *ctx, size_t bytes);
