#include "main/sealed.h"
#include <string.h>
#include "chips/chip.h"
#include "crypto_shorthash_siphash24.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"
#include "main/unit-key.h"
#include "port/sodium.h"

#define TAG_BYTES 16u
#define RELEASE_BYTES_MOST 400u
#define TRIES 3u /* then this bundle is compiled as it is needed: the region is worn, or the power never lasts */

enum { INDEX = 1, CODE };

/*
 * In a sector of its own, which is erased once a bundle: each try clears another bit of `left`. Where a word can be written
 * once, each try clears a word of its own behind this one instead.
 */
struct tries {
  uint8_t bundle[TAG_BYTES];
  uint32_t left;
};

/* Both are followed by what they seal: rows, or bytecode. The tag is over all behind it. */
struct index_head {
  uint8_t tag[TAG_BYTES];
  uint32_t kind, named, rows;
};
struct code_head {
  uint8_t tag[TAG_BYTES];
  uint32_t kind, source;
};

static uint8_t key[UNIT_KEY_BYTES];
static uint32_t region, region_bytes; /* of the slot that runs */
static uint32_t next, erased;         /* while it is written: where the next entry goes, and how far the flash is blank */

static uint32_t index_at(void) { return region + chip_flash_sector_bytes; }

static void tag_of(const void *bytes, size_t length, uint8_t tag[TAG_BYTES]) {
  crypto_shorthash_siphashx24(tag, bytes, length, key);
}

bool sealed_start(void) {
  struct {
    uint32_t engine;
    uint8_t release[RELEASE_BYTES_MOST];
  } about = {ENGINE_BUILD, {0}};
  struct { /* PROTOCOL 8.7 */
    uint32_t magic;
    uint16_t release_bytes, zero;
    uint32_t crc;
  } head;
  uint32_t slot = handoff.js_address - chip_flash_sector_bytes;
  if (slot == REGION_JSA_START) {
    region = REGION_CODEA_START;
    region_bytes = REGION_CODEA_BYTES;
  } else {
    region = REGION_CODEB_START;
    region_bytes = REGION_CODEB_BYTES;
  }
  /* The boot stage has just held the bundle to this release, so that its bytes stand for the bundle's. */
  chip_flash_read(slot, &head, sizeof head);
  if (head.release_bytes > RELEASE_BYTES_MOST) return false;
  chip_flash_read(slot + sizeof head, about.release, head.release_bytes);
  return unit_key("compiled", &about, sizeof about.engine + head.release_bytes, key);
}

/* Flash as memory: in place where the chip can, else a copy in the arena; NULL without room for it. */
static const uint8_t *look(uint32_t address, uint32_t length) {
  const uint8_t *mapped = chip_flash_map(address);
  if (mapped) return mapped;
  uint8_t *copy = heap_allocate(length);
  if (copy) chip_flash_read(address, copy, length);
  return copy;
}

static void look_away(const void *bytes) {
  if (chip_flash_map(region) == NULL) heap_free((void *)bytes);
}

static bool checks(const uint8_t *sealed, uint32_t length) {
  uint8_t tag[TAG_BYTES];
  tag_of(sealed + TAG_BYTES, length - TAG_BYTES, tag);
  return sodium_memcmp(tag, sealed, TAG_BYTES) == 0;
}

bool sealed_open(uint32_t *named, uint32_t *rows) {
  struct index_head head;
  chip_flash_read(index_at(), &head, sizeof head);
  if (head.kind != INDEX || head.rows > region_bytes / sizeof(struct row) || head.named > head.rows) return false;
  uint32_t length = (uint32_t)(sizeof head + head.rows * sizeof(struct row));
  if (length > region_bytes - chip_flash_sector_bytes) return false;
  const uint8_t *sealed = look(index_at(), length);
  if (sealed == NULL) return false;
  bool good = checks(sealed, length);
  look_away(sealed);
  *named = head.named;
  *rows = head.rows;
  return good;
}

struct row sealed_row(uint32_t index) {
  struct row row;
  uint32_t before = (uint32_t)(sizeof(struct index_head) + index * sizeof row);
  chip_flash_read(index_at() + before, &row, sizeof row);
  return row;
}

