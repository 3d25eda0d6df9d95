/* The append-only log of PROTOCOL 8.1, as src/wire/flash/record-log.ts has it: reading, and adding one record. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct log {
  uint32_t start, bytes; /* the region */
  uint32_t generation, bank, offset; /* where the next record goes; generation 0: no bank checks */
};

#define RECORD_BYTES_MOST 1024u

/* Is shown each record that checks; the payload lies in a buffer that the next one overwrites. */
typedef void log_visit(void *context, uint8_t kind, const uint8_t *payload, uint32_t length);

struct log log_read(uint32_t start, uint32_t bytes, log_visit *visit, void *context);
bool log_has_room(const struct log *log, uint32_t length);
/* At most 16 bytes. False when there is no erased room, or the flash doesn't hold what is written. */
bool log_append(struct log *log, uint8_t kind, const uint8_t *payload, uint32_t length);
