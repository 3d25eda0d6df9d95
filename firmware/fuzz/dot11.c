/* What a monitor interface may capture: anybody's bytes behind a header that the driver wrote. */
#include "chips/linux/dot11.h"
#include "fuzz/bed.h"

static void body(struct input *in) {
  struct data_frame frame;
  uint16_t mhz;
  if (!dot11_read(in->at, in->left, &frame, &mhz)) return;
  const uint8_t *addresses[] = {frame.bssid, frame.source, frame.destination};
  for (unsigned i = 0; i < 3; i++) {
    BED_ASSERT(addresses[i] >= in->at && addresses[i] + 6 <= in->at + in->left);
    bed_look(addresses[i], 6);
  }
  BED_ASSERT(frame.body_bytes > 0 && frame.body_bytes < in->left);
  BED_ASSERT(frame.sequence < 4096 && frame.tid < 16);
  BED_ASSERT(dot11_channel(dot11_mhz(dot11_channel(mhz))) == dot11_channel(mhz));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
