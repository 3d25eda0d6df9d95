/* From reset to main, and what the core asks of its chip. */
#pragma once
#include <stdint.h>

int main(void);
/* The core's timer as the chip has it: `timer_start` and what is called at its interrupt. */
void timer_start(void);
void timer_interrupt(void);
/* Takes the chip's own interrupts, one or more. */
void chip_interrupt(void);
/* Called every millisecond, from the interrupt; a chip may leave it out. */
void chip_tick(uint64_t now_ms);
/* Puts the guard below the stack, until the next reset. */
void guard_start(void);
/* Ends a run whose processor faulted: the reason is kept, the chip starts again. @param sp Where the stack stood. */
void fault_report(uint32_t sp) __attribute__((noreturn));
/* The same for a watchdog that ran out. */
void watchdog_report(void) __attribute__((noreturn));
