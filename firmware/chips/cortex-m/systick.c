/* Time from the core's SysTick: one interrupt a millisecond, and the counter's value between two of them. */
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"
#include "chips/cortex-m/start.h"

static volatile uint32_t ticks;

void systick_start(void) {
  SYST_RVR = CPU_HZ / 1000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  while (SYST_CVR == 0) {
  }
}

void systick_handler(void) { chip_tick(++ticks); }

__attribute__((weak)) void chip_tick(uint32_t now_ms) { (void)now_ms; }

uint32_t chip_milliseconds(void) { return ticks; }

uint64_t chip_nanoseconds(void) {
  uint32_t whole, left, due;
  do {
    whole = ticks;
    left = SYST_CVR;
    due = (SCB_ICSR >> 26) & 1; /* the tick has run out, its interrupt is still to come */
    if (due) left = SYST_CVR;
  } while (whole != ticks); /* it came meanwhile */
  return (uint64_t)(whole + due) * 1000000u + (uint64_t)(CPU_HZ / 1000 - 1 - left) * 1000u / (CPU_HZ / 1000000u);
}

void chip_wait(void) { __asm volatile("wfi"); }

void chip_restart(void) {
  __asm volatile("dsb");
  SCB_AIRCR = 0x05FA0004u;
  for (;;) {
  }
}
