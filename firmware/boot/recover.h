/* Recovery (PROTOCOL 9.8): when nothing verifies, a signed release and its images come over the console. */
#pragma once
#include "boot/decide.h"
#include "boot/signed.h"

struct recovery {
  const struct settings *settings;
  const struct keyset *keysets;
  unsigned keyset_count;
  struct journal *journal;
  slot_valid *is_valid;
};

/*
 * Waits for a release that a key of the sets signed, writes its images block by block, each checked against the release
 * before it is written, and starts anew: what was written is verified again like every other image before it runs.
 */
void recover(const struct recovery *recovery) __attribute__((noreturn));
