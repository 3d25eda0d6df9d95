/* Console, time, pins and watchdog over the crate. */
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/inputs.h"
#include "chips/esp32/radio.h"
#include "chips/esp32/rom.h"
#include "chips/serial.h"
#include "main/report.h"

#define TICK_US 1000u

/* The chip's pins of board.json's outputs, in their order there, and of its inputs, which it names by those numbers. */
static const uint8_t outputs[] = {BOARD_OUTPUT_PINS};
static const struct {
  const char *name;
  unsigned pin;
} inputs[] = {BOARD_INPUTS{NULL, 0}};

void inputs_open(void) {
  for (unsigned i = 0; inputs[i].name; i++) esp32_pin_open(inputs[i].pin, false);
}

/* A start after the watchdog ran out tells so, since nothing could be said before it. */
void chip_start(void) {
  if (rom_reset_is_watchdog()) report_keep_reason(RESET_WATCHDOG);
  for (unsigned i = 0; i < sizeof outputs; i++) esp32_pin_open(outputs[i], true);
  inputs_open();
}

void chip_listen(void) {
  esp32_console_listen(true);
  radio_start();
}

void chip_serial_resume(int line) {
  if (line == CHIP_CONSOLE) esp32_console_listen(true);
#ifdef BOARD_SERIAL
  if (line == CHIP_APP) esp32_serial_listen();
#endif
}

void chip_serial_buffer(int line) { (void)line; }

void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  if (line == CHIP_RADIO) radio_command(bytes, length);
#ifdef BOARD_SERIAL
  else if (line == CHIP_APP) esp32_serial_write(bytes, length);
#endif
  else esp32_console_write(bytes, length);
}

uint64_t chip_nanoseconds(void) { return esp32_microseconds() * 1000u; }
uint64_t chip_milliseconds(void) { return esp32_microseconds() / 1000u; }

void chip_wait(void) { esp32_wait(TICK_US); }

void chip_pin_write(unsigned pin, int value) { esp32_pin_set(outputs[pin], value != 0); }
int chip_pin_state(unsigned pin) { return esp32_pin_get(outputs[pin]); }

int chip_pin_read(unsigned pin) {
#ifdef BOARD_BUTTON
  if (pin == BOARD_BUTTON) return !esp32_pin_get(pin); /* it closes to ground */
#endif
  return esp32_pin_get(pin);
}

void chip_watchdog_feed(void) { esp32_watchdog_feed(); }
void chip_restart(void) { esp32_restart(); }
void chip_panicked(void) { report_and_restart(RESET_FAULT, "the processor faulted"); }
void chip_open_image_memory(void) {}
