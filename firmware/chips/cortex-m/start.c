/* Vectors and memory set-up of an image that runs on an ARMv7-M core. */
#include "chips/cortex-m/start.h"
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"
#include "chips/irqs.h"

extern uint32_t _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[], _stack_top[];

void reset_handler(void);

__attribute__((naked)) static void fault_handler(void) {
  __asm volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n"
                 "ldr r1, =_stack_limit\n cmp r0, r1\n itt lo\n" /* no room: start again at the top of the stack */
                 "ldrlo r1, =_stack_top\n msrlo msp, r1\n b fault_report");
}

static void idle_handler(void) {}

__attribute__((section(".vectors"), used)) static void (*const vectors[16 + 64])(void) = {
    (void (*)(void))_stack_top, reset_handler, fault_handler, fault_handler, fault_handler, fault_handler,
    fault_handler,              0,             0,             0,             0,             idle_handler,
    idle_handler,               0,             idle_handler,  systick_handler,
    [16 ... 79] = idle_handler, CHIP_VECTORS};

__attribute__((used)) void reset_handler(void) {
  guard_start();
  uint32_t *to = _data_start;
  for (const uint32_t *from = _data_load; to < _data_end;) *to++ = *from++;
  for (to = _bss_start; to < _bss_end;) *to++ = 0;
  SCB_VTOR = (uint32_t)vectors;
  __asm volatile("cpsie i");
  systick_start();
  chip_start();
  main();
  chip_restart();
}
