/* Time from the core-local interruptor (CLINT): a counter of 10 MHz, and one interrupt per millisecond. */
#include "chips/chip.h"
#include "chips/riscv/csr.h"
#include "chips/riscv/start.h"

#define COMPARE_LOW REGISTER(0x02004000u)
#define COMPARE_HIGH REGISTER(0x02004004u)
#define TIME_LOW REGISTER(0x0200bff8u)
#define TIME_HIGH REGISTER(0x0200bffcu)
#define NS_A_COUNT (1000000000u / CPU_HZ)
#define COUNTS_A_TICK (CPU_HZ / 1000u)

/* Milliseconds since the start. 64 bits, because 32 bits of milliseconds wrap after 49.7 days. */
static volatile uint64_t ticks;
static volatile uint64_t next; /* the counter at the next tick */

static uint64_t counts(void) {
  uint32_t high, low;
  do {
    high = TIME_HIGH;
    low = TIME_LOW;
  } while (high != TIME_HIGH);
  return (uint64_t)high << 32 | low;
}

/* The low half first to its most, so that no value between is in the past. */
static void wake_at(uint64_t count) {
  COMPARE_LOW = UINT32_MAX;
  COMPARE_HIGH = (uint32_t)(count >> 32);
  COMPARE_LOW = (uint32_t)count;
}

void timer_start(void) {
  next = counts() + COUNTS_A_TICK;
  wake_at(next);
}

void timer_interrupt(void) {
  for (uint64_t now = counts(); next <= now; next += COUNTS_A_TICK) {
    uint64_t now_ms = ticks + 1;
    ticks = now_ms;
    chip_tick(now_ms);
  }
  wake_at(next);
}

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
  uint32_t beyond;
  do {
    whole_ms = chip_milliseconds();
    beyond = (uint32_t)(counts() - next) + COUNTS_A_TICK;
  } while (whole_ms != chip_milliseconds()); /* the interrupt came meanwhile */
  return whole_ms * 1000000u + (uint64_t)beyond * NS_A_COUNT;
}

void chip_wait(void) { __asm volatile("wfi"); }

void chip_rest(void) { chip_wait(); }
