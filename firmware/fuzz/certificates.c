/* Authorities of any content as the factory pins them: they are read, and their dates are compared as in tls.c. */
#include "fuzz/bed.h"
#include "main/heap.h"
#include "tls/memory.h"
#include "tls/pinned.h"
#include "tls/validity.h"

/* In place of memory.c, so that the sanitizer sees each piece. */
void *tls_allocate(size_t count, size_t bytes) {
  size_t all = count * bytes;
  uint8_t *memory = bytes != 0 && count > TLS_BYTES_MAX / bytes ? NULL : heap_allocate(all);
  for (size_t i = 0; memory && i < all; i++) memory[i] = 0;
  return memory;
}
void tls_release(void *memory) { heap_free(memory); }

/* The library names it in functions that no unit calls. */
int MBEDTLS_PLATFORM_STD_SNPRINTF(char *text, size_t room, const char *format, ...);
int MBEDTLS_PLATFORM_STD_SNPRINTF(char *text, size_t room, const char *format, ...) {
  (void)text, (void)room, (void)format;
  __builtin_trap();
}

static void body(struct input *in) {
  mbedtls_x509_crt chain;
  mbedtls_x509_crt_init(&chain);
  if (pinned_parse(&chain, in->at, in->left)) {
    for (const mbedtls_x509_crt *each = &chain; each; each = each->next) {
      double from_s = unix_seconds(&each->valid_from), to_s = unix_seconds(&each->valid_to);
      BED_ASSERT(from_s > -1e11 && from_s < 1e12 && to_s > -1e11 && to_s < 1e12);
    }
  }
  mbedtls_x509_crt_free(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
