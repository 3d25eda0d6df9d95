/* A serial line of any content, which comes in two parts. */
#include "port/frame.h"
#include "chips/chip.h"
#include "fuzz/bed.h"

static void drain(void) {
  uint8_t payload[FRAME_PAYLOAD_MOST];
  uint32_t length = 0;
  while (frame_receive(CHIP_RADIO, payload, &length) != 0) {
    BED_ASSERT(length <= FRAME_PAYLOAD_MOST);
    bed_look(payload, length);
  }
}

static void body(struct input *in) {
  while (in->left > 0) {
    uint8_t type = input_byte(in);
    struct input part = input_chunk(in, FRAME_PAYLOAD_MOST + 20);
    if (type & 0x80) bed_send_frame(CHIP_RADIO, type & 0x7f, &part);
    else bed_send(CHIP_RADIO, part.at, part.left);
    drain();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
