/* The boot stage's console, time and watchdog, by polling: it has no interrupts. */
#include "chips/chip.h"
#include <string.h>
#include "chips/esp32-boot/registers.h"
#include "chips/esp32/rom.h"
#include "chips/serial.h"
#include "main/handoff.h"
#include "main/report.h"

#define UART_QUEUE 120u
#define TICKS_A_US 16u
#define TICK_US 1000u
#define USB_WAIT_US 20000u /* a computer that listens takes a packet each millisecond */
#define BUSES_SHUT 3u

static uint64_t now_us(void) {
  SYSTIMER_UPDATE = 1u << 30;
  while (!(SYSTIMER_UPDATE & (1u << 29))) {
  }
  uint64_t high = SYSTIMER_HIGH;
  return (high << 32 | SYSTIMER_LOW) / TICKS_A_US;
}

uint64_t chip_nanoseconds(void) { return now_us() * 1000u; }
uint64_t chip_milliseconds(void) { return now_us() / 1000u; }

void chip_start(void) {
  CACHE_CONTROL &= ~BUSES_SHUT; /* an image that lies in RAM alone has no use for them, so they may be closed */
  if (!rom_reset_is_watchdog()) return;
  if (!handoff_valid(&handoff)) memset(&handoff, 0, sizeof handoff);
  handoff.magic = HANDOFF_MAGIC;
  handoff.reason = RESET_WATCHDOG;
  handoff.check = handoff_check(&handoff);
}

void chip_listen(void) {}

static bool usb_is_heard = true;

static void write_usb(uint8_t byte) {
  uint64_t from_us = now_us();
  while (usb_is_heard && !(USB_STATE & 2u))
    if (now_us() - from_us > USB_WAIT_US) usb_is_heard = false;
  if (usb_is_heard) USB_FIFO = byte;
}

void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  if (line != CHIP_CONSOLE) return;
  for (size_t i = 0; i < length; i++) {
    while ((UART_STATUS >> 16 & 0xffu) > UART_QUEUE) {
    }
    UART_FIFO = bytes[i];
    write_usb(bytes[i]);
  }
  USB_STATE = 1;
}

void chip_serial_resume(int line) {
  if (line != CHIP_CONSOLE) return;
  while ((UART_STATUS & 0xffu) != 0 && chip_serial_room(line)) chip_serial_received(line, (uint8_t)UART_FIFO);
  while ((USB_STATE & 4u) && chip_serial_room(line)) {
    usb_is_heard = true;
    chip_serial_received(line, (uint8_t)USB_FIFO);
  }
}

void chip_serial_buffer(int line) { (void)line; }

/* The UART's queue of 128 bytes fills in 11 ms. */
void chip_wait(void) {
  uint64_t from_us = now_us();
  do chip_serial_resume(CHIP_CONSOLE);
  while (now_us() - from_us < TICK_US);
}

void chip_watchdog_feed(void) {
  WATCHDOG_LOCK = 0x50d83aa1u;
  WATCHDOG_FEED = 1u << 31;
  WATCHDOG_LOCK = 0;
}

void chip_restart(void) {
  software_reset();
  for (;;) {
  }
}

void chip_open_image_memory(void) {}
