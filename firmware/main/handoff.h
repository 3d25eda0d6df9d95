/*
 * A block at a fixed place in memory that a restart keeps and a power cut loses: written by the image before it
 * restarts, read and rewritten by the boot stage, read by the image that starts.
 */
#pragma once
#include <stdint.h>

#define HANDOFF_MAGIC 0x4b48434cu

struct handoff {
  uint32_t magic;
  uint32_t reason;     /* enum reset_reason */
  uint32_t js_address; /* in flash: the bundle to start, verified by the boot stage */
  uint32_t js_bytes;
  uint32_t boot_us;    /* what the boot stage took */
  uint32_t on_trial;   /* 1 when the release is on trial */
  uint32_t check;      /* sum of the words above, inverted */
};

extern struct handoff handoff;

static inline uint32_t handoff_check(const struct handoff *block) {
  return ~(block->magic + block->reason + block->js_address + block->js_bytes + block->boot_us + block->on_trial);
}

static inline int handoff_valid(const struct handoff *block) {
  return block->magic == HANDOFF_MAGIC && block->check == handoff_check(block);
}
