/* Why the last run ended, kept in memory over a restart, and lines on the console. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "main/numbers.h"

extern const char *const reset_reason_names[RESET_REASONS];

/* Writes a line to the console: the text, then a number when `number` isn't negative. Never a secret. */
void report_line(const char *text);
void report_number(const char *text, uint32_t number);

/* The boot stage's line: `latchkey: boot native A js A trial 0 power`. */
void report_boot(int native_slot, int js_slot, int is_trial, enum reset_reason reason);

/* Keeps the reason and restarts. The text must be ours or the engine's, never a caller's data. */
void report_and_restart(enum reset_reason reason, const char *text) __attribute__((noreturn));
/* The reason of the next start, whatever resets the chip. */
void report_keep_reason(enum reset_reason reason);
/* The same for a restart that was asked for: nothing is printed. */
void restart_with(enum reset_reason reason) __attribute__((noreturn));

/* The reason of this start. Read once at start; the block is then cleared. */
enum reset_reason report_take_reason(void);
