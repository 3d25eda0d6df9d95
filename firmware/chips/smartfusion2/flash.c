/* SPI NOR flash behind the first SPI block (Spansion S25FL128 on the Emcraft kit): 64 KB sectors, 256 B pages. */
#include <string.h>
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"

#define SPI(offset) REGISTER(0x40001000u + (offset))
#define CONTROL SPI(0x00)
#define FRAME_BITS SPI(0x04)
#define STATUS SPI(0x08)
#define RX SPI(0x10)
#define TX SPI(0x14)
#define RX_FULL (1u << 4)
#define RX_EMPTY (1u << 6)
#define PAGE_BYTES 256u
#define READ_BYTES 4096u
#define CODE_MEMORY ((void *)0xa0200000u) /* behind text and data, see main.ld */
#define QUEUE_FRAMES 32u /* of eight bits, both ways */

enum { PROGRAM = 2, READ = 3, READ_STATUS = 5, WRITE_ENABLE = 6, ERASE_SECTOR = 0xd8 };

const uint32_t chip_flash_bytes = 16u << 20;
const uint32_t chip_flash_sector_bytes = 65536;

__attribute__((section(".kept"))) uint32_t chip_flash_operations;

void chip_flash_start(void) {}

/* Selects the flash for a transfer of so many bytes. */
static void begin(uint32_t bytes) {
  CONTROL = 0;
  FRAME_BITS = 8;
  CONTROL = (1u << 1) | (1u << 26) | (1u << 29) | (bytes << 8);
  CONTROL |= 1u;
}

static uint8_t received(void) {
  while (STATUS & RX_EMPTY) {
  }
  return (uint8_t)RX;
}

static uint8_t transfer(uint8_t byte) {
  TX = byte;
  return received();
}

static void command(uint8_t code, uint32_t address, uint32_t bytes) {
  begin(4 + bytes);
  transfer(code);
  transfer((uint8_t)(address >> 16));
  transfer((uint8_t)(address >> 8));
  transfer((uint8_t)address);
}

static void enable_write(void) {
  begin(1);
  transfer(WRITE_ENABLE);
}

static void wait(void) {
  do {
    begin(2);
    transfer(READ_STATUS);
  } while (transfer(0) & 1);
}

/* As many frames at once as the queues hold, without a look at the state for each: half of the instructions. */
static uint8_t *receive(uint8_t *to, uint32_t count) {
  for (; count >= QUEUE_FRAMES; count -= QUEUE_FRAMES) {
    for (uint32_t i = 0; i < QUEUE_FRAMES; i += 8) TX = 0, TX = 0, TX = 0, TX = 0, TX = 0, TX = 0, TX = 0, TX = 0;
    while (!(STATUS & RX_FULL)) {
    }
    for (const uint8_t *end = to + QUEUE_FRAMES; to < end; to += 4)
      to[0] = (uint8_t)RX, to[1] = (uint8_t)RX, to[2] = (uint8_t)RX, to[3] = (uint8_t)RX;
  }
  for (uint32_t i = 0; i < count; i++) TX = 0;
  while (count-- > 0) *to++ = received();
  return to;
}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) {
  uint8_t *to = bytes;
  while (length > 0) {
    uint32_t part = length < READ_BYTES ? length : READ_BYTES;
    command(READ, address, part);
    to = receive(to, part);
    address += part;
    length -= part;
  }
}

/* The flash is behind a bus, so code is copied to DDR, as the native image is (boards' main.ld). */
const void *chip_code(uint32_t address, uint32_t length) {
  chip_flash_read(address, CODE_MEMORY, length);
  return CODE_MEMORY;
}

static bool holds(uint32_t address, const uint8_t *bytes, uint32_t length) {
  uint8_t there[64];
  for (uint32_t at = 0; at < length; at += sizeof there) {
    uint32_t part = length - at < sizeof there ? length - at : sizeof there;
    chip_flash_read(address + at, there, part);
    if (memcmp(there, bytes + at, part) != 0) return false;
  }
  return true;
}

bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  chip_flash_operations++;
  const uint8_t *from = bytes;
  for (uint32_t at = 0; at < length;) {
    uint32_t part = PAGE_BYTES - (address + at) % PAGE_BYTES;
    if (part > length - at) part = length - at;
    enable_write();
    command(PROGRAM, address + at, part);
    for (uint32_t i = 0; i < part; i++) transfer(from[at + i]);
    wait();
    at += part;
  }
  return holds(address, bytes, length);
}

bool chip_flash_erase(uint32_t address) {
  chip_flash_operations++;
  enable_write();
  command(ERASE_SECTOR, address, 0);
  wait();
  return true;
}
