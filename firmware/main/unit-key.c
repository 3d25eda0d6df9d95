#include "main/unit-key.h"
#include <string.h>
#include "boot/record-log.h"
#include "chips/chip.h"
#include "crypto_hash_sha512.h"
#include "main/numbers.h"
#include "port/sodium.h"

#define SEED_BYTES 32u

struct seed {
  bool known;
  uint8_t bytes[SEED_BYTES];
};

/* Settings are records of a name behind its length, then the value (PROTOCOL 8.2); the last one counts. */
static void visit(void *context, uint8_t kind, const uint8_t *payload, uint32_t length) {
  static const char name[] = STORED_KEY;
  const uint32_t name_bytes = sizeof name - 1, before = 1 + name_bytes;
  struct seed *seed = context;
  if ((kind != SETTING_PUT && kind != SETTING_FORGET) || length < before) return;
  if (payload[0] != name_bytes || memcmp(payload + 1, name, name_bytes) != 0) return;
  seed->known = kind == SETTING_PUT && length == before + SEED_BYTES;
  if (seed->known) memcpy(seed->bytes, payload + before, SEED_BYTES);
}

/* A secret of the chip stands for the seed, which is then sealed in flash. */
static void find(struct seed *seed) {
#ifdef BOARD_CHIP_SECRET
  seed->known = chip_secret("latchkey 1 keys of the unit", seed->bytes);
  if (seed->known) return;
#endif
  log_read(REGION_SETTINGS_START, REGION_SETTINGS_BYTES, visit, seed);
}

bool unit_key(const char *purpose, const void *about, size_t length, uint8_t key[UNIT_KEY_BYTES]) {
  struct seed seed = {0};
  crypto_hash_sha512_state state;
  uint8_t hash[64];
  find(&seed);
  crypto_hash_sha512_init(&state);
  crypto_hash_sha512_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
  crypto_hash_sha512_update(&state, seed.bytes, SEED_BYTES);
  crypto_hash_sha512_update(&state, about, length);
  crypto_hash_sha512_final(&state, hash);
  memcpy(key, hash, UNIT_KEY_BYTES);
  sodium_memzero(hash, sizeof hash);
  sodium_memzero(&state, sizeof state);
  bool known = seed.known;
  sodium_memzero(&seed, sizeof seed);
  return known;
}
