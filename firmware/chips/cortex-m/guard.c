/* Memory below the stack that nothing may touch: a stack that grows too far ends the run before it overwrites anything. */
#include "chips/cortex-m/scs.h"
#include "chips/cortex-m/start.h"

#define REGION 7u /* the highest number wins where regions overlap */
#define ENABLE 1u
#define SIZE_1024 (9u << 1) /* 2^(9 + 1) bytes, as sections.ld reserves */
#define EXECUTE_NEVER (1u << 28)
#define ENABLE_WITH_DEFAULT_MAP 5u

extern uint32_t _stack_guard[];

void guard_start(void) {
  MPU_RNR = REGION;
  MPU_RBAR = (uint32_t)_stack_guard;
  MPU_RASR = EXECUTE_NEVER | SIZE_1024 | ENABLE; /* no access */
  MPU_CTRL |= ENABLE_WITH_DEFAULT_MAP;
  __asm volatile("dsb\n isb");
}

void guard_end(void) {
  MPU_RNR = REGION;
  MPU_RASR = 0;
  __asm volatile("dsb\n isb");
}
