#include "boot/slot.h"
#include <string.h>
#include "chips/chip.h"
#include "crypto_hash_sha256.h"
#include "port/crc32.h"

#define MAGIC 0x31534b4cu

static const uint32_t starts[2][2] = {{REGION_NATIVEA_START, REGION_NATIVEB_START}, {REGION_JSA_START, REGION_JSB_START}};
static const uint32_t sizes[2][2] = {{REGION_NATIVEA_BYTES, REGION_NATIVEB_BYTES}, {REGION_JSA_BYTES, REGION_JSB_BYTES}};

struct head {
  uint32_t magic;
  uint16_t release_bytes, zero;
  uint32_t crc;
};

static const uint8_t leaf_mark = 0, root_mark = 1;

uint32_t slot_start(unsigned kind, unsigned slot) { return starts[kind][slot]; }

uint32_t slot_bytes_most(unsigned kind) {
  uint32_t least = sizes[kind][0] < sizes[kind][1] ? sizes[kind][0] : sizes[kind][1];
  return least - chip_flash_sector_bytes;
}

void leaf_of_block(const uint8_t *block, uint32_t bytes, uint8_t hash[32]) {
  crypto_hash_sha256_state leaf;
  crypto_hash_sha256_init(&leaf);
  crypto_hash_sha256_update(&leaf, &leaf_mark, 1);
  crypto_hash_sha256_update(&leaf, block, bytes);
  crypto_hash_sha256_final(&leaf, hash);
}

void root_of_leaves(const uint8_t *leaves, uint32_t count, uint8_t root[32]) {
  crypto_hash_sha256_state whole;
  crypto_hash_sha256_init(&whole);
  crypto_hash_sha256_update(&whole, &root_mark, 1);
  crypto_hash_sha256_update(&whole, leaves, count * LEAF_BYTES);
  crypto_hash_sha256_final(&whole, root);
}

static void image_root(const struct image *image, uint8_t *copy_to, uint8_t root[32]) {
  static uint8_t buffer[BLOCK_BYTES];
  crypto_hash_sha256_state whole;
  uint8_t hash[32];
  crypto_hash_sha256_init(&whole);
  crypto_hash_sha256_update(&whole, &root_mark, 1);
  for (uint32_t at = 0; at < image->bytes; at += BLOCK_BYTES) {
    uint32_t part = image->bytes - at < BLOCK_BYTES ? image->bytes - at : BLOCK_BYTES;
    uint8_t *block = copy_to ? copy_to + at : buffer;
    chip_flash_read(image->address + at, block, part);
    leaf_of_block(block, part, hash);
    crypto_hash_sha256_update(&whole, hash, LEAF_BYTES);
  }
  crypto_hash_sha256_final(&whole, root);
}

bool slot_write_head(unsigned kind, unsigned slot, const uint8_t *signed_release, uint32_t bytes) {
  uint8_t bytes_there[sizeof(struct head) + RELEASE_BYTES_MOST + FLASH_WRITE_BYTES];
  struct head head = {MAGIC, (uint16_t)bytes, 0, crc32_more(0, signed_release, bytes)};
  memset(bytes_there, 0xff, sizeof bytes_there);
  memcpy(bytes_there, &head, sizeof head);
  memcpy(bytes_there + sizeof head, signed_release, bytes);
  return chip_flash_write(starts[kind][slot], bytes_there, chip_flash_padded(sizeof head + bytes));
}

bool slot_verify(const struct keyset *keyset, uint32_t epoch, unsigned kind, unsigned slot, uint8_t *copy_to,
                 struct image *image) {
  uint8_t signed_release[RELEASE_BYTES_MOST], root[32];
  uint32_t start = starts[kind][slot], most = sizes[kind][slot] - chip_flash_sector_bytes;
  struct head head;
  struct release release;
  struct component component;
  chip_flash_read(start, &head, sizeof head);
  if (head.magic != MAGIC || head.release_bytes > sizeof signed_release) return false;
  chip_flash_read(start + sizeof head, signed_release, head.release_bytes);
  if (crc32_more(0, signed_release, head.release_bytes) != head.crc) return false;
  if (!release_open(keyset, signed_release, head.release_bytes, &release) || release.epoch < epoch) return false;
  if (!release_component(&release, kind, &component) || component.bytes > most) return false;
  *image = (struct image){start + chip_flash_sector_bytes, component.bytes, release.sequence};
  image_root(image, copy_to, root);
  return memcmp(root, component.root, sizeof root) == 0;
}
