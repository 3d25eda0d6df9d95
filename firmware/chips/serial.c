/* What came over the serial lines, kept from its interrupt until the main loop looks. A full ring holds the line up. */
#include "chips/serial.h"
#include "chips/chip.h"

#define APP_RING_BYTES 512u /* of one write at the other end, twice; a power of two */

static uint8_t console_bytes[SERIAL_RING_BYTES], radio_bytes[SERIAL_RING_BYTES];
#ifdef BOARD_SERIAL
static uint8_t app_bytes[APP_RING_BYTES];
#endif

static struct {
  uint8_t *bytes;
  uint32_t size;
  volatile uint32_t in, out;
} rings[CHIP_LINES] = {
    {console_bytes, SERIAL_RING_BYTES, 0, 0},
    {radio_bytes, SERIAL_RING_BYTES, 0, 0},
#ifdef BOARD_SERIAL
    {app_bytes, APP_RING_BYTES, 0, 0},
#endif
};

bool chip_serial_room(int line) { return rings[line].in - rings[line].out < rings[line].size; }

void chip_serial_received(int line, uint8_t byte) {
  rings[line].bytes[rings[line].in % rings[line].size] = byte;
  rings[line].in++;
}

size_t serial_available(int line) { return rings[line].in - rings[line].out; }

uint8_t serial_peek(int line, size_t offset) { return rings[line].bytes[(rings[line].out + offset) % rings[line].size]; }

void serial_drop(int line, size_t length) {
  rings[line].out += (uint32_t)length;
  chip_serial_resume(line);
}
