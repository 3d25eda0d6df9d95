/* QEMU's `virt` machine: 16550 UARTs, the platform-level interrupt controller, and pins that it has none of. */
#include "chips/chip.h"
#include "chips/irqs.h"
#include "chips/riscv/csr.h"
#include "chips/riscv/start.h"
#include "chips/serial.h"
#include "chips/virt/pci.h"

static const uint32_t uarts[CHIP_LINES] = {0x10000000u, PCI_SERIAL};
static const unsigned irqs[CHIP_LINES] = {CONSOLE_IRQ, RADIO_IRQ};
#define DATA(line) REGISTER_8(uarts[line] + 0)
#define INTERRUPT(line) REGISTER_8(uarts[line] + 1)
#define FIFO(line) REGISTER_8(uarts[line] + 2)
#define MODEM(line) REGISTER_8(uarts[line] + 4)
#define STATE(line) REGISTER_8(uarts[line] + 5)
#define RX_READY 1u
#define RX_INTERRUPT 1u
#define TX_EMPTY 0x20u
#define OUT2 8u /* lets the interrupt out */
#define PLIC_PRIORITY(irq) REGISTER(0x0c000000u + 4u * (irq))
#define PLIC_ENABLE(word) REGISTER(0x0c002000u + 4u * (word))
#define PLIC_THRESHOLD REGISTER(0x0c200000u)
#define PLIC_CLAIM REGISTER(0x0c200004u)
#define FINISHER REGISTER(0x00100000u) /* SiFive's test device */
#define FINISHER_RESET 0x7777u
#define WATCHDOG_MS 12000u

static uint32_t outputs;
static volatile bool is_fed = true;

/* By priority: the controller takes no completion for a source that is not enabled. Those of 0 wait. */
void irq_enable(unsigned irq) { PLIC_PRIORITY(irq) = 1; }
void irq_disable(unsigned irq) { PLIC_PRIORITY(irq) = 0; }

static void receive(int line) {
  while (STATE(line) & RX_READY) {
    if (!chip_serial_room(line)) {
      INTERRUPT(line) = 0;
      return;
    }
    chip_serial_received(line, DATA(line));
  }
}

void console_irq(void) { receive(CHIP_CONSOLE); }
void radio_irq(void) { receive(CHIP_RADIO); }

void chip_interrupt(void) {
  for (uint32_t irq; (irq = PLIC_CLAIM) != 0; PLIC_CLAIM = irq) {
    if (irq == CONSOLE_IRQ) console_irq();
    else if (irq == RADIO_IRQ) radio_irq();
    else if (irq == ETHER_IRQ && ether_irq) ether_irq();
  }
}

/* A full line is masked in the UART, not in the interrupt controller: QEMU's tells of a rising edge alone, so that a byte which waited while it was masked there would never be told of. */
void chip_serial_resume(int line) { INTERRUPT(line) = RX_INTERRUPT; }

void chip_serial_buffer(int line) { FIFO(line) = 1; }

void chip_start(void) { pci_start(); /* the lines send after reset; their FIFOs stay off, as turning one on drops what waits in it */ }

void chip_listen(void) {
  PLIC_THRESHOLD = 0;
  for (unsigned word = 0; word < 2; word++) PLIC_ENABLE(word) = ~0u;
  for (int line = 0; line < CHIP_LINES; line++) {
    MODEM(line) = OUT2;
    INTERRUPT(line) = RX_INTERRUPT;
    irq_enable(irqs[line]);
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

void chip_pin_write(unsigned pin, int value) { outputs = value ? outputs | 1u << pin : outputs & ~(1u << pin); }
int chip_pin_state(unsigned pin) { return (int)((outputs >> pin) & 1u); }
int chip_pin_read(unsigned pin) {
  (void)pin;
  return 0; /* the machine has no inputs: nobody presses the button, and it is dark */
}

/* The tick interrupt stands for a watchdog, which the machine has none of: a hung loop can't stop it. */
void chip_watchdog_feed(void) { is_fed = true; }

void chip_tick(uint64_t now_ms) {
  static uint64_t fed_ms;
  if (is_fed) fed_ms = now_ms;
  is_fed = false;
  if (now_ms - fed_ms > WATCHDOG_MS) watchdog_report();
}

void chip_restart(void) {
  FINISHER = FINISHER_RESET;
  for (;;) {
  }
}

void chip_open_image_memory(void) {}
