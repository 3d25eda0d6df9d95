/* What any station of the unit's own access point may ask its DNS server. */
#include "chips/dns-server.h"
#include <string.h>
#include "fuzz/bed.h"

static void body(struct input *in) {
  static const uint8_t own[4] = {192, 168, 4, 1};
  uint8_t out[DNS_MESSAGE_MOST];
  size_t length = dns_answer(in->at, in->left, own, out);
  BED_ASSERT(length <= DNS_MESSAGE_MOST);
  if (length == 0) return;
  /* No larger than a record more than what was asked, so that it serves nobody as an amplifier. */
  BED_ASSERT(length <= in->left + 16 && memcmp(out, in->at, 2) == 0 && (out[2] & 0x80));
  BED_ASSERT(out[7] == 0 || memcmp(out + length - 4, own, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
