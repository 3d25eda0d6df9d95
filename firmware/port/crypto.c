/* native.crypto over libsodium (aes.c and entropy.c are our own): the primitives, without policy. */
#include "crypto_aead_chacha20poly1305.h"
#include "crypto_hash_sha256.h"
#include "crypto_hash_sha512.h"
#include "crypto_scalarmult_curve25519.h"
#include "crypto_sign_ed25519.h"
#include "port/aes.h"
#include "port/entropy.h"
#include "port/js.h"
#include "port/sodium.h"

#define TAG_BYTES 16u

JS_FUNCTION(ed25519_verify) {
  (void)self, (void)argc;
  size_t length, signature_bytes, key_bytes;
  const uint8_t *message = js_bytes(ctx, argv[0], &length);
  const uint8_t *signature = js_bytes(ctx, argv[1], &signature_bytes);
  const uint8_t *key = js_bytes(ctx, argv[2], &key_bytes);
  if (!message || !signature || !key) return JS_EXCEPTION;
  if (signature_bytes != 64 || key_bytes != 32) return JS_FALSE;
  return JS_NewBool(ctx, crypto_sign_ed25519_verify_detached(signature, message, length, key) == 0);
}

/* A unit has one key: its expansion is kept, where the seed lies in memory anyway. */
static const uint8_t *expanded(const uint8_t seed[32]) {
  static uint8_t secret_key[64]; /* seed, public key */
  static bool known;
  uint8_t public_key[32];
  if (!known || sodium_memcmp(secret_key, seed, 32) != 0) crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed);
  known = true;
  return secret_key;
}

JS_FUNCTION(ed25519_sign) {
  (void)self, (void)argc;
  size_t length;
  uint8_t signature[64];
  const uint8_t *message = js_bytes(ctx, argv[0], &length);
  const uint8_t *seed = message ? js_bytes_exactly(ctx, argv[1], 32) : NULL;
  if (!seed) return JS_EXCEPTION;
  crypto_sign_ed25519_detached(signature, NULL, message, length, expanded(seed));
  return js_new_bytes(ctx, signature, sizeof signature);
}

JS_FUNCTION(ed25519_public_key) {
  (void)self, (void)argc;
  const uint8_t *seed = js_bytes_exactly(ctx, argv[0], 32);
  if (!seed) return JS_EXCEPTION;
  return js_new_bytes(ctx, expanded(seed) + 32, 32);
}

JS_FUNCTION(x25519) {
  (void)self, (void)argc;
  uint8_t shared[32];
  size_t length;
  const uint8_t *scalar = js_bytes_exactly(ctx, argv[0], 32);
  const uint8_t *point = scalar ? js_bytes(ctx, argv[1], &length) : NULL;
  if (!point) return JS_EXCEPTION;
  /* The point is the peer's: of another length it is as good as one of small order. */
  if (length != 32 || curve25519_multiply(shared, scalar, point) != 0) sodium_memzero(shared, sizeof shared);
  return js_new_bytes(ctx, shared, sizeof shared);
}

JS_FUNCTION(sha256) {
  (void)self;
  size_t length;
  uint8_t hash[32];
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (int i = 0; i < argc; i++) {
    const uint8_t *part = js_bytes(ctx, argv[i], &length);
    if (!part) return JS_EXCEPTION;
    crypto_hash_sha256_update(&state, part, length);
  }
  crypto_hash_sha256_final(&state, hash);
  return js_new_bytes(ctx, hash, sizeof hash);
}

JS_FUNCTION(sha512) {
  (void)self, (void)argc;
  size_t length;
  uint8_t hash[64];
  const uint8_t *message = js_bytes(ctx, argv[0], &length);
  if (!message) return JS_EXCEPTION;
  crypto_hash_sha512(hash, message, length);
  return js_new_bytes(ctx, hash, sizeof hash);
}

