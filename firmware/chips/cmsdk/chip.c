/* MPS2 with the AN385 image: CMSDK UARTs, watchdog and pins (ARM DDI 0479, DAI 0385). */
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"
#include "chips/irqs.h"
#include "chips/serial.h"

static const uint32_t uarts[] = {0x40004000u, 0x40005000u, 0x40006000u};
#define BUILT_IN_LINES 2 /* console and radio */
#define DATA(line) REGISTER(uarts[line] + 0x00)
#define STATE(line) REGISTER(uarts[line] + 0x04)
#define CTRL(line) REGISTER(uarts[line] + 0x08)
#define INTERRUPT(line) REGISTER(uarts[line] + 0x0c)
#define DIVIDER(line) REGISTER(uarts[line] + 0x10)
#define TX_FULL 1u
#define RX_FULL 2u
#define LEDS REGISTER(0x40028000u)
#define BUTTONS REGISTER(0x40028008u)
#define WATCHDOG_LOAD REGISTER(0x40008000u)
#define WATCHDOG_CTRL REGISTER(0x40008008u)
#define WATCHDOG_CLEAR REGISTER(0x4000800cu)
#define WATCHDOG_S 12u
#define WATCHDOG_LOCK REGISTER(0x40008c00u)

static void receive(int line) {
  INTERRUPT(line) = 2;
  while (STATE(line) & RX_FULL) {
    if (!chip_serial_room(line)) {
      irq_disable(2 * (unsigned)line);
      return;
    }
    chip_serial_received(line, (uint8_t)DATA(line));
  }
}

/* A byte that waits raised its interrupt before it was masked, so it is taken up by hand. */
void chip_serial_resume(int line) {
  __asm volatile("cpsid i");
  receive(line);
  if (chip_serial_room(line)) irq_enable(2 * (unsigned)line);
  __asm volatile("cpsie i");
}

void chip_serial_buffer(int line) { (void)line; /* its buffer is one byte */ }

void console_irq(void) { receive(CHIP_CONSOLE); }
void radio_irq(void) { receive(CHIP_RADIO); }

#ifdef BOARD_SERIAL
#define DIVIDER_MIN 16u
#define DIVIDER_MAX 0xfffffu

void app_irq(void) { receive(CHIP_APP); }

uint32_t chip_serial_open(uint32_t baud) {
  uint32_t divider = CPU_HZ / (baud == 0 ? 1u : baud);
  if (divider < DIVIDER_MIN) divider = DIVIDER_MIN;
  if (divider > DIVIDER_MAX) divider = DIVIDER_MAX;
  CTRL(CHIP_APP) = 0;
  DIVIDER(CHIP_APP) = divider;
  serial_drop(CHIP_APP, serial_available(CHIP_APP));
  CTRL(CHIP_APP) = 0xb; /* transmit, receive, interrupt on receive */
  irq_enable(2 * CHIP_APP);
  return CPU_HZ / divider;
}
#endif

void chip_start(void) {
  for (int line = 0; line < BUILT_IN_LINES; line++) {
    DIVIDER(line) = 16;
    CTRL(line) = 1; /* transmit */
  }
  WATCHDOG_LOCK = 0x1ACCE551u;
  WATCHDOG_LOAD = WATCHDOG_S * CPU_HZ; /* the first end of a count raises an NMI, a second one resets */
  WATCHDOG_CTRL = 3;
}

void chip_listen(void) {
  for (int line = 0; line < BUILT_IN_LINES; line++) {
    CTRL(line) = 0xb; /* transmit, receive, interrupt on receive */
    irq_enable(2 * (unsigned)line);
  }
  if (ether_irq) irq_enable(ETHER_IRQ);
}

void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    while (STATE(line) & TX_FULL) {
    }
    DATA(line) = bytes[i];
  }
}

void chip_pin_write(unsigned pin, int value) {
  if (value) LEDS |= 1u << pin;
  else LEDS &= ~(1u << pin);
}

#ifndef BOARD_MODELLED /* modelled.c has its own */
int chip_pin_read(unsigned pin) { return (int)((BUTTONS >> pin) & 1u); }
#endif

int chip_pin_state(unsigned pin) { return (int)((LEDS >> pin) & 1u); }

/* Banks: the eight LEDs of the board's controller (DAI 0385, 3.12). Its switches read 0 in QEMU: test builds model them. */
#define SCC_LEDS REGISTER(0x4002f004u)

void chip_bank_set(unsigned bank, uint32_t value) {
  if (bank == 0) SCC_LEDS = value & 0xffu;
}

#ifdef BOARD_MODELLED
uint32_t model_switches(void);
uint32_t chip_bank_get(unsigned bank) { return bank == 0 ? SCC_LEDS & 0xffu : model_switches(); }
#else
uint32_t chip_bank_get(unsigned bank) { return bank == 0 ? SCC_LEDS & 0xffu : 0; }
#endif

/* SBCon two-wire buses of the two shields (DAI 0385, 3.10). */
static const uint32_t shields[] = {0x40029000u, 0x4002a000u};

void chip_i2c_set(unsigned bus, int line, bool high) { REGISTER(shields[bus] + (high ? 0u : 4u)) = 1u << line; }

bool chip_i2c_get(unsigned bus, int line) { return ((REGISTER(shields[bus]) >> line) & 1u) != 0; }

/* PL022 controllers of the two shields (ARM DDI 0194), of which the frame is a byte. */
static const uint32_t controllers[] = {0x40026000u, 0x40027000u};
#define SPI_CR0(bus) REGISTER(controllers[bus] + 0x00)
#define SPI_CR1(bus) REGISTER(controllers[bus] + 0x04)
#define SPI_DATA(bus) REGISTER(controllers[bus] + 0x08)
#define SPI_STATE(bus) REGISTER(controllers[bus] + 0x0c)
#define SPI_PRESCALE(bus) REGISTER(controllers[bus] + 0x10)
#define SPI_RECEIVED (1u << 2)

uint32_t chip_spi_clock(unsigned bus, uint32_t hz, unsigned mode) {
  uint32_t steps = (CPU_HZ / 2u + hz - 1u) / (hz == 0 ? 1u : hz);
  if (steps < 1u) steps = 1u;
  if (steps > 256u) steps = 256u;
  SPI_CR1(bus) = 0;
  SPI_PRESCALE(bus) = 2;
  SPI_CR0(bus) = (steps - 1u) << 8 | (mode & 1u) << 7 | (mode & 2u) << 5 | 7u;
  SPI_CR1(bus) = 2; /* enabled, as the controller */
  return CPU_HZ / 2u / steps;
}

uint8_t chip_spi_exchange(unsigned bus, uint8_t out) {
  SPI_DATA(bus) = out;
  while (!(SPI_STATE(bus) & SPI_RECEIVED)) {
  }
  return (uint8_t)SPI_DATA(bus);
}

void chip_watchdog_feed(void) { WATCHDOG_CLEAR = 1; }

void chip_open_image_memory(void) {}
