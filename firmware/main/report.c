#include "main/report.h"
#include <string.h>
#include "chips/chip.h"
#include "main/handoff.h"

__attribute__((section(".handoff"))) struct handoff handoff;

const char *const reset_reason_names[RESET_REASONS] = {RESET_REASON_NAMES};

static void text(const char *words) { chip_serial_write(CHIP_CONSOLE, (const uint8_t *)words, strlen(words)); }

void report_line(const char *words) {
  text(words);
  text("\r\n");
}

void report_number(const char *words, uint32_t number) {
  char digits[11];
  char *at = digits + sizeof digits - 1;
  *at = 0;
  do *--at = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  text(words);
  text(" ");
  report_line(at);
}

void report_boot(int native_slot, int js_slot, int is_trial, enum reset_reason reason) {
  text(native_slot ? "latchkey: boot native B" : "latchkey: boot native A");
  text(js_slot ? " js B" : " js A");
  text(is_trial ? " trial 1 " : " trial 0 ");
  report_line(reset_reason_names[reason]);
}

void report_keep_reason(enum reset_reason reason) {
  if (!handoff_valid(&handoff)) memset(&handoff, 0, sizeof handoff);
  handoff.magic = HANDOFF_MAGIC;
  handoff.reason = reason;
  handoff.check = handoff_check(&handoff);
}

void restart_with(enum reset_reason reason) {
  report_keep_reason(reason);
  chip_restart();
}

void report_and_restart(enum reset_reason reason, const char *words) {
  text("latchkey: ");
  text(reset_reason_names[reason]);
  text(": ");
  report_line(words);
  restart_with(reason);
}

enum reset_reason report_take_reason(void) {
  uint32_t reason = handoff_valid(&handoff) && handoff.reason < RESET_REASONS ? handoff.reason : RESET_POWER;
  handoff.reason = RESET_POWER;
  handoff.check = handoff_check(&handoff);
  return (enum reset_reason)reason;
}
