#include "tls/pinned.h"

bool pinned_parse(mbedtls_x509_crt *chain, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    if (mbedtls_x509_crt_parse_der(chain, bytes, length) != 0) return false;
    const mbedtls_x509_crt *last = chain;
    while (last->next) last = last->next;
    if (last->raw.len == 0 || last->raw.len > length) return false;
    bytes += last->raw.len;
    length -= last->raw.len;
  }
  return chain->raw.len > 0;
}
