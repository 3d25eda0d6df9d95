/* Any bytes, read item by item and skipped as a whole: both must agree on what is one item. */
#include "boot/cbor.h"
#include "fuzz/bed.h"

#define DEPTH_MOST 8u

static void walk(struct cbor *c, unsigned depth) {
  unsigned major = c->at < c->end ? *c->at >> 5 : CBOR_UINT;
  if (depth == 0) {
    c->bad = true;
    c->at = c->end;
    return;
  }
  if (major == CBOR_SIMPLE) {
    cbor_skip(c);
    return;
  }
  if (major == CBOR_BYTES || major == CBOR_TEXT) {
    struct span string = cbor_string(c, major);
    bed_look(string.bytes, string.length);
    return;
  }
  uint32_t items = cbor_head(c, major);
  if (major == CBOR_UINT || major == CBOR_NEGATIVE) return;
  uint64_t left = major == CBOR_TAG ? 1u : major == CBOR_MAP ? 2u * (uint64_t)items : items;
  while (left-- > 0 && !c->bad) walk(c, depth - 1);
}

static void body(struct input *in) {
  uint8_t exact[9];
  struct cbor walked = cbor_of(in->at, (uint32_t)in->left), skipped = walked;
  walk(&walked, DEPTH_MOST);
  cbor_skip(&skipped);
  BED_ASSERT(walked.bad == skipped.bad && walked.at == skipped.at);
  struct cbor head = cbor_of(in->at, (uint32_t)in->left);
  uint32_t argument = cbor_head(&head, CBOR_UINT);
  if (head.bad || argument > 0xffff) return;
  uint32_t bytes = cbor_put_head(exact, CBOR_UINT, argument);
  BED_ASSERT(bytes == (uint32_t)(head.at - in->at));
  for (uint32_t i = 0; i < bytes; i++) BED_ASSERT(exact[i] == in->at[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
