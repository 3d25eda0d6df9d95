/* Leaves the boot stage: interrupts off, what was just written seen as code, then the image's own stack and entry. */
#include "boot/start.h"
#include "chips/riscv/csr.h"
#include "chips/riscv/start.h"

void start_image(const uint32_t *vectors) {
  CSR_CLEAR("mstatus", MSTATUS_MIE);
  CSR_WRITE("mie", 0);
  __asm volatile("fence\n fence.i\n mv sp, %0\n jr %1" : : "r"(vectors[0]), "r"(vectors[1]) : "memory");
  __builtin_unreachable();
}
