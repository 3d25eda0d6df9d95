/*
 * What this unit compiled of its bundle, kept in flash beside each slot and sealed with a key of its own (PROTOCOL 9.7):
 * the engine trusts bytecode blindly, so nothing is shown to it that this unit did not write for this very release and
 * engine. Whatever does not check is compiled from source again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One statement of the bundle, or several together. */
struct row {
  uint32_t name_hash; /* of a function or constant; 0 for other statements */
  uint32_t source;    /* where its text begins, counted from the bundle's start */
  uint32_t at, bytes; /* its entry, counted from the region's start; no bytes: none */
};

/* Begins. False when nothing can be sealed: no device key yet, or no region for this slot. */
bool sealed_start(void);
/* Whether all that the region holds is sealed and whole. Then tells how many rows there are, and how many, at the front,
 * have names. */
bool sealed_open(uint32_t *named, uint32_t *rows);
struct row sealed_row(uint32_t index);
/* The bytecode of a row that opened, NULL when it does not check. Free it with sealed_close. */
const uint8_t *sealed_code(const struct row *row, size_t *length);
void sealed_close(const uint8_t *code);

/* Writing: begin, then each row's code (which sets its place), then end, which makes all of it count. False: not held. */
bool sealed_begin(uint32_t rows);
bool sealed_put(struct row *row, const uint8_t *code, size_t length);
bool sealed_end(const struct row *rows, uint32_t named, uint32_t count);
