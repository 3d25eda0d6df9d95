/* A region of compiled code of any content. Half of the runs take every tag for right, so that the fuzzer gets behind it. */
#include "main/code.h"
#include <string.h>
#include "chips/chip.h"
#include "fuzz/bed.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "port/sodium.h"

static bool is_any_tag_right;

/* In place of sodium-base.c's. By no call of memcmp, whose operands libFuzzer watches: it would read the right tag there and put it in. */
int sodium_memcmp(const void *a, const void *b, size_t length) {
  const uint8_t *one = a, *other = b;
  uint8_t differs = 0;
  for (size_t i = 0; i < length; i++) differs |= one[i] ^ other[i];
  return is_any_tag_right ? 0 : differs;
}
void sodium_memzero(void *memory, size_t length) { memset(memory, 0, length); }
void sodium_misuse(void) { bed_restart(); }

/* Nothing of the code runs here. */
size_t heap_used(void) { return 0; }
bool heap_has(size_t bytes) { return (void)bytes, true; }
bool heap_for_app, heap_app_refused;

static void body(struct input *in) {
  static const uint8_t device_key[] = {1, 1, 36, 0, 3, 'k', 'e', 'y', 1, 2, 3, 4};
  uint8_t record[sizeof device_key + 28] = {0};
  is_any_tag_right = input_byte(in) & 1;
  memcpy(record, device_key, sizeof device_key);
  struct input settings = {record, sizeof record};
  bed_put_log(REGION_SETTINGS_START, REGION_SETTINGS_BYTES, &settings);
  handoff.js_address = REGION_JSA_START + chip_flash_sector_bytes;
  memcpy(bed_flash + REGION_JSA_START, in->at, in->left < 12 ? in->left : 12);
  struct code_region region = code_region();
  uint32_t length = in->left < region.bytes ? (uint32_t)in->left : region.bytes;
  if (length > 0) memcpy(bed_flash + region.start, in->at, length);
  if (code_open(input_byte(in) & 1)) BED_ASSERT(is_any_tag_right);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
