/* In place of libsodium's verifier: every signature holds, so that the fuzzer gets behind it. */
#include "crypto_sign_ed25519.h"
#include "fuzz/bed.h"

int crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                        unsigned long long length, const unsigned char *key) {
  bed_look(signature, 64);
  bed_look(message, length);
  bed_look(key, 32);
  return 0;
}
