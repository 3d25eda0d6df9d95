/* Interrupts of the SmartFusion2's Cortex-M3 that we take (Microsemi UG0331). */
#pragma once
void console_irq(void);
void radio_irq(void);
void ether_irq(void) __attribute__((weak)); /* the boot stage has no network */
#define ETHER_IRQ 12
#define CHIP_VECTORS [16 + 10] = console_irq, [16 + 11] = radio_irq, [16 + ETHER_IRQ] = ether_irq
