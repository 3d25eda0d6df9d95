/* Memory below the stack that nothing may touch: a stack that grows too far ends the run before it overwrites anything. */
#include "chips/riscv/csr.h"
#include "chips/riscv/start.h"

/*
 * An entry of the protection unit binds machine mode only when it is locked, and a locked one stays until a reset
 * (Privileged ISA, section 3.7.1). So boot stage and runtime have their stacks, and the guard, at the same place.
 */
#define LOCKED (1u << 7)
#define NO_ACCESS_NAPOT (3u << 3)
#define GUARD_BYTES 1024u /* as sections.ld reserves */

extern uint32_t _stack_guard[];

void guard_start(void) {
  uint32_t configuration;
  CSR_READ("pmpcfg0", configuration);
  if (configuration & LOCKED) return;
  CSR_WRITE("pmpaddr0", (uint32_t)_stack_guard >> 2 | (GUARD_BYTES / 8u - 1u)); /* so many ones give the size */
  CSR_WRITE("pmpcfg0", LOCKED | NO_ACCESS_NAPOT);
}
