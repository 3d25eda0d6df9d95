/* A processor's fault, or a watchdog that ran out, ends the run with its reason. */
#include <stdbool.h>
#include "chips/riscv/csr.h"
#include "chips/riscv/start.h"
#include "main/report.h"

extern uint32_t _stack_guard[], _stack_limit[];

void watchdog_report(void) { report_and_restart(RESET_WATCHDOG, "the watchdog was not fed"); }

void fault_report(uint32_t sp) {
  uint32_t cause, pc, address;
  CSR_READ("mcause", cause);
  CSR_READ("mepc", pc);
  CSR_READ("mtval", address);
  bool is_in_guard = address >= (uint32_t)_stack_guard && address < (uint32_t)_stack_limit;
  if (is_in_guard || sp < (uint32_t)_stack_limit) report_and_restart(RESET_FAULT, "the stack overflowed");
  report_number("latchkey: pc", pc);
  report_number("latchkey: mcause", cause);
  report_and_restart(RESET_FAULT, "the processor faulted");
}
