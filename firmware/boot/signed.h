/* Verifies signed objects (PROTOCOL 8.3, 8.11): key sets by the root keys, releases by a release key. */
#pragma once
#include "boot/cbor.h"
#include "boot/settings.h"

#define KEYS_MOST 4u

struct keyset {
  struct span product;
  const uint8_t *release_keys[KEYS_MOST];
  unsigned release_key_count;
};

/* False unless two of the three roots signed it for this product. Its fields point into `settings`. */
bool keyset_verify(const struct settings *settings, unsigned which, struct keyset *keyset);

struct release {
  uint32_t sequence, epoch;
  struct span product;
  struct cbor hardware;   /* an array of revisions */
  struct cbor components; /* an array of `count` components */
  uint32_t count;
};

/* False unless a release key of the set signed it. Its fields point into `bytes`. */
bool release_open(const struct keyset *keyset, const uint8_t *bytes, uint32_t length, struct release *release);

/* Whether the release is for this hardware revision, two bytes as settings have them. */
bool release_fits(const struct release *release, const uint8_t hardware[2]);

struct component {
  uint32_t bytes;
  const uint8_t *root; /* 32 bytes */
};

/* The release's component of a kind; false when it has none. */
bool release_component(const struct release *release, uint32_t kind, struct component *component);
