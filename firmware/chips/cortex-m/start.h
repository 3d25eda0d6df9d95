/* From reset to main, and the interrupts that a chip may take. Chips define weak handlers by these names. */
#pragma once
#include <stdint.h>

int main(void);
void systick_start(void);
void systick_handler(void);
/* Puts the guard below the stack, and takes it away before another image starts, whose stack lies elsewhere. */
void guard_start(void);
void guard_end(void);
/* Ends a run whose processor faulted: the reason is kept, the chip starts again. */
void fault_report(const uint32_t *frame) __attribute__((noreturn));
/* The same for a watchdog that ran out. */
void watchdog_report(void) __attribute__((noreturn));
/* Called every millisecond, from the interrupt; a chip may leave it out. */
void chip_tick(uint64_t now_ms);
