/*
 * What lies below a parser that is fuzzed: flash and serial lines in memory, time that passes only in chip_wait, and a
 * restart that returns to the fuzzer. Every access outside the flash ends the run as a finding.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BED_FLASH_BYTES 98304u
extern uint8_t bed_flash[BED_FLASH_BYTES];

/* What is left of the fuzzer's input. */
struct input {
  const uint8_t *at;
  size_t left;
};

uint8_t input_byte(struct input *in);
/* A run of bytes behind its length in two bytes, at most `most` and at most what is left. */
struct input input_chunk(struct input *in, size_t most);

/* Runs the body once on erased flash and silent lines, and frees what it left in the arena. */
int bed_run(void (*body)(struct input *in), const uint8_t *bytes, size_t length);
/* Fills a region: with the input as it is, or, when its first byte is odd, with a bank of well-formed records. */
void bed_put_log(uint32_t start, uint32_t bytes, struct input *in);
/* What comes over a serial line, all at once. */
void bed_send(int line, const uint8_t *bytes, size_t length);
/* The same as whole frames with right check sums: type, payload. */
void bed_send_frame(int line, uint8_t type, const struct input *payload);
/* Whether a restart is a finding: where nobody but a stranger can have caused it. */
extern bool bed_restart_is_finding;
/* Ends this run, as a restart does. */
void bed_restart(void) __attribute__((noreturn));
/* Ends the fuzzer: a promise of the parser does not hold. */
#define BED_ASSERT(claim) ((claim) ? (void)0 : __builtin_trap())
/* Reads all of these bytes, so that a pointer to other memory is found. */
void bed_look(const uint8_t *bytes, size_t length);
