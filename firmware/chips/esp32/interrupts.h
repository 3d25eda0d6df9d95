/* Interrupts of an RV32 core, all of them. */
#pragma once
#include <stdint.h>

#define INTERRUPTS_ON 8u /* mstatus.MIE */

static inline uint32_t interrupts_off(void) {
  uint32_t before;
  __asm volatile("csrrci %0, mstatus, 8" : "=r"(before)::"memory");
  return before;
}
/* As interrupts_off found them. */
static inline void interrupts_restore(uint32_t before) { __asm volatile("csrs mstatus, %0" ::"r"(before & INTERRUPTS_ON) : "memory"); }
