#include "chips/linux/dot11.h"

#define FCS_BYTES 4u

/* Bits of radiotap's first presence word, and how its fields lie: size and alignment, in the order of the bits. */
enum { TSFT, FLAGS, RATE, CHANNEL, MORE = 31 };
static const uint8_t field_bytes[] = {[TSFT] = 8, [FLAGS] = 1, [RATE] = 1, [CHANNEL] = 4};
static const uint8_t field_alignment[] = {[TSFT] = 8, [FLAGS] = 1, [RATE] = 1, [CHANNEL] = 2};
#define HAS_FCS 0x10u
#define BAD_FCS 0x40u

static uint16_t u16_at(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static uint32_t u32_at(const uint8_t *p) { return u16_at(p) | (uint32_t)u16_at(p + 2) << 16; }

struct radiotap {
  size_t length;
  uint8_t flags;
  uint16_t mhz;
};

static bool radiotap_read(const uint8_t *bytes, size_t length, struct radiotap *head) {
  if (length < 8 || bytes[0] != 0) return false;
  *head = (struct radiotap){.length = u16_at(bytes + 2)};
  if (head->length < 8 || head->length > length) return false;
  uint32_t present = u32_at(bytes + 4);
  size_t at = 8;
  for (uint32_t more = present; more >> MORE; at += 4) {
    if (at + 4 > head->length) return false;
    more = u32_at(bytes + at);
  }
  for (unsigned field = TSFT; field <= CHANNEL; field++) {
    if (!(present >> field & 1)) continue;
    at = (at + field_alignment[field] - 1u) / field_alignment[field] * field_alignment[field];
    if (at + field_bytes[field] > head->length) return false;
    if (field == FLAGS) head->flags = bytes[at];
    if (field == CHANNEL) head->mhz = u16_at(bytes + at);
    at += field_bytes[field];
  }
  return true;
}

bool dot11_read(const uint8_t *bytes, size_t length, struct data_frame *frame, uint16_t *mhz) {
  struct radiotap head;
  if (!radiotap_read(bytes, length, &head) || head.flags & BAD_FCS) return false;
  size_t left = length - head.length;
  if (head.flags & HAS_FCS) {
    if (left < FCS_BYTES) return false;
    left -= FCS_BYTES;
  }
  *mhz = head.mhz;
  return data_frame_read(bytes + head.length, left, frame);
}

uint8_t dot11_channel(unsigned mhz) {
  if (mhz == 2484) return 14;
  if (mhz >= 2412 && mhz <= 2472) return (uint8_t)((mhz - 2407) / 5);
  if (mhz >= 5160 && mhz <= 5885) return (uint8_t)((mhz - 5000) / 5);
  return 0;
}

unsigned dot11_mhz(uint8_t channel) {
  if (channel == 14) return 2484;
  if (channel >= 32 && channel <= 177) return 5000u + 5u * channel;
  return channel >= 1 && channel <= 13 ? 2407u + 5u * channel : 0;
}
