/*
 * What apps open besides single pins (board.json's io). Analogue inputs and PWM go by their pins' numbers; each bus has its pins here,
 * the same on all boards of the family. A pin belongs to what opened it last.
 */
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/serial.h"

/* SPI's are those that the chips' own multiplexer gives it, on C3 and C6. */
enum { I2C_DATA = 4, I2C_CLOCK = 5, SPI_IN = 2, SPI_CLOCK = 6, SPI_OUT = 7, SERIAL_TRANSMIT = 6, SERIAL_RECEIVE = 7 };

#ifdef BOARD_I2C
static unsigned line_pin(int line) {
  static bool is_open;
  if (!is_open) {
    esp32_pin_open_drain(I2C_DATA);
    esp32_pin_open_drain(I2C_CLOCK);
  }
  is_open = true;
  return line == CHIP_I2C_CLOCK ? I2C_CLOCK : I2C_DATA;
}

void chip_i2c_set(unsigned bus, int line, bool high) { esp32_pin_set(line_pin(line), high); }
bool chip_i2c_get(unsigned bus, int line) { return esp32_pin_get(line_pin(line)); }
#endif

#ifdef BOARD_SPI
uint32_t chip_spi_clock(unsigned bus, uint32_t hz, unsigned mode) { return esp32_spi_open(SPI_CLOCK, SPI_OUT, SPI_IN, hz, mode); }
bool chip_spi_message(unsigned bus, const uint8_t *out, uint8_t *in, size_t length) { return esp32_spi_message(out, in, length); }
#endif

#ifdef BOARD_SERIAL
uint32_t chip_serial_open(uint32_t baud) {
  uint32_t opened = esp32_serial_open(SERIAL_RECEIVE, SERIAL_TRANSMIT, baud);
  serial_drop(CHIP_APP, serial_available(CHIP_APP));
  return opened;
}
#endif

#ifdef BOARD_ANALOG
unsigned chip_analog_read(unsigned input) { return esp32_analog_read(input); }
#endif

#ifdef BOARD_PWM
uint32_t chip_pwm_clock(unsigned output, uint32_t hz) { return esp32_pwm_clock(output, hz); }
void chip_pwm_write(unsigned output, unsigned duty) { esp32_pwm_write(output, duty); }
#endif
