#include "main/bundle.h"
#include "chips/chip.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"

#define STEP_BYTES 256u

struct bundle bundle_find(void) {
  if (handoff.js_bytes == 0) report_and_restart(RESET_FAULT, "the boot stage named no bundle");
  return (struct bundle){handoff.js_address, handoff.js_address + handoff.js_bytes};
}

/* Bytes up to and without the next form feed that follows at least PIECE_BYTES, or all that is left. */
static uint32_t piece_bytes(const struct bundle *bundle) {
  uint8_t step[STEP_BYTES];
  uint32_t last = 0;
  for (uint32_t at = bundle->at; at < bundle->end; at += sizeof step) {
    uint32_t part = bundle->end - at < sizeof step ? bundle->end - at : sizeof step;
    chip_flash_read(at, step, part);
    for (uint32_t i = 0; i < part; i++) {
      if (step[i] != '\f') continue;
      uint32_t length = at + i - bundle->at;
      if (length > PIECE_BYTES && last > 0) return last;
      if (length >= PIECE_BYTES) return length;
      last = length;
    }
  }
  return bundle->end - bundle->at;
}

char *bundle_next(struct bundle *bundle, size_t *length) {
  if (bundle->at >= bundle->end) return NULL;
  *length = piece_bytes(bundle);
  char *piece = heap_allocate(*length + 1);
  if (piece == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for a piece of the bundle");
  chip_flash_read(bundle->at, piece, *length);
  piece[*length] = 0;
  bundle->at += *length + 1;
  return piece;
}
