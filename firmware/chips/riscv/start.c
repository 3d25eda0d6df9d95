/* Start-up and traps of an image that runs on an RV32 core in machine mode. */
#include "chips/riscv/start.h"
#include "chips/chip.h"
#include "chips/riscv/csr.h"

extern uint32_t _data_load[], _data_start[], _data_end[], _tls_start[], _bss_end[], _stack_top[];

void reset_handler(void);
void trap_handler(void);
void trap_interrupt(void);
void start(void) __attribute__((noreturn));

/* What an image begins with: its stack and its entry, as on the other cores. */
__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {(void (*)(void))_stack_top,
                                                                                   reset_handler};

/* Interrupts are off after a reset, and the boot stage turns them off before it jumps here. The C library keeps errno by tp. */
__attribute__((naked, used)) void reset_handler(void) {
  __asm volatile("la sp, _stack_top\n la tp, _tls_start\n j start");
}

/* A fault may come because the stack has no room: it is reported on the stack from the top on. */
__attribute__((naked, aligned(4))) void trap_handler(void) {
  __asm volatile("csrw mscratch, t0\n csrr t0, mcause\n bgez t0, 1f\n csrr t0, mscratch\n j trap_interrupt\n"
                 "1: mv a0, sp\n la sp, _stack_top\n j fault_report");
}

__attribute__((interrupt("machine"), used)) void trap_interrupt(void) {
  uint32_t cause;
  CSR_READ("mcause", cause);
  if (cause == (MCAUSE_INTERRUPT | MCAUSE_TIMER)) timer_interrupt();
  else chip_interrupt();
}

__attribute__((used)) void start(void) {
  CSR_WRITE("mie", 0);
  CSR_WRITE("mtvec", trap_handler);
  guard_start();
  uint32_t *to = _data_start;
  for (const uint32_t *from = _data_load; to < _data_end;) *to++ = *from++;
  for (to = _tls_start; to < _bss_end;) *to++ = 0;
  timer_start();
  CSR_SET("mie", MIE_TIMER | MIE_EXTERNAL);
  CSR_SET("mstatus", MSTATUS_MIE);
  chip_start();
  main();
  chip_restart();
}
