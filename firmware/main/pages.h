/*
 * Functions of the bundle, brought in from flash and compiled when they are first named, and let go of when memory is
 * short. They hold no state (src/factory/bundle-pieces.ts keeps only top-level functions apart), so that a function
 * that was let go of and comes back is the same.
 */
#pragma once
#include "main/bundle.h"
#include "quickjs.h"

/* A bundle was made of modules, so all of its code is strict. */
#define PAGES_EVAL (JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT)

/* Notes where the functions at the bundle's start lie and leaves `bundle` behind them. */
void pages_find(JSContext *ctx, struct bundle *bundle);
/* Called by the engine for a global name that isn't there: the function, an exception, or undefined. */
JSValue pages_bring(JSContext *ctx, JSAtom name);
/* Lets go of all of them when more than a share of the arena is in use. Only between steps of a script. */
void pages_relieve(JSContext *ctx, size_t in_use_most);

extern uint32_t pages_brought; /* how often a function was compiled */