const uint8_t *sealed_code(const struct row *row, size_t *length) {
  if (row->bytes < sizeof(struct code_head) || row->bytes > region_bytes || row->at > region_bytes - row->bytes) return NULL;
  const uint8_t *sealed = look(region + row->at, row->bytes);
  if (sealed == NULL) return NULL;
  struct code_head head;
  memcpy(&head, sealed, sizeof head);
  if (head.kind == CODE && head.source == row->source && checks(sealed, row->bytes)) {
    *length = row->bytes - sizeof head;
    return sealed + sizeof head;
  }
  look_away(sealed);
  return NULL;
}

void sealed_close(const uint8_t *code) { look_away(code - sizeof(struct code_head)); }

/* Blank flash up to `end`; sectors are erased as they are come to. */
static bool make_blank(uint32_t end) {
  if (end > region + region_bytes) return false;
  for (; erased < end; erased += chip_flash_sector_bytes) {
    if (!chip_flash_erase(erased)) return false;
    chip_watchdog_feed();
  }
  return true;
}

#if FLASH_WRITE_BYTES > 1
/* Clears the next word behind the tag; false when all are cleared. */
static bool clear_word(void) {
  static const uint8_t cleared[FLASH_WRITE_BYTES];
  for (uint32_t i = 0; i < TRIES - 1u; i++) {
    uint32_t at = region + chip_flash_padded(sizeof(struct tries)) + i * FLASH_WRITE_BYTES, first;
    chip_flash_read(at, &first, sizeof first);
    if (first == 0xffffffffu) return chip_flash_write(at, cleared, sizeof cleared);
  }
  return false;
}
#endif

/* Counts one try for this bundle; false when it has had all of them. */
static bool try_again(void) {
  struct tries tries, fresh = {.left = ~1u};
  uint8_t words[sizeof fresh + FLASH_WRITE_BYTES];
  chip_flash_read(region, &tries, sizeof tries);
  tag_of("tries", 5, fresh.bundle);
  memset(words, 0xff, sizeof words);
  memcpy(words, &fresh, sizeof fresh);
  if (memcmp(tries.bundle, fresh.bundle, TAG_BYTES) != 0)
    return chip_flash_erase(region) && chip_flash_write(region, words, chip_flash_padded(sizeof fresh));
#if FLASH_WRITE_BYTES > 1
  return clear_word();
#else
  if ((tries.left & ((1u << TRIES) - 1u)) == 0) return false;
  tries.left &= tries.left - 1u;
  return chip_flash_write(region, &tries, sizeof tries);
#endif
}

bool sealed_begin(uint32_t rows) {
  if (!try_again()) return false;
  erased = index_at();
  next = index_at() + chip_flash_padded((uint32_t)(sizeof(struct index_head) + rows * sizeof(struct row)));
  return make_blank(next);
}

bool sealed_put(struct row *row, const uint8_t *code, size_t length) {
  uint32_t whole = sizeof(struct code_head) + (uint32_t)length;
  uint32_t words = chip_flash_padded((whole + 3u) & ~3u);
  uint8_t *sealed = heap_allocate(words);
  if (sealed == NULL) return true; /* this one stays as source */
  memset(sealed + whole, 0xff, words - whole);
  struct code_head head = {{0}, CODE, row->source};
  memcpy(sealed, &head, sizeof head);
  memcpy(sealed + sizeof head, code, length);
  tag_of(sealed + TAG_BYTES, whole - TAG_BYTES, sealed);
  bool held = make_blank(next + words) && chip_flash_write(next, sealed, words);
  heap_free(sealed);
  row->at = next - region;
  row->bytes = held ? whole : 0;
  next += words;
  return held;
}

bool sealed_end(const struct row *rows, uint32_t named, uint32_t count) {
  uint32_t length = (uint32_t)(sizeof(struct index_head) + count * sizeof *rows);
  uint32_t words = chip_flash_padded(length);
  uint8_t *sealed = heap_allocate(words);
  if (sealed == NULL) return false;
  memset(sealed + length, 0xff, words - length);
  struct index_head head = {{0}, INDEX, named, count};
  memcpy(sealed, &head, sizeof head);
  memcpy(sealed + sizeof head, rows, count * sizeof *rows);
  tag_of(sealed + TAG_BYTES, length - TAG_BYTES, sealed);
  bool held = chip_flash_write(index_at(), sealed, words);
  heap_free(sealed);
  report_number("latchkey: sealed", next - region);
  return held;
}
