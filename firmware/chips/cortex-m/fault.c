/* A processor's fault, or a watchdog that ran out, ends the run with its reason. */
#include "chips/cortex-m/scs.h"
#include "chips/cortex-m/start.h"
#include "main/report.h"

extern uint32_t _stack_limit[];

void watchdog_report(void) { report_and_restart(RESET_WATCHDOG, "the watchdog was not fed"); }

/* The watchdog's first end comes as an NMI (exception 2); every other fault is the processor's. */
void fault_report(const uint32_t *frame) {
  uint32_t exception;
  __asm volatile("mrs %0, ipsr" : "=r"(exception));
  if (frame < _stack_limit) report_and_restart(RESET_FAULT, "the stack overflowed");
  if (exception == 2) watchdog_report();
  report_number("latchkey: pc", frame[6]);
  report_number("latchkey: cfsr", SCB_CFSR);
  report_and_restart(RESET_FAULT, "the processor faulted");
}
