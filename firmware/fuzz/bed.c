#include "fuzz/bed.h"
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "chips/serial.h"
#include "main/heap.h"
#include "port/crc32.h"

#define SERIAL_BYTES_MOST 8192u
/* So often in a row without taking a byte, and what a parser waits for never comes. */
#define WAITS_MOST 200u
#define ALLOCATIONS_MOST 4096u
#define RECORD_HEAD_BYTES 8u

uint8_t bed_flash[BED_FLASH_BYTES];
const uint32_t chip_flash_bytes = BED_FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = 4096;
uint32_t chip_flash_operations;
bool heap_refused;
size_t heap_wanted;
bool bed_restart_is_finding;

static jmp_buf fuzzer;
static uint64_t now_ms;
static uint32_t waits;
static struct {
  uint8_t bytes[SERIAL_BYTES_MOST];
  size_t in, out;
} lines[CHIP_LINES];
static struct {
  void *memory;
  size_t bytes;
} allocations[ALLOCATIONS_MOST];

uint8_t input_byte(struct input *in) {
  if (in->left == 0) return 0;
  in->left--;
  return *in->at++;
}

struct input input_chunk(struct input *in, size_t most) {
  size_t length = input_byte(in);
  length |= (size_t)input_byte(in) << 8;
  if (length > most) length = most;
  if (length > in->left) length = in->left;
  struct input chunk = {in->at, length};
  in->at += length;
  in->left -= length;
  return chunk;
}

int bed_run(void (*body)(struct input *), const uint8_t *bytes, size_t length) {
  struct input in = {bytes, length};
  memset(bed_flash, 0xff, sizeof bed_flash);
  memset(lines, 0, sizeof lines);
  now_ms = waits = 0;
  heap_refused = false;
  if (setjmp(fuzzer) == 0) body(&in);
  for (size_t i = 0; i < ALLOCATIONS_MOST; i++) heap_free(allocations[i].memory);
  return 0;
}

void bed_restart(void) { longjmp(fuzzer, 1); }

void bed_look(const uint8_t *bytes, size_t length) {
  volatile uint8_t sum = 0;
  while (length--) sum = (uint8_t)(sum + *bytes++);
}

void bed_put_log(uint32_t start, uint32_t bytes, struct input *in) {
  if ((input_byte(in) & 1) == 0) {
    memcpy(bed_flash + start, in->at, in->left < bytes ? in->left : bytes);
    return;
  }
  uint32_t header[4] = {0x314c4b4cu, 1, RECORD_HEAD_BYTES, 0}, bank = bytes / 2, at = sizeof header;
  header[3] = crc32_more(0, header, 12);
  memcpy(bed_flash + start, header, sizeof header);
  while (in->left > 0) {
    uint8_t kind = input_byte(in);
    struct input payload = input_chunk(in, 1200);
    uint32_t length = (uint32_t)payload.left, whole = (RECORD_HEAD_BYTES + length + 7u) / 8u * 8u;
    if (at + whole > bank) return;
    uint8_t head[RECORD_HEAD_BYTES] = {(uint8_t)length, (uint8_t)(length >> 8), kind,
                                       (uint8_t)(0x5a ^ kind ^ (length & 255) ^ (length >> 8))};
    uint32_t place[2] = {1, at};
    uint32_t crc = crc32_more(crc32_more(crc32_more(0, place, sizeof place), head, 4), payload.at, length);
    memcpy(head + 4, &crc, 4);
    memcpy(bed_flash + start + at, head, sizeof head);
    memcpy(bed_flash + start + at + sizeof head, payload.at, length);
    at += whole;
  }
}

void bed_send(int line, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length && lines[line].in < SERIAL_BYTES_MOST; i++) lines[line].bytes[lines[line].in++] = bytes[i];
}

void bed_send_frame(int line, uint8_t type, const struct input *payload) {
  uint8_t head[4] = {0xc5, type, (uint8_t)payload->left, (uint8_t)(payload->left >> 8)};
  uint32_t crc = crc32_more(crc32_more(0, head + 1, 3), payload->at, payload->left);
  uint8_t tail[4] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)};
  bed_send(line, head, sizeof head);
  bed_send(line, payload->at, payload->left);
  bed_send(line, tail, sizeof tail);
}

size_t serial_available(int line) { return lines[line].in - lines[line].out; }
uint8_t serial_peek(int line, size_t offset) {
  BED_ASSERT(offset < serial_available(line));
  return lines[line].bytes[lines[line].out + offset];
}
void serial_drop(int line, size_t length) {
  BED_ASSERT(length <= serial_available(line));
  waits = 0;
  lines[line].out += length;
}

static void check(uint32_t address, uint32_t length) {
  BED_ASSERT(address <= BED_FLASH_BYTES && length <= BED_FLASH_BYTES - address);
}
void chip_flash_start(void) {}
void chip_flash_read(uint32_t address, void *bytes, uint32_t length) {
  check(address, length);
  if (length > 0) memcpy(bytes, bed_flash + address, length);
}
bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  const uint8_t *from = bytes;
  check(address, length);
  for (uint32_t i = 0; i < length; i++) bed_flash[address + i] &= from[i];
  return length == 0 || memcmp(bed_flash + address, from, length) == 0;
}
bool chip_flash_erase(uint32_t address) {
  check(address, chip_flash_sector_bytes);
  memset(bed_flash + address, 0xff, chip_flash_sector_bytes);
  return true;
}
const void *chip_code(uint32_t address, uint32_t length) { return (void)length, bed_flash + address; }

void chip_start(void) {}
void chip_listen(void) {}
void chip_serial_write(int line, const uint8_t *bytes, size_t length) { (void)line, bed_look(bytes, length); }
void chip_serial_buffer(int line) { (void)line; }
uint64_t chip_milliseconds(void) { return now_ms; }
uint64_t chip_nanoseconds(void) { return now_ms * 1000000u; }
void chip_wait(void) {
  now_ms += 50;
  if (++waits > WAITS_MOST) bed_restart();
}
void chip_watchdog_feed(void) {}
void chip_restart(void) {
  BED_ASSERT(!bed_restart_is_finding);
  bed_restart();
}

void *heap_allocate(size_t bytes) {
  for (size_t i = 0; bytes > 0 && bytes <= HEAP_BYTES && i < ALLOCATIONS_MOST; i++) {
    if (allocations[i].memory != NULL) continue;
    allocations[i].bytes = bytes;
    return allocations[i].memory = malloc(bytes);
  }
  return NULL;
}
void heap_free(void *memory) {
  if (memory == NULL) return;
  for (size_t i = 0; i < ALLOCATIONS_MOST; i++) {
    if (allocations[i].memory != memory) continue;
    allocations[i].memory = NULL;
    free(memory);
    return;
  }
  BED_ASSERT(false);
}
size_t heap_usable(const void *memory) {
  for (size_t i = 0; i < ALLOCATIONS_MOST; i++)
    if (allocations[i].memory == memory) return allocations[i].bytes;
  BED_ASSERT(memory == NULL);
  return 0;
}
