/* A strict reader of deterministic CBOR (RFC 8949, 4.2.1): shortest heads, definite lengths, nothing else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `at` moves on with every item read; a reading that fails sets `bad`, and all later ones fail. */
struct cbor {
  const uint8_t *at, *end;
  bool bad;
};

enum { CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_SIMPLE };

struct span {
  const uint8_t *bytes;
  uint32_t length;
};

struct cbor cbor_of(const uint8_t *bytes, uint32_t length);
/* The argument of an item that must be of this major type. */
uint32_t cbor_head(struct cbor *c, unsigned major);
/* A byte or text string. */
struct span cbor_string(struct cbor *c, unsigned major);
/* Fails unless the next item is an array, map or tag with exactly this argument. */
void cbor_expect(struct cbor *c, unsigned major, uint32_t argument);
/* Takes a null if one is next. */
bool cbor_null(struct cbor *c);
/* Passes over one item of whatever kind, at most eight deep. */
void cbor_skip(struct cbor *c);
/* True when everything was read and nothing failed. */
bool cbor_done(const struct cbor *c);
/* Writes a head; gives the number of bytes. */
uint32_t cbor_put_head(uint8_t *out, unsigned major, uint32_t argument);
