/* Interrupts of QEMU's `virt` machine that we take, by their numbers at its platform-level interrupt controller (hw/riscv/virt.h). */
#pragma once
void console_irq(void);
void radio_irq(void);
void ether_irq(void) __attribute__((weak)); /* the boot stage has no network */
void irq_enable(unsigned irq);
void irq_disable(unsigned irq);
#define ETHER_IRQ 1u /* the first virtio transport */
#define CONSOLE_IRQ 10u
#define RADIO_IRQ 33u /* INTA of PCI device 1 */
