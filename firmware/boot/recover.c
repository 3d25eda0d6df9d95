#include "boot/recover.h"
#include <string.h>
#include "boot/slot.h"
#include "chips/chip.h"
#include "port/frame.h"

enum { OFFER = 0x11, PART, WAITING = 0x91, WANT, REFUSED, DONE };

#define LIST_INDEX 0xffffu
#define SLOT_BYTES_MOST (REGION_NATIVEA_BYTES > REGION_JSA_BYTES ? REGION_NATIVEA_BYTES : REGION_JSA_BYTES)
#define BLOCKS_MOST (SLOT_BYTES_MOST / BLOCK_BYTES)
#define PART_HEAD_BYTES 5u /* kind, index, offset */
#define WAITING_MS 500u
#define PART_MS 1000u
#define ASKS_MOST 20u

static uint8_t payload[FRAME_PAYLOAD_MOST], offered[RELEASE_BYTES_MOST];
static uint8_t block[BLOCK_BYTES], leaves[BLOCKS_MOST * LEAF_BYTES];

/* What one component of the offered release becomes. */
struct part {
  bool present, spare; /* spare: an image of this component verifies in one of its slots */
  unsigned slot;
  struct component component;
};

static void put16(uint8_t *to, uint32_t value) {
  to[0] = (uint8_t)value;
  to[1] = (uint8_t)(value >> 8);
}
static void put32(uint8_t *to, uint32_t value) {
  put16(to, value);
  put16(to + 2, value >> 16);
}
static uint32_t get16(const uint8_t *from) { return from[0] | (uint32_t)from[1] << 8; }

/* The next frame that comes within the time; 0 when none does. */
static uint8_t receive(uint32_t within_ms, uint32_t *length) {
  uint64_t began_ms = chip_milliseconds();
  do {
    chip_watchdog_feed();
    uint8_t type = frame_receive(CHIP_CONSOLE, payload, length);
    if (type) return type;
    chip_wait();
  } while (chip_milliseconds() - began_ms < within_ms);
  return 0;
}

/* Asks for a block, or the list of leaves, until it is whole. */
static bool fetch(uint8_t kind, uint32_t index, uint8_t *to, uint32_t bytes) {
  for (unsigned asks = 0; asks < ASKS_MOST; asks++) {
    uint8_t want[3] = {kind};
    uint32_t got = 0, length;
    put16(want + 1, index);
    frame_send(CHIP_CONSOLE, WANT, want, sizeof want);
    for (uint8_t type; got < bytes && (type = receive(PART_MS, &length)) != 0;) {
      if (type != PART || length <= PART_HEAD_BYTES || payload[0] != kind || get16(payload + 1) != index) continue;
      uint32_t part = length - PART_HEAD_BYTES;
      if (get16(payload + 3) != got || part > bytes - got) continue;
      memcpy(to + got, payload + PART_HEAD_BYTES, part);
      got += part;
    }
    if (got == bytes) return true;
  }
  return false;
}

/* Brings one image into its slot, without a head. 0, or the fault that ended it. */
static enum fault bring(uint8_t kind, const struct part *part) {
  const struct component *c = &part->component;
  uint32_t count = (c->bytes + BLOCK_BYTES - 1) / BLOCK_BYTES, at = slot_start(kind, part->slot);
  uint8_t hash[32];
  if (!chip_flash_erase(at)) return FAULT_IMAGE_FLASH;
  at += chip_flash_sector_bytes;
  if (!fetch(kind, LIST_INDEX, leaves, count * LEAF_BYTES)) return FAULT_BLOCK_RESPONSE;
  root_of_leaves(leaves, count, hash);
  if (memcmp(hash, c->root, sizeof hash) != 0) return FAULT_LEAVES_HASH;
  for (uint32_t i = 0; i < count; i++, at += BLOCK_BYTES) {
    uint32_t left = c->bytes - i * BLOCK_BYTES, bytes = left < BLOCK_BYTES ? left : BLOCK_BYTES;
    if (!fetch(kind, i, block, bytes)) return FAULT_BLOCK_RESPONSE;
    leaf_of_block(block, bytes, hash);
    if (memcmp(hash, leaves + i * LEAF_BYTES, LEAF_BYTES) != 0) return FAULT_BLOCK_HASH;
    if (at % chip_flash_sector_bytes == 0 && !chip_flash_erase(at)) return FAULT_IMAGE_FLASH;
    /* A block is whole words, so only the last one may have room behind it. */
    memset(block + bytes, 0xff, chip_flash_padded(bytes) - bytes);
    if (!chip_flash_write(at, block, chip_flash_padded(bytes))) return FAULT_IMAGE_FLASH;
  }
  return 0;
}

