/* A slot and whether its image may run (PROTOCOL 8.7), as src/trust/verify-slot.ts has it. */
#pragma once
#include "boot/signed.h"

struct image {
  uint32_t address, bytes; /* in flash */
  uint32_t sequence;
};

/*
 * Checks the release's signature, product, epoch and component, then every byte of the image. With `copy_to` the image
 * is put there on the way and hashed there, so that what was verified is what runs.
 */
bool slot_verify(const struct keyset *keyset, uint32_t epoch, unsigned kind, unsigned slot, uint8_t *copy_to,
                 struct image *image);
