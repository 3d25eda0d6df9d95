#include "port/frame.h"
#include "chips/chip.h"
#include "chips/serial.h"
#include "port/crc32.h"

#define MARK 0xc5u
#define AROUND_BYTES 8u /* mark, type, length; CRC */

void frame_send(int line, uint8_t type, const uint8_t *bytes, size_t length) {
  uint8_t head[4] = {MARK, type, (uint8_t)length, (uint8_t)(length >> 8)};
  uint32_t crc = crc32_more(crc32_more(0, head + 1, 3), bytes, length);
  uint8_t tail[4] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)};
  chip_serial_write(line, head, sizeof head);
  chip_serial_write(line, bytes, length);
  chip_serial_write(line, tail, sizeof tail);
}

uint8_t frame_receive(int line, uint8_t payload[FRAME_PAYLOAD_MOST], uint32_t *length) {
  size_t there;
  while ((there = serial_available(line)) >= AROUND_BYTES) {
    if (serial_peek(line, 0) == MARK) {
      uint8_t head[3] = {serial_peek(line, 1), serial_peek(line, 2), serial_peek(line, 3)};
      *length = head[1] | (uint32_t)head[2] << 8;
      if (*length <= FRAME_PAYLOAD_MOST) {
        if (there < *length + AROUND_BYTES) return 0;
        for (uint32_t i = 0; i < *length; i++) payload[i] = serial_peek(line, 4 + i);
        uint32_t crc = crc32_more(crc32_more(0, head, 3), payload, *length), said = 0;
        for (unsigned i = 0; i < 4; i++) said |= (uint32_t)serial_peek(line, 4 + *length + i) << (8 * i);
        if (crc == said) {
          serial_drop(line, *length + AROUND_BYTES);
          return head[0];
        }
      }
    }
    serial_drop(line, 1);
  }
  return 0;
}
