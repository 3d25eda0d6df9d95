/* The initiator of I2C buses whose two lines the chip sets and reads one by one (NXP UM10204). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef BOARD_I2C
/* Sets the clock that all transfers have from now on. Gives what it is: at least 10 kHz, so that none takes long. */
uint32_t i2c_clock(uint32_t hz);
/* False when nobody acknowledges, or a device holds the clock for too long. Then the bus is free again. */
bool i2c_write(unsigned bus, uint32_t address, const uint8_t *bytes, size_t length, bool stop);
bool i2c_read(unsigned bus, uint32_t address, uint8_t *bytes, size_t length, bool stop);
#else
static inline bool i2c_write(unsigned bus, uint32_t address, const uint8_t *bytes, size_t length, bool stop) {
  return false;
}
static inline bool i2c_read(unsigned bus, uint32_t address, uint8_t *bytes, size_t length, bool stop) { return false; }
#endif
