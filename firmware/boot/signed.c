#include "boot/signed.h"
#include <string.h>
#include "crypto_hash_sha256.h"
#include "crypto_sign_ed25519.h"

#define KEY_NAME_BYTES 8u
#define TO_BE_SIGNED_MOST 1024u
#define ROOTS 3u
#define THRESHOLD 2u

/* The header {1: -19, 4: name}: Ed25519 by RFC 9864 and the signer's name, and nothing else. */
static const uint8_t header_start[] = {0xa2, 0x01, 0x32, 0x04, 0x48};
#define HEADER_BYTES (sizeof header_start + KEY_NAME_BYTES)

static bool same(struct span a, const void *bytes, uint32_t length) {
  return a.length == length && memcmp(a.bytes, bytes, length) == 0;
}

/* Whether a header is ours and names this key (first bytes of its SHA-256). */
static bool names(struct span header, const uint8_t key[32]) {
  uint8_t hash[32];
  if (header.length != HEADER_BYTES || memcmp(header.bytes, header_start, sizeof header_start) != 0) return false;
  crypto_hash_sha256(hash, key, 32);
  return memcmp(header.bytes + sizeof header_start, hash, KEY_NAME_BYTES) == 0;
}

static uint32_t put_string(uint8_t *out, unsigned major, const void *bytes, uint32_t length) {
  uint32_t head = cbor_put_head(out, major, length);
  memcpy(out + head, bytes, length);
  return head + length;
}

/*
 * Checks a signature over a Sig_structure (RFC 9052, 4.4): [context, (empty body header,) header, aad, payload].
 * libsodium's verifier is the strict rule of PROTOCOL 2.6: canonical S, A and R, no small order, cofactorless.
 */
static bool verify(const char *context, struct span header, const char *aad, struct span payload, struct span signature,
                   const uint8_t key[32]) {
  static uint8_t text[TO_BE_SIGNED_MOST];
  bool of_many = strcmp(context, "Signature") == 0;
  uint32_t at = cbor_put_head(text, CBOR_ARRAY, of_many ? 5 : 4);
  if (signature.length != 64 || payload.length > TO_BE_SIGNED_MOST - 128) return false;
  at += put_string(text + at, CBOR_TEXT, context, (uint32_t)strlen(context));
  if (of_many) at += cbor_put_head(text + at, CBOR_BYTES, 0);
  at += put_string(text + at, CBOR_BYTES, header.bytes, header.length);
  at += put_string(text + at, CBOR_BYTES, aad, (uint32_t)strlen(aad));
  at += put_string(text + at, CBOR_BYTES, payload.bytes, payload.length);
  return crypto_sign_ed25519_verify_detached(signature.bytes, text, at, key) == 0;
}

/* Whether one of the signers is this root. */
static bool signed_by(struct cbor signers, struct span payload, const uint8_t root[32]) {
  uint32_t count = cbor_head(&signers, CBOR_ARRAY);
  while (count-- > 0 && !signers.bad) {
    cbor_expect(&signers, CBOR_ARRAY, 3);
    struct span header = cbor_string(&signers, CBOR_BYTES);
    cbor_expect(&signers, CBOR_MAP, 0);
    struct span signature = cbor_string(&signers, CBOR_BYTES);
    if (signers.bad) return false;
    if (names(header, root) && verify("Signature", header, "latchkey-keyset", payload, signature, root)) return true;
  }
  return false;
}

static unsigned keys_of(struct cbor *c, const uint8_t **keys) {
  uint32_t count = cbor_head(c, CBOR_ARRAY);
  if (count == 0 || count > KEYS_MOST) c->bad = true;
  for (uint32_t i = 0; i < count && !c->bad; i++) {
    struct span key = cbor_string(c, CBOR_BYTES);
    if (key.length != 32) c->bad = true;
    keys[i] = key.bytes;
  }
  return count;
}

/* How many different roots signed. */
static unsigned signers_of(const struct settings *s, struct cbor signers, struct span payload) {
  const uint8_t *roots[KEYS_MOST];
  struct cbor c = cbor_of(s->roots, s->roots_bytes);
  unsigned count = keys_of(&c, roots), found = 0;
  if (!cbor_done(&c) || count != ROOTS) return 0;
  for (unsigned i = 0; i < ROOTS && found < THRESHOLD; i++) {
    bool again = false;
    for (unsigned k = 0; k < i; k++) again = again || memcmp(roots[k], roots[i], 32) == 0;
    if (!again && signed_by(signers, payload, roots[i])) found++;
  }
  return found;
}

