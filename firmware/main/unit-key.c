#include "main/unit-key.h"
#include <string.h>
#include "boot/record-log.h"
#include "crypto_hash_sha512.h"
#include "port/sodium.h"

#define SEED_BYTES 32u

enum { PUT = 1, FORGET };

struct seed {
  bool known;
  uint8_t bytes[SEED_BYTES];
};

/* Settings are records of a name behind its length, then the value (PROTOCOL 8.2); the last one counts. */
static void visit(void *context, uint8_t kind, const uint8_t *payload, uint32_t length) {
  static const uint8_t name[] = {3, 'k', 'e', 'y'};
  struct seed *seed = context;
  if ((kind != PUT && kind != FORGET) || length < sizeof name || memcmp(payload, name, sizeof name) != 0) return;
  seed->known = kind == PUT && length == sizeof name + SEED_BYTES;
  if (seed->known) memcpy(seed->bytes, payload + sizeof name, SEED_BYTES);
}

bool unit_key(const char *purpose, const void *about, size_t length, uint8_t key[UNIT_KEY_BYTES]) {
  struct seed seed = {0};
  log_read(REGION_SETTINGS_START, REGION_SETTINGS_BYTES, visit, &seed);
  if (seed.known) {
    crypto_hash_sha512_state state;
    uint8_t hash[64];
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    crypto_hash_sha512_update(&state, seed.bytes, SEED_BYTES);
    crypto_hash_sha512_update(&state, about, length);
    crypto_hash_sha512_final(&state, hash);
    memcpy(key, hash, UNIT_KEY_BYTES);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&state, sizeof state);
  }
  sodium_memzero(seed.bytes, sizeof seed.bytes);
  return seed.known;
}
