#include "main/code.h"
#include <string.h>
#include "chips/chip.h"
#include "crypto_shorthash_siphash24.h"
#include "engine/code.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/seal.h"
#include "main/unit-key.h"
#include "port/sodium.h"

#define RELEASE_BYTES_MOST 400u
/* How many functions and constants are in memory at most: a function takes some 70 bytes, and is made in some 2,000 instructions. */
#define HELD_MOST 128u
/* When more than this is in use, the same is done for each further GROWTH_BYTES that an event takes. */
#define CROWDED_BYTES (HEAP_BYTES / 4u * 3u)
#define GROWTH_BYTES 4096u

static struct code opened;
/* The functions and constants that are in memory: of the names that fall on one row, the two that came last. */
static struct held {
  JSAtom name;
  JSValue value;
} held[HELD_MOST / 2u][2];

struct code_region code_region(void) {
  bool is_a = handoff.js_address - chip_flash_sector_bytes == REGION_JSA_START;
  return is_a ? (struct code_region){REGION_CODEA_START, REGION_CODEA_BYTES}
              : (struct code_region){REGION_CODEB_START, REGION_CODEB_BYTES};
}

bool code_tag(const uint8_t *bytes, size_t length, uint8_t tag[CODE_TAG_BYTES]) {
  struct {
    uint32_t engine;
    uint8_t release[RELEASE_BYTES_MOST];
  } about = {ENGINE_BUILD, {0}};
  struct { /* PROTOCOL 8.7 */
    uint32_t magic;
    uint16_t release_bytes, zero;
    uint32_t crc;
  } head;
  uint8_t key[UNIT_KEY_BYTES];
  uint32_t slot = handoff.js_address - chip_flash_sector_bytes;
  /* The boot stage has just held the bundle to this release, so that its bytes stand for the bundle's. */
  chip_flash_read(slot, &head, sizeof head);
  uint32_t length_there = head.release_bytes < RELEASE_BYTES_MOST ? head.release_bytes : RELEASE_BYTES_MOST;
  chip_flash_read(slot + sizeof head, about.release, length_there);
  bool known = unit_key("compiled", &about, sizeof about.engine + length_there, key);
  crypto_shorthash_siphashx24(tag, bytes, length, key);
  sodium_memzero(key, sizeof key);
  return known;
}

bool code_open(bool is_new) {
  struct code_region region = code_region();
  struct code_head head;
  uint8_t tag[CODE_TAG_BYTES];
  chip_flash_read(region.start, &head, sizeof head);
  if (head.bytes < sizeof head || head.bytes > region.bytes) return false;
  const uint8_t *there = chip_code(region.start, head.bytes);
  if (!code_tag(there + CODE_TAG_PLACE, head.bytes - CODE_TAG_PLACE, tag) && !is_new) return false;
  if (sodium_memcmp(tag, there, CODE_TAG_BYTES) != 0) return false;
  opened = head.code;
  code = &opened;
  return true;
}

bool code_next(JSContext *ctx, JSValue *result) {
  static uint32_t next;
  if (next == code->others) return false;
  *result = code_value(ctx, code->other[next++]);
  return true;
}

static void relieve_crowded(JSContext *ctx) {
  static size_t quiet;
  if (heap_used() < CROWDED_BYTES) quiet = 0;
  if (heap_used() < CROWDED_BYTES || heap_used() < quiet + GROWTH_BYTES) return;
  code_forget(ctx);
  JS_RunGC(JS_GetRuntime(ctx));
  quiet = heap_used();
}

static void forget(JSContext *ctx, struct held *place) {
  JSValue value = place->value;
  *place = (struct held){JS_ATOM_NULL, JS_UNDEFINED};
  JS_FreeValue(ctx, value);
}

JSValue code_bring(JSContext *ctx, JSAtom name) {
  if (code == NULL || name >= code->names || code->statement[name] == 0) return JS_UNDEFINED;
  struct held *row = held[name % (HELD_MOST / 2u)];
  if (row[0].name == name) return JS_DupValue(ctx, row[0].value);
  if (row[1].name == name) return JS_DupValue(ctx, row[1].value);
  bool for_app = heap_for_app;
  heap_for_app = false; /* what is made of code is the runtime's, whoever calls it */
  relieve_crowded(ctx);
  JSValue value = code_value(ctx, (uint32_t)code->statement[name]); /* which may bring others */
  heap_for_app = for_app;
  if (for_app && heap_refused) {
    heap_refused = false;
    heap_app_refused = true;
  }
  if (JS_IsException(value)) return value;
  forget(ctx, &row[1]);
  row[1] = row[0];
  row[0] = (struct held){name, JS_DupValue(ctx, value)};
  return value;
}

void code_forget(JSContext *ctx) {
  for (unsigned row = 0; row < HELD_MOST / 2u; row++) {
    forget(ctx, &held[row][0]);
    forget(ctx, &held[row][1]);
  }
  code_free_strings(ctx);
}

void code_make_room(JSContext *ctx, size_t bytes) {
  if (code == NULL || heap_has(bytes)) return;
  code_forget(ctx);
  JS_RunGC(JS_GetRuntime(ctx));
}