/* The checks of an update that hold without a clock and a link: signature, product, hardware, epoch, components. */
static enum fault judge(const struct recovery *r, uint32_t bytes, struct release *release, struct part parts[COMPONENTS]) {
  bool opened = false, any = false;
  for (unsigned i = 0; i < r->keyset_count && !opened; i++)
    opened = release_open(&r->keysets[i], offered, bytes, release);
  if (!opened) return FAULT_RELEASE_SIGNATURE;
  /* A bare unit has not been told its revision yet. */
  if (r->settings->hardware_bytes == 2 && !release_fits(release, r->settings->hardware)) return FAULT_RELEASE_HARDWARE;
  if (release->epoch < r->journal->epoch) return FAULT_RELEASE_EPOCH;
  bool can_switch = log_has_room(&r->journal->log, CONFIRMED_BYTES);
  for (unsigned kind = 0; kind < COMPONENTS; kind++) {
    struct part *part = &parts[kind];
    unsigned confirmed = (r->journal->confirmed_slots >> kind) & 1;
    part->present = release_component(release, kind, &part->component);
    part->spare = r->is_valid(kind, confirmed) || r->is_valid(kind, 1 - confirmed);
    part->slot = can_switch && r->is_valid(kind, confirmed) ? 1 - confirmed : confirmed;
    any = any || part->present;
    if (!part->present && !part->spare) return FAULT_RELEASE_COMPONENT;
    if (part->present && part->component.bytes > slot_bytes_most(kind)) return FAULT_RELEASE_COMPONENT;
  }
  return any ? 0 : FAULT_RELEASE_COMPONENT;
}

/* Says in the journal what will be confirmed; without room for that, the images lie where it says already. */
static bool note(struct journal *j, const struct release *release, const struct part parts[COMPONENTS]) {
  uint8_t record[CONFIRMED_BYTES];
  if (!log_has_room(&j->log, sizeof record)) return true;
  put32(record, release->sequence);
  put32(record + 4, release->epoch > j->epoch ? release->epoch : j->epoch);
  record[8] = j->confirmed_slots;
  for (unsigned kind = 0; kind < COMPONENTS; kind++)
    if (parts[kind].present) record[8] = (uint8_t)((record[8] & ~(1u << kind)) | parts[kind].slot << kind);
  return log_append(&j->log, RECORD_CONFIRMED, record, sizeof record);
}

/*
 * The heads make images count, so they come last, and among them those of components that have nothing else that
 * verifies: until the last one is written nothing starts, least of all old and new together.
 */
static bool write_heads(const struct part parts[COMPONENTS], uint32_t bytes) {
  for (int of_spares = 1; of_spares >= 0; of_spares--)
    for (unsigned kind = 0; kind < COMPONENTS; kind++)
      if (parts[kind].present && parts[kind].spare == of_spares &&
          !slot_write_head(kind, parts[kind].slot, offered, bytes)) return false;
  return true;
}

static enum fault install(const struct recovery *r, const struct release *release, const struct part parts[COMPONENTS],
                          uint32_t bytes) {
  enum fault fault = 0;
  for (unsigned kind = 0; kind < COMPONENTS && !fault; kind++)
    if (parts[kind].present) fault = bring((uint8_t)kind, &parts[kind]);
  if (fault) return fault;
  return note(r->journal, release, parts) && write_heads(parts, bytes) ? 0 : FAULT_IMAGE_FLASH;
}

static void refuse(enum fault fault) {
  uint8_t number[2];
  put16(number, fault);
  frame_send(CHIP_CONSOLE, REFUSED, number, sizeof number);
}

void recover(const struct recovery *r) {
  chip_serial_buffer(CHIP_CONSOLE);
  chip_listen();
  for (;;) {
    uint8_t waiting[4 + sizeof r->settings->product];
    uint32_t length;
    struct release release;
    struct part parts[COMPONENTS];
    put32(waiting, r->journal->epoch);
    memcpy(waiting + 4, r->settings->product, r->settings->product_bytes);
    frame_send(CHIP_CONSOLE, WAITING, waiting, 4 + r->settings->product_bytes);
    if (receive(WAITING_MS, &length) != OFFER || length > sizeof offered) continue;
    memcpy(offered, payload, length);
    enum fault fault = judge(r, length, &release, parts);
    if (!fault) {
      fault = install(r, &release, parts, length);
      if (fault) refuse(fault);
      else frame_send(CHIP_CONSOLE, DONE, NULL, 0);
      restart_with(RESET_UPDATE); /* also after a failure: slots and journal are other ones now, and are read anew */
    }
    refuse(fault);
  }
}
