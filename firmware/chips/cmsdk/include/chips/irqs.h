/* Interrupts of the MPS2 AN385 image that we take (ARM DAI 0385, 3.9), and its clock. */
#pragma once
void console_irq(void);
void radio_irq(void);
void app_irq(void);
void ether_irq(void) __attribute__((weak)); /* the boot stage has no network */
void watchdog_nmi(void);
#define ETHER_IRQ 13
#define CHIP_VECTORS [16 + 0] = console_irq, [16 + 2] = radio_irq, [16 + 4] = app_irq, [16 + ETHER_IRQ] = ether_irq
