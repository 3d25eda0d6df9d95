/* Pins: in memory. */
#include "chips/chip.h"
#include "chips/linux/linux.h"

void chip_pin_write(unsigned pin, int value) {
  uint32_t bit = 1u << pin % 32u;
  kept->outputs = value ? kept->outputs | bit : kept->outputs & ~bit;
}
int chip_pin_read(unsigned pin) { return (void)pin, 0; }
int chip_pin_state(unsigned pin) { return (int)(kept->outputs >> pin % 32u & 1u); }
