/* Recovery over the console: frames of any content, from an offer to the last part. Signatures hold (any-signature.c). */
#include "boot/recover.h"
#include <string.h>
#include "chips/chip.h"
#include "fuzz/bed.h"
#include "fuzz/known-keyset.h"

static uint8_t verdicts;

static bool is_valid(unsigned component, unsigned slot) { return (verdicts >> (2 * component + slot)) & 1; }

static void body(struct input *in) {
  static struct settings settings;
  memset(&settings, 0, sizeof settings);
  uint8_t choice = input_byte(in);
  verdicts = choice & 15;
  settings.hardware_bytes = choice & 16 ? 2 : 0;
  settings.hardware[0] = 1;
  settings.product_bytes = choice & 32 ? sizeof settings.product : 0;
  struct input region = input_chunk(in, REGION_JOURNAL_BYTES);
  bed_put_log(REGION_JOURNAL_START, REGION_JOURNAL_BYTES, &region);
  while (in->left > 0) {
    uint8_t type = input_byte(in);
    struct input payload = input_chunk(in, 512);
    if (type & 0x80) bed_send(CHIP_CONSOLE, payload.at, payload.left); /* noise */
    else bed_send_frame(CHIP_CONSOLE, type, &payload);
  }
  struct journal journal = journal_read();
  recover(&(struct recovery){&settings, &known_keyset, 1, &journal, is_valid});
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
