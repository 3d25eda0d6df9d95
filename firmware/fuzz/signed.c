/* Key sets and releases of any content under any settings. Signatures hold (any-signature.c). */
#include "boot/signed.h"
#include <string.h>
#include "fuzz/bed.h"

static uint32_t take(struct input *in, uint8_t *to, size_t most) {
  struct input chunk = input_chunk(in, most);
  if (chunk.left > 0) memcpy(to, chunk.at, chunk.left);
  return (uint32_t)chunk.left;
}

static void look_at_release(const struct keyset *keyset, const struct input *bytes, const uint8_t hardware[2]) {
  struct release release;
  struct component component;
  if (!release_open(keyset, bytes->at, (uint32_t)bytes->left, &release)) return;
  bed_look(release.product.bytes, release.product.length);
  release_fits(&release, hardware);
  for (uint32_t kind = 0; kind < 3; kind++)
    if (release_component(&release, kind, &component)) bed_look(component.root, 32);
}

static void body(struct input *in) {
  static struct settings s;
  memset(&s, 0, sizeof s);
  s.product_bytes = take(in, s.product, sizeof s.product);
  s.hardware_bytes = take(in, s.hardware, sizeof s.hardware);
  s.roots_bytes = take(in, s.roots, sizeof s.roots);
  for (unsigned i = 0; i < KEY_SETS; i++) s.key_set_bytes[i] = take(in, s.key_sets[i], sizeof s.key_sets[i]);
  for (unsigned i = 0; i < KEY_SETS; i++) {
    struct keyset keyset;
    if (!keyset_verify(&s, i, &keyset)) continue;
    BED_ASSERT(keyset.release_key_count <= KEYS_MOST);
    for (unsigned k = 0; k < keyset.release_key_count; k++) bed_look(keyset.release_keys[k], 32);
    look_at_release(&keyset, in, s.hardware);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