JS_FUNCTION(seal) {
  (void)self, (void)argc;
  size_t aad_bytes, length;
  uint8_t *sealed = NULL;
  const uint8_t *key = js_bytes_exactly(ctx, argv[0], 32);
  const uint8_t *nonce = key ? js_bytes_exactly(ctx, argv[1], 12) : NULL;
  const uint8_t *aad = nonce ? js_bytes(ctx, argv[2], &aad_bytes) : NULL;
  const uint8_t *plain = aad ? js_bytes(ctx, argv[3], &length) : NULL;
  if (!plain) return JS_EXCEPTION;
  JSValue array = js_new_room(ctx, length + TAG_BYTES, &sealed);
  if (!JS_IsException(array))
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, length, aad, aad_bytes, NULL, nonce, key);
  return array;
}

JS_FUNCTION(open) {
  (void)self, (void)argc;
  size_t aad_bytes, length;
  uint8_t *plain = NULL;
  const uint8_t *key = js_bytes_exactly(ctx, argv[0], 32);
  const uint8_t *nonce = key ? js_bytes_exactly(ctx, argv[1], 12) : NULL;
  const uint8_t *aad = nonce ? js_bytes(ctx, argv[2], &aad_bytes) : NULL;
  const uint8_t *sealed = aad ? js_bytes(ctx, argv[3], &length) : NULL;
  if (!sealed) return JS_EXCEPTION;
  if (length < TAG_BYTES) return JS_UNDEFINED;
  JSValue array = js_new_room(ctx, length - TAG_BYTES, &plain);
  if (JS_IsException(array)) return array;
  if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, length, aad, aad_bytes, nonce, key) == 0)
    return array;
  JS_FreeValue(ctx, array);
  return JS_UNDEFINED;
}

static JSValue aes(JSContext *ctx, JSValueConst *argv, void block(const uint8_t *, const uint8_t *, uint8_t *)) {
  uint8_t out[16];
  const uint8_t *key = js_bytes_exactly(ctx, argv[0], 16);
  const uint8_t *in = key ? js_bytes_exactly(ctx, argv[1], 16) : NULL;
  if (!in) return JS_EXCEPTION;
  block(key, in, out);
  return js_new_bytes(ctx, out, sizeof out);
}

JS_FUNCTION(aes_encrypt) {
  (void)self, (void)argc;
  return aes(ctx, argv, aes128_encrypt);
}

JS_FUNCTION(aes_decrypt) {
  (void)self, (void)argc;
  return aes(ctx, argv, aes128_decrypt);
}

JS_FUNCTION(random_bytes) {
  (void)self, (void)argc;
  uint32_t length;
  uint8_t *room = NULL;
  if (JS_ToUint32(ctx, &length, argv[0])) return JS_EXCEPTION;
  JSValue array = js_new_room(ctx, length, &room);
  if (JS_IsException(array) || entropy_take(room, length)) return array;
  JS_FreeValue(ctx, array);
  return JS_ThrowInternalError(ctx, "no entropy seed was provisioned");
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("ed25519VerifyRaw", 3, ed25519_verify),
                                                 JS_CFUNC_DEF("ed25519Sign", 2, ed25519_sign),
                                                 JS_CFUNC_DEF("ed25519PublicKey", 1, ed25519_public_key),
                                                 JS_CFUNC_DEF("x25519", 2, x25519),
                                                 JS_CFUNC_DEF("sha256", 1, sha256),
                                                 JS_CFUNC_DEF("sha512", 1, sha512),
                                                 JS_CFUNC_DEF("chacha20Poly1305Seal", 4, seal),
                                                 JS_CFUNC_DEF("chacha20Poly1305Open", 4, open),
                                                 JS_CFUNC_DEF("aes128EncryptBlock", 2, aes_encrypt),
                                                 JS_CFUNC_DEF("aes128DecryptBlock", 2, aes_decrypt),
                                                 JS_CFUNC_DEF("random", 1, random_bytes)};
  js_facet(ctx, native, "crypto", entries, 11);
}

const struct facet crypto_facet = {install, NULL};
