/*
 * A bundle's compiled code in flash, in the engine's own layout: functions are executed and names are read where they
 * lie, and nothing of it is ever written. Included by quickjs.c (firmware/third-party.json) and by main/code.c.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "quickjs.h"

/* A power of two, and the engine's table of names keeps this size: about ten names each. */
#define CODE_BUCKETS 256u

/* Addresses are those of the running program. What has none holds 0. */
struct code {
  uint32_t names;             /* how many, with the engine's predefined ones, which come first */
  const uintptr_t *name;      /* where each lies, as a JSString */
  const uint16_t *bucket;     /* the first name of each; others follow by hash_next */
  const uintptr_t *statement; /* by name: what gives its value, see code_value; 0 where the bundle declares none */
  const uint32_t *other;      /* statements that run once, in order */
  uint32_t others;
};

/* What the engine started with; NULL while a bundle is compiled. */
extern const struct code *code;

/* A function, of which one is made at each call: the lowest bit of its address is set. Else a statement, which is run. */
#define CODE_IS_FUNCTION 1u
JSValue code_value(JSContext *ctx, uint32_t statement);
/* Frees copies of names that nobody uses any more. */
void code_free_strings(JSContext *ctx);

/*
 * Compiled code is written by these, in this order. Each gives false, or 0, when memory or flash has no room.
 */
bool code_write_begin(JSContext *ctx);
/* Gives where the statement lies. With `is_function` only the function that it declares is written. */
uint32_t code_write_statement(JSContext *ctx, JSValueConst script, bool is_function);
/* Notes that the statement gives the value of this name. */
bool code_write_name(JSContext *ctx, const char *name, size_t length, uint32_t statement);
/* Writes the tables; gives what an engine starts with, for `other` and `others` aside. */
bool code_write_end(JSContext *ctx, struct code *made);

/* Given by main/seal.c. Writes `length` bytes; gives their address, a multiple of 8, or 0. */
uint32_t seal_put(const void *bytes, uint32_t length);
/* Where seal_put will write next. */
uint32_t seal_next(void);
/* Reads what seal_put wrote. */
void seal_look(uint32_t address, void *bytes, uint32_t length);
/* Given by main/code.c: called for a global name. The bundle's function or constant, an exception, or undefined. */
JSValue code_bring(JSContext *ctx, JSAtom name);
/* Given by main/code.c: called before a byte string of this length is allocated. */
void code_make_room(JSContext *ctx, size_t bytes);