bool keyset_verify(const struct settings *s, unsigned which, struct keyset *keyset) {
  const uint8_t *timestamp_keys[KEYS_MOST];
  struct cbor c = cbor_of(s->key_sets[which], s->key_set_bytes[which]);
  cbor_expect(&c, CBOR_TAG, 98);
  cbor_expect(&c, CBOR_ARRAY, 4);
  if (cbor_string(&c, CBOR_BYTES).length != 0) return false;
  cbor_expect(&c, CBOR_MAP, 0);
  struct span payload = cbor_string(&c, CBOR_BYTES);
  struct cbor signers = c;
  cbor_skip(&c);
  if (!cbor_done(&c) || signers_of(s, signers, payload) < THRESHOLD) return false;
  struct cbor p = cbor_of(payload.bytes, payload.length);
  cbor_expect(&p, CBOR_ARRAY, 6);
  cbor_expect(&p, CBOR_UINT, 1);
  cbor_head(&p, CBOR_UINT);
  keyset->product = cbor_string(&p, CBOR_TEXT);
  keyset->release_key_count = keys_of(&p, keyset->release_keys);
  keys_of(&p, timestamp_keys);
  cbor_skip(&p); /* roots that follow: the runtime pins them */
  return cbor_done(&p) && same(keyset->product, s->product, s->product_bytes);
}

static bool release_parse(struct span payload, struct release *r) {
  struct cbor p = cbor_of(payload.bytes, payload.length);
  cbor_expect(&p, CBOR_ARRAY, 8);
  cbor_expect(&p, CBOR_UINT, 1);
  r->sequence = cbor_head(&p, CBOR_UINT);
  r->product = cbor_string(&p, CBOR_TEXT);
  r->hardware = p;
  cbor_skip(&p); /* hardware revisions, the last moment to begin, consent: looked at before it was installed */
  cbor_skip(&p);
  cbor_skip(&p);
  r->epoch = cbor_head(&p, CBOR_UINT);
  r->count = cbor_head(&p, CBOR_ARRAY);
  r->components = p;
  for (uint32_t i = 0; i < r->count && !p.bad; i++) cbor_skip(&p);
  return cbor_done(&p);
}

bool release_open(const struct keyset *keyset, const uint8_t *bytes, uint32_t length, struct release *release) {
  struct cbor c = cbor_of(bytes, length);
  cbor_expect(&c, CBOR_TAG, 18);
  cbor_expect(&c, CBOR_ARRAY, 4);
  struct span header = cbor_string(&c, CBOR_BYTES);
  cbor_expect(&c, CBOR_MAP, 0);
  struct span payload = cbor_string(&c, CBOR_BYTES), signature = cbor_string(&c, CBOR_BYTES);
  if (!cbor_done(&c)) return false;
  for (unsigned i = 0; i < keyset->release_key_count; i++) {
    const uint8_t *key = keyset->release_keys[i];
    if (names(header, key)) {
      return verify("Signature1", header, "latchkey-release", payload, signature, key) &&
             release_parse(payload, release) && same(release->product, keyset->product.bytes, keyset->product.length);
    }
  }
  return false;
}

bool release_fits(const struct release *release, const uint8_t hardware[2]) {
  struct cbor c = release->hardware;
  uint32_t revision = hardware[0] | (uint32_t)hardware[1] << 8;
  for (uint32_t left = cbor_head(&c, CBOR_ARRAY); left > 0 && !c.bad; left--)
    if (cbor_head(&c, CBOR_UINT) == revision && !c.bad) return true;
  return false;
}

bool release_component(const struct release *release, uint32_t kind, struct component *component) {
  struct cbor c = release->components;
  for (uint32_t i = 0; i < release->count; i++) {
    cbor_expect(&c, CBOR_ARRAY, 4);
    uint32_t actual = cbor_head(&c, CBOR_UINT);
    component->bytes = cbor_head(&c, CBOR_UINT);
    struct span root = cbor_string(&c, CBOR_BYTES);
    cbor_skip(&c); /* ways to get it */
    if (c.bad || root.length != 32) return false;
    component->root = root.bytes;
    if (actual == kind) return true;
  }
  return false;
}
