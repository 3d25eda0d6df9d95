/* Time from the core's SysTick: one interrupt per millisecond, and the counter's value between two interrupts. */
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"
#include "chips/cortex-m/start.h"

/* Milliseconds since the start. 64 bits, because 32 bits of milliseconds wrap after 49.7 days. */
static volatile uint64_t ticks;

void systick_start(void) {
  SYST_RVR = CPU_HZ / 1000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  while (SYST_CVR == 0) {
  }
}

void systick_handler(void) {
  uint64_t now_ms = ticks + 1;
  ticks = now_ms;
  chip_tick(now_ms);
}

__attribute__((weak)) void chip_tick(uint64_t now_ms) { (void)now_ms; }

/* The core reads 64 bits in two halves. When the interrupt comes between them, a second reading differs from the first. */
uint64_t chip_milliseconds(void) {
  uint64_t first, second = ticks;
  do {
    first = second;
    second = ticks;
  } while (first != second);
  return second;
}

uint64_t chip_nanoseconds(void) {
  uint64_t whole_ms;
  uint32_t left, due;
  do {
    whole_ms = chip_milliseconds();
    left = SYST_CVR;
    due = (SCB_ICSR >> 26) & 1; /* the counter has run out, and its interrupt is still pending */
    if (due) left = SYST_CVR;
  } while (whole_ms != chip_milliseconds()); /* the interrupt came meanwhile */
  return (whole_ms + due) * 1000000u + (uint64_t)(CPU_HZ / 1000 - 1 - left) * 1000u / (CPU_HZ / 1000000u);
}

void chip_wait(void) { __asm volatile("wfi"); }

__attribute__((weak)) void chip_rest(void) { chip_wait(); }

void chip_restart(void) {
  __asm volatile("dsb");
  SCB_AIRCR = 0x05FA0004u;
  for (;;) {
  }
}
