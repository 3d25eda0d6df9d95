/* The update journal (PROTOCOL 8.8), as src/wire/flash/journal.ts has it: what the boot stage needs to know of it. */
#pragma once
#include "boot/record-log.h"
#include "main/numbers.h"

enum phase { NO_JOB, FETCHING, READY, ARMED, RUNNING };

struct journal {
  uint32_t epoch;          /* the lowest that may run */
  uint8_t confirmed_slots; /* bit k: slot of component k */
  uint8_t job_slots;
  enum phase phase;
  uint8_t crashes, misses;
  struct log log;
};

#define CONFIRMED_BYTES 9u

struct journal journal_read(void);
/* One more record into the state; what makes no sense where it stands changes nothing. */
void journal_apply(struct journal *journal, uint8_t kind, const uint8_t *payload, uint32_t length);
/* Fills the payload of an ENDED record (three bytes) with the counts brought forward. */
void journal_ended(const struct journal *journal, enum trial_end end, uint8_t payload[3]);
