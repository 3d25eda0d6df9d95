#include "main/bundle.h"
#include "chips/chip.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"

#define PIECE_BYTES 3072u
#define STEP_BYTES 256u

struct bundle bundle_find(void) {
  if (handoff.js_bytes == 0) report_and_restart(RESET_FAULT, "the boot stage named no bundle");
  return bundle_from(handoff.js_address);
}

struct bundle bundle_from(uint32_t address) {
  return (struct bundle){address, handoff.js_address + handoff.js_bytes};
}

/* Bytes up to and without the first form feed behind `least` bytes, or all that is left. */
static uint32_t bytes_to_parting(const struct bundle *bundle, uint32_t least) {
  uint8_t step[STEP_BYTES];
  for (uint32_t at = bundle->at + least; at < bundle->end; at += sizeof step) {
    uint32_t part = bundle->end - at < sizeof step ? bundle->end - at : sizeof step;
    chip_flash_read(at, step, part);
    for (uint32_t i = 0; i < part; i++)
      if (step[i] == '\f') return at + i - bundle->at;
  }
  return bundle->end - bundle->at;
}

uint32_t bundle_statement_bytes(const struct bundle *bundle) { return bytes_to_parting(bundle, 0); }

char *bundle_next(struct bundle *bundle, size_t *length) {
  if (bundle->at >= bundle->end) return NULL;
  *length = bytes_to_parting(bundle, PIECE_BYTES);
  char *piece = heap_allocate(*length + 1);
  if (piece == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for a piece of the bundle");
  chip_flash_read(bundle->at, piece, *length);
  piece[*length] = 0;
  bundle->at += *length + 1;
  return piece;
}
