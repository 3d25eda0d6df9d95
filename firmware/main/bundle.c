#include "main/bundle.h"
#include "chips/chip.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"

#define STEP_BYTES 256u

uint32_t bundle_bytes(void) {
  if (handoff.js_bytes == 0) report_and_restart(RESET_FAULT, "the boot stage named no bundle");
  return handoff.js_bytes;
}

void bundle_read(uint32_t place, void *bytes, uint32_t length) {
  chip_flash_read(handoff.js_address + place, bytes, length);
}

uint32_t bundle_statement_bytes(uint32_t place, uint32_t least) {
  uint8_t step[STEP_BYTES];
  uint32_t end = handoff.js_bytes;
  for (uint32_t at = place + least; at < end; at += sizeof step) {
    uint32_t part = end - at < sizeof step ? end - at : sizeof step;
    bundle_read(at, step, part);
    for (uint32_t i = 0; i < part; i++)
      if (step[i] == '\f') return at + i - place;
  }
  return end - place;
}

char *bundle_text(uint32_t place, uint32_t bytes) {
  char *text = heap_allocate(bytes + 4);
  if (text == NULL) return NULL;
  bundle_read(place, text + 1, bytes);
  text[bytes + 1] = 0;
  return text;
}
