/* The hardware that apps open by name, as board.json lists it (src/base/board-io.ts); BOARD_IO is its rows. */
#pragma once
#include <stdint.h>

enum kind { IO_OUTPUT, IO_INPUT, IO_ANALOG, IO_PWM, IO_I2C, IO_SPI, IO_BANK, IO_PULSE, IO_SERIAL };

struct resource {
  const char *name;
  uint8_t kind, number, bits;
};
