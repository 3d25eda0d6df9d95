/* What any station of the unit's own access point may ask its DHCP server. */
#include "chips/dhcp-server.h"
#include <string.h>
#include "fuzz/bed.h"

static void body(struct input *in) {
  static const uint8_t own[4] = {192, 168, 4, 1};
  uint8_t out[DHCP_ANSWER_BYTES];
  size_t length = dhcp_answer(in->at, in->left, own, NULL, out);
  const uint8_t *given = dhcp_given(in->at, in->left);
  BED_ASSERT(given == NULL || given + 4 <= in->at + in->left);
  BED_ASSERT(length == 0 || length == DHCP_ANSWER_BYTES);
  if (length == 0) return;
  BED_ASSERT(out[0] == 2 && memcmp(out + 4, in->at + 4, 4) == 0 && memcmp(out + 28, in->at + 28, 6) == 0);
  BED_ASSERT(memcmp(out + 16, "\0\0\0\0", 4) == 0 || (memcmp(out + 16, own, 3) == 0 && out[19] >= 10 && out[19] < 26));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
