/* A slot and whether its image may run (PROTOCOL 8.7), as src/trust/releases/verify-slot.ts has it. */
#pragma once
#include "boot/signed.h"

#define BLOCK_BYTES 4096u
#define LEAF_BYTES 16u
#define RELEASE_BYTES_MOST 400u

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

/* Where a slot begins, and the longest image that fits one of this kind. */
uint32_t slot_start(unsigned kind, unsigned slot);
uint32_t slot_bytes_most(unsigned kind);
/* Writes the head of an erased slot; from then on its image counts. */
bool slot_write_head(unsigned kind, unsigned slot, const uint8_t *signed_release, uint32_t bytes);

/* The hash list of PROTOCOL 8.4: leaf = SHA-256(0, block), of which 16 bytes count; root = SHA-256(1, leaf...). */
void leaf_of_block(const uint8_t *block, uint32_t bytes, uint8_t hash[32]);
void root_of_leaves(const uint8_t *leaves, uint32_t count, uint8_t root[32]);
