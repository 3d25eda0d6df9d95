#include "port/i2c.h"
#ifdef BOARD_I2C
#include "chips/chip.h"

#define HZ_MIN 10000u
/* How long a device may hold the clock: TIMEOUT of the SMBus specification. */
#define STRETCH_NS 25000000u

static uint32_t half_ns = 5000;

uint32_t i2c_clock(uint32_t hz) {
  if (hz < HZ_MIN) hz = HZ_MIN;
  half_ns = 500000000u / hz;
  return hz;
}

static void half(void) {
  uint64_t end = chip_nanoseconds() + half_ns;
  while (chip_nanoseconds() < end) {
  }
}

static void data(unsigned bus, bool high) {
  chip_i2c_set(bus, CHIP_I2C_DATA, high);
  half();
}

/* Lets the clock go up and waits until it is up: a device that is not ready holds it. */
static bool clock_up(unsigned bus) {
  uint64_t end = chip_nanoseconds() + STRETCH_NS;
  chip_i2c_set(bus, CHIP_I2C_CLOCK, true);
  while (!chip_i2c_get(bus, CHIP_I2C_CLOCK))
    if (chip_nanoseconds() > end) return false;
  half();
  return true;
}

static void clock_down(unsigned bus) {
  chip_i2c_set(bus, CHIP_I2C_CLOCK, false);
  half();
}

/* One bit out and, where it is 1, what a device makes of it. -1 when the clock is held. */
static int bit(unsigned bus, bool high) {
  data(bus, high);
  if (!clock_up(bus)) return -1;
  int found = chip_i2c_get(bus, CHIP_I2C_DATA) ? 1 : 0;
  clock_down(bus);
  return found;
}

/* Eight bits out and in at the same time: to read, ones are sent. */
static bool byte(unsigned bus, uint8_t out, uint8_t *in) {
  unsigned value = 0;
  for (unsigned i = 0; i < 8; i++) {
    int found = bit(bus, (out & (0x80u >> i)) != 0);
    if (found < 0) return false;
    value = value << 1 | (unsigned)found;
  }
  *in = (uint8_t)value;
  return true;
}

static bool send(unsigned bus, uint8_t out) {
  uint8_t in;
  return byte(bus, out, &in) && bit(bus, true) == 0;
}

static void stop_bus(unsigned bus) {
  data(bus, false);
  clock_up(bus);
  data(bus, true);
}

/* A start, or a repeated start where no stop came before, and the address. */
static bool begin(unsigned bus, uint32_t address, unsigned is_read) {
  data(bus, true);
  if (!clock_up(bus)) return false;
  data(bus, false);
  clock_down(bus);
  return send(bus, (uint8_t)(address << 1 | is_read));
}

bool i2c_write(unsigned bus, uint32_t address, const uint8_t *bytes, size_t length, bool stop) {
  bool sent = begin(bus, address, 0);
  for (size_t i = 0; sent && i < length; i++) sent = send(bus, bytes[i]);
  if (stop || !sent) stop_bus(bus);
  return sent;
}

bool i2c_read(unsigned bus, uint32_t address, uint8_t *bytes, size_t length, bool stop) {
  bool held = begin(bus, address, 1);
  /* Every byte is acknowledged but the last one, which ends the device's turn. */
  for (size_t i = 0; held && i < length; i++) held = byte(bus, 0xff, &bytes[i]) && bit(bus, i + 1 == length) >= 0;
  if (stop || !held) stop_bus(bus);
  return held;
}
#endif
