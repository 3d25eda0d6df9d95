/* A slot of any content: its head, its release, its image. Signatures hold (any-signature.c). */
#include "boot/slot.h"
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "fuzz/bed.h"
#include "fuzz/known-keyset.h"
#include "port/crc32.h"

static void body(struct input *in) {
  uint8_t choice = input_byte(in);
  unsigned kind = choice & 1, slot = (choice >> 1) & 1;
  uint32_t start = slot_start(kind, slot), most = slot_bytes_most(kind);
  struct input release = input_chunk(in, RELEASE_BYTES_MOST + 100);
  uint32_t head[3] = {0x31534b4cu, (uint32_t)release.left, crc32_more(0, release.at, release.left)};
  if (choice & 4) head[choice >> 6 & 1] ^= choice; /* a wrong one */
  memcpy(bed_flash + start, head, sizeof head);
  if (release.left > 0) memcpy(bed_flash + start + sizeof head, release.at, release.left);
  if (in->left > 0) memcpy(bed_flash + start + chip_flash_sector_bytes, in->at, in->left < most ? in->left : most);
  uint8_t *copy = choice & 8 ? malloc(most) : NULL;
  struct image image;
  if (slot_verify(&known_keyset, choice >> 4 & 1, kind, slot, copy, &image)) BED_ASSERT(image.bytes <= most);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
