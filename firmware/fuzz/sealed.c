/* A region of sealed code of any content. Half of the runs take every seal for right, so that the fuzzer gets behind it. */
#include "main/sealed.h"
#include <string.h>
#include "chips/chip.h"
#include "fuzz/bed.h"
#include "main/handoff.h"
#include "port/sodium.h"

static bool is_any_seal_right;

/* In place of sodium-base.c's. */
int sodium_memcmp(const void *a, const void *b, size_t length) {
  return is_any_seal_right ? 0 : memcmp(a, b, length);
}
void sodium_memzero(void *memory, size_t length) { memset(memory, 0, length); }
void sodium_misuse(void) { bed_restart(); }

static void body(struct input *in) {
  static const uint8_t device_key[] = {1, 1, 36, 0, 3, 'k', 'e', 'y', 1, 2, 3, 4};
  uint8_t record[sizeof device_key + 28] = {0};
  uint32_t named, rows;
  is_any_seal_right = input_byte(in) & 1;
  memcpy(record, device_key, sizeof device_key);
  struct input settings = {record, sizeof record};
  bed_put_log(REGION_SETTINGS_START, REGION_SETTINGS_BYTES, &settings);
  handoff.js_address = REGION_JSA_START + chip_flash_sector_bytes;
  memcpy(bed_flash + REGION_JSA_START, in->at, in->left < 12 ? in->left : 12);
  if (!sealed_start()) return;
  uint32_t region = in->left < REGION_CODEA_BYTES ? (uint32_t)in->left : REGION_CODEA_BYTES;
  if (region > 0) memcpy(bed_flash + REGION_CODEA_START, in->at, region);
  /* The index lies in the second sector, and most inputs are shorter than the first. */
  if (region > 0 && region <= chip_flash_sector_bytes)
    memcpy(bed_flash + REGION_CODEA_START + chip_flash_sector_bytes, in->at, region);
  if (!sealed_open(&named, &rows)) return;
  BED_ASSERT(named <= rows);
  for (uint32_t i = 0; i < rows && i < 64; i++) {
    struct row row = sealed_row(i);
    size_t length;
    const uint8_t *code = sealed_code(&row, &length);
    if (code == NULL) continue;
    bed_look(code, length);
    sealed_close(code);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
