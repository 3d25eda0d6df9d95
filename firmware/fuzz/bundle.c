/* A bundle of any content: its statements, and their text. */
#include "main/bundle.h"
#include <string.h>
#include "chips/chip.h"
#include "fuzz/bed.h"
#include "main/handoff.h"
#include "main/heap.h"

static void body(struct input *in) {
  uint32_t room = REGION_JSA_BYTES - chip_flash_sector_bytes;
  uint32_t least = input_byte(in), bytes = in->left < room ? (uint32_t)in->left : room;
  handoff.js_address = REGION_JSA_START + chip_flash_sector_bytes;
  handoff.js_bytes = bytes;
  if (bytes > 0) memcpy(bed_flash + handoff.js_address, in->at, bytes);
  for (uint32_t place = 0, end = bundle_bytes(), n = 0; place < end && n < 40; n++) {
    uint32_t length = bundle_statement_bytes(place, least);
    BED_ASSERT(length <= end - place);
    char *text = bundle_text(place, length);
    if (text != NULL) {
      BED_ASSERT(text[length + 1] == 0);
      bed_look((uint8_t *)text + 1, length);
    }
    heap_free(text);
    place += length + 1;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
