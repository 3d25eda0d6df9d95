#include "boot/record-log.h"
#include <string.h>
#include "chips/chip.h"
#include "port/crc32.h"

#define MAGIC 0x314c4b4cu
#define RECORD_HEADER_BYTES 8u
/* What a record begins at and is filled up to: its header at least, and never part of a word of the flash. */
#define WORD (FLASH_WRITE_BYTES > RECORD_HEADER_BYTES ? FLASH_WRITE_BYTES : RECORD_HEADER_BYTES)
#define HEADER_BYTES 16u

static uint32_t bank_bytes(const struct log *log) {
  return log->bytes / 2 / chip_flash_sector_bytes * chip_flash_sector_bytes;
}

static uint32_t bank_start(const struct log *log, uint32_t bank) { return log->start + bank * bank_bytes(log); }

static uint32_t padded(uint32_t bytes) { return (bytes + WORD - 1) / WORD * WORD; }

static uint8_t check_of(uint32_t length, uint8_t kind) {
  return (uint8_t)(0x5a ^ kind ^ (length & 255) ^ (length >> 8));
}

static uint32_t generation_of(const struct log *log, uint32_t bank) {
  uint32_t header[4];
  chip_flash_read(bank_start(log, bank), header, sizeof header);
  bool checks = header[0] == MAGIC && header[2] == WORD && header[3] == crc32_more(0, header, 12);
  return checks ? header[1] : 0;
}

static bool erased(const uint8_t *bytes, uint32_t length) {
  while (length--)
    if (*bytes++ != 0xff) return false;
  return true;
}

static uint32_t record_crc(const struct log *log, const uint8_t *head, const uint8_t *payload, uint32_t length) {
  uint32_t place[2] = {log->generation, log->offset};
  return crc32_more(crc32_more(crc32_more(0, place, sizeof place), head, 4), payload, length);
}

struct log log_read(uint32_t start, uint32_t bytes, log_visit *visit, void *context) {
  static uint8_t payload[RECORD_BYTES_MOST];
  struct log log = {start, bytes, 0, 1, 0};
  uint32_t generations[2] = {generation_of(&log, 0), generation_of(&log, 1)};
  uint32_t bank = generations[1] > generations[0], limit = bank_bytes(&log);
  if (generations[bank] == 0) {
    log.offset = limit;
    return log;
  }
  log.generation = generations[bank];
  log.bank = bank;
  for (log.offset = padded(HEADER_BYTES); log.offset + WORD <= limit;) {
    uint8_t head[WORD];
    uint32_t at = bank_start(&log, bank) + log.offset, said;
    chip_flash_read(at, head, WORD);
    if (erased(head, WORD)) break;
    uint32_t length = head[0] | (uint32_t)head[1] << 8;
    if (head[3] != check_of(length, head[2])) { /* torn within its first word: nothing after it was written */
      log.offset += WORD;
      continue;
    }
    if (log.offset + padded(RECORD_HEADER_BYTES + length) > limit) {
      log.offset = limit;
      break;
    }
    memcpy(&said, head + 4, 4);
    if (length <= sizeof payload) { /* a longer value is none that the boot stage wants */
      chip_flash_read(at + RECORD_HEADER_BYTES, payload, length);
      if (record_crc(&log, head, payload, length) == said) visit(context, head[2], payload, length);
    }
    log.offset += padded(RECORD_HEADER_BYTES + length);
  }
  return log;
}

bool log_has_room(const struct log *log, uint32_t length) {
  return log->generation != 0 && log->offset + padded(RECORD_HEADER_BYTES + length) <= bank_bytes(log);
}

bool log_append(struct log *log, uint8_t kind, const uint8_t *payload, uint32_t length) {
  /* The boot stage writes nothing longer. */
  uint8_t record[(RECORD_HEADER_BYTES + 16 + WORD - 1) / WORD * WORD], there[sizeof record];
  uint32_t whole = padded(RECORD_HEADER_BYTES + length), at = bank_start(log, log->bank) + log->offset;
  if (whole > sizeof record || !log_has_room(log, length)) return false;
  chip_flash_read(at, there, whole);
  if (!erased(there, whole)) return false;
  memset(record, 0xff, sizeof record);
  record[0] = (uint8_t)length;
  record[1] = (uint8_t)(length >> 8);
  record[2] = kind;
  record[3] = check_of(length, kind);
  uint32_t crc = record_crc(log, record, payload, length);
  memcpy(record + 4, &crc, 4);
  memcpy(record + RECORD_HEADER_BYTES, payload, length);
  if (!chip_flash_write(at, record, whole)) return false;
  log->offset += whole;
  return true;
}
