/* Leaves the boot stage: interrupts and guard off, then the image's own stack and entry. */
#include "boot/start.h"
#include "chips/cortex-m/scs.h"
#include "chips/cortex-m/start.h"

void start_image(const uint32_t *vectors) {
  __asm volatile("cpsid i");
  SYST_CSR = 0;
  guard_end();
  for (unsigned i = 0; i < 3; i++) NVIC_ICER(i) = 0xffffffffu;
  SCB_VTOR = (uint32_t)vectors;
  __asm volatile("dsb\n isb\n msr msp, %0\n bx %1" : : "r"(vectors[0]), "r"(vectors[1]));
  __builtin_unreachable();
}
