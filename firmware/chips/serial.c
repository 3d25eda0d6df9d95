/* What came over the serial lines, kept from its interrupt until the main loop looks. A full ring holds the line up. */
#include "chips/serial.h"
#include "chips/chip.h"

#define RING_BYTES 2048u

static struct {
  uint8_t bytes[RING_BYTES];
  volatile uint32_t in, out;
} rings[CHIP_LINES];

bool chip_serial_room(int line) { return rings[line].in - rings[line].out < RING_BYTES; }

void chip_serial_received(int line, uint8_t byte) {
  rings[line].bytes[rings[line].in % RING_BYTES] = byte;
  rings[line].in++;
}

size_t serial_available(int line) { return rings[line].in - rings[line].out; }

uint8_t serial_peek(int line, size_t offset) { return rings[line].bytes[(rings[line].out + offset) % RING_BYTES]; }

void serial_drop(int line, size_t length) {
  rings[line].out += (uint32_t)length;
  chip_serial_resume(line);
}
