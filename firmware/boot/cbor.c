#include "boot/cbor.h"

struct cbor cbor_of(const uint8_t *bytes, uint32_t length) { return (struct cbor){bytes, bytes + length, false}; }

static bool fail(struct cbor *c) {
  c->bad = true;
  c->at = c->end;
  return false;
}

/* Arguments beyond 32 bits are refused: nothing that is read here has them. */
static bool any_head(struct cbor *c, unsigned *major, uint32_t *argument) {
  if (c->bad || c->at == c->end) return fail(c);
  uint8_t first = *c->at++;
  *major = first >> 5;
  *argument = first & 31u;
  if (*argument < 24) return true;
  if (*argument > 26) return fail(c);
  uint32_t bytes = 1u << (*argument - 24), least = bytes == 1 ? 24 : bytes == 2 ? 0x100 : 0x10000;
  if ((uint32_t)(c->end - c->at) < bytes) return fail(c);
  *argument = 0;
  while (bytes--) *argument = *argument << 8 | *c->at++;
  return *argument >= least || fail(c);
}

uint32_t cbor_head(struct cbor *c, unsigned major) {
  unsigned actual;
  uint32_t argument;
  if (!any_head(c, &actual, &argument)) return 0;
  if (actual != major) {
    fail(c);
    return 0;
  }
  return argument;
}

struct span cbor_string(struct cbor *c, unsigned major) {
  uint32_t length = cbor_head(c, major);
  struct span string = {c->at, length};
  if (length > (uint32_t)(c->end - c->at)) {
    fail(c);
    string.length = 0;
  } else {
    c->at += length;
  }
  return string;
}

void cbor_expect(struct cbor *c, unsigned major, uint32_t argument) {
  if (cbor_head(c, major) != argument) fail(c);
}

bool cbor_null(struct cbor *c) {
  if (c->bad || c->at == c->end || *c->at != 0xf6) return false;
  c->at++;
  return true;
}

static void skip(struct cbor *c, unsigned depth) {
  unsigned major;
  uint32_t argument;
  if (depth == 0) {
    fail(c);
    return;
  }
  if (!any_head(c, &major, &argument)) return;
  if (major == CBOR_BYTES || major == CBOR_TEXT) {
    if (argument > (uint32_t)(c->end - c->at)) fail(c);
    else c->at += argument;
    return;
  }
  if (major == CBOR_TAG) argument = 1;
  if (major == CBOR_MAP) argument = argument < 0x10000 ? 2 * argument : 0xffffffffu;
  if (major >= CBOR_ARRAY && major <= CBOR_TAG)
    while (argument-- > 0 && !c->bad) skip(c, depth - 1);
}

void cbor_skip(struct cbor *c) { skip(c, 8); }

bool cbor_done(const struct cbor *c) { return !c->bad && c->at == c->end; }

uint32_t cbor_put_head(uint8_t *out, unsigned major, uint32_t argument) {
  out[0] = (uint8_t)(major << 5);
  if (argument < 24) {
    out[0] |= (uint8_t)argument;
    return 1;
  }
  if (argument < 0x100) {
    out[0] |= 24;
    out[1] = (uint8_t)argument;
    return 2;
  }
  out[0] |= 25; /* nothing that is written here is longer than 64 KB */
  out[1] = (uint8_t)(argument >> 8);
  out[2] = (uint8_t)argument;
  return 3;
}
