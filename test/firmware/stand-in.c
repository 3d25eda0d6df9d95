/* A native image of a few kilobytes for tests that bring one to a unit: it writes the bundle's own text to the console, and waits. */
#include "chips/chip.h"
#include "main/handoff.h"

int main(void) {
  /* Named so that the linker keeps it: the handoff lies behind it, where the boot stage wrote it. */
  volatile uint32_t operations = chip_flash_operations;
  (void)operations;
  chip_flash_start();
  for (uint32_t i = 0; i < handoff.js_bytes; i++) {
    uint8_t byte;
    chip_flash_read(handoff.js_address + i, &byte, 1);
    chip_serial_write(CHIP_CONSOLE, &byte, 1);
  }
  for (;;) {
    chip_watchdog_feed();
    chip_wait();
  }
}
