/* A settings region of any content, as the boot stage and unit-key.c read it. */
#include "boot/settings.h"
#include "fuzz/bed.h"
#include "main/unit-key.h"

static void body(struct input *in) {
  static struct settings settings;
  uint8_t key[UNIT_KEY_BYTES];
  bed_put_log(REGION_SETTINGS_START, REGION_SETTINGS_BYTES, in);
  settings_read(&settings);
  BED_ASSERT(settings.product_bytes <= sizeof settings.product && settings.hardware_bytes <= sizeof settings.hardware);
  BED_ASSERT(settings.roots_bytes <= sizeof settings.roots);
  for (unsigned i = 0; i < KEY_SETS; i++) BED_ASSERT(settings.key_set_bytes[i] <= sizeof settings.key_sets[i]);
  unit_key("fuzz", "", 0, key);
  bed_look(key, sizeof key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
