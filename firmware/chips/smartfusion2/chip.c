/* SmartFusion2 microcontroller subsystem (Microsemi UG0331): 16550-like UARTs; pins that this emulator doesn't model. */
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"
#include "chips/cortex-m/start.h"
#include "chips/irqs.h"

static const uint32_t uarts[CHIP_LINES] = {0x40000000u, 0x40010000u};
#define DATA(line) REGISTER(uarts[line] + 0x00)
#define INTERRUPT(line) REGISTER(uarts[line] + 0x04)
#define FIFO(line) REGISTER(uarts[line] + 0x08)
#define STATE(line) REGISTER(uarts[line] + 0x14)
#define RX_READY 1u
#define TX_EMPTY 0x20u
#define GPIO_OUT REGISTER(0x40013088u)
#define GPIO_IN REGISTER(0x40013084u)
#define WATCHDOG_MS 12000u

static uint32_t outputs;
static volatile bool is_fed = true;

static void receive(int line) {
  while (STATE(line) & RX_READY) {
    if (!chip_serial_room(line)) {
      irq_disable(10 + (unsigned)line);
      return;
    }
    chip_serial_received(line, (uint8_t)DATA(line));
  }
}

void chip_serial_resume(int line) { irq_enable(10 + (unsigned)line); }

void chip_serial_buffer(int line) { FIFO(line) = 1; }

void console_irq(void) { receive(CHIP_CONSOLE); }
void radio_irq(void) { receive(CHIP_RADIO); }

void chip_start(void) {
  /* Nothing to do: the lines send after reset, and their FIFOs stay off, since turning one on drops what waits in it. */
}

void chip_listen(void) {
  for (int line = 0; line < CHIP_LINES; line++) {
    INTERRUPT(line) = 1;
    irq_enable(10 + (unsigned)line);
  }
  if (ether_irq) irq_enable(ETHER_IRQ);
}

void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    while (!(STATE(line) & TX_EMPTY)) {
    }
    DATA(line) = bytes[i];
  }
}

void chip_pin_write(unsigned pin, int value) {
  outputs = value ? outputs | 1u << pin : outputs & ~(1u << pin);
  GPIO_OUT = outputs;
}

int chip_pin_state(unsigned pin) { return (int)((outputs >> pin) & 1u); }
int chip_pin_read(unsigned pin) { return (int)((GPIO_IN >> pin) & 1u); }

/* The emulator does not model this chip's watchdog. The tick interrupt replaces it, since a hung loop cannot stop it. */
void chip_watchdog_feed(void) { is_fed = true; }

void chip_tick(uint64_t now_ms) {
  static uint64_t fed_ms;
  if (is_fed) fed_ms = now_ms;
  is_fed = false;
  if (now_ms - fed_ms > WATCHDOG_MS) watchdog_report();
}

/* DDR may not be executed from until a region of the protection unit says so: 64 MB from 0xa0000000, normal memory. */
void chip_open_image_memory(void) {
  MPU_RNR = 0;
  MPU_RBAR = 0xa0000000u;
  MPU_RASR = (3u << 24) | (1u << 19) | (1u << 17) | (1u << 16) | (25u << 1) | 1u;
  MPU_CTRL = 7; /* also within a fault's handler, which lies there too */
  __asm volatile("dsb\n isb");
}
