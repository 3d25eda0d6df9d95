#include "boot/journal.h"
#include <string.h>

static uint32_t u32(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }

void journal_apply(struct journal *j, uint8_t kind, const uint8_t *payload, uint32_t length) {
  static const uint8_t lengths[] = {
      [RECORD_CONFIRMED] = CONFIRMED_BYTES, [RECORD_BEGIN] = 26,  [RECORD_SECTOR_DONE] = 5, [RECORD_VERIFIED] = 0,  [RECORD_TRIAL] = 2,
      [RECORD_STARTED] = 0,   [RECORD_ENDED] = 3,   [RECORD_REJECTED] = 16,   [RECORD_ABANDONED] = 0,
  };
  if (kind < RECORD_CONFIRMED || kind > RECORD_ABANDONED || length != lengths[kind]) return;
  if (kind == RECORD_CONFIRMED) {
    j->epoch = u32(payload + 4);
    j->confirmed_slots = payload[8];
    j->phase = NO_JOB;
  } else if (kind == RECORD_BEGIN) {
    j->job_slots = payload[8];
    j->phase = FETCHING;
    j->crashes = j->misses = 0;
  } else if (kind == RECORD_REJECTED || kind == RECORD_ABANDONED) {
    j->phase = NO_JOB;
  } else if (j->phase != NO_JOB) {
    static const enum phase next[] = {
        [RECORD_SECTOR_DONE] = FETCHING, [RECORD_VERIFIED] = READY, [RECORD_TRIAL] = ARMED,
        [RECORD_STARTED] = RUNNING,      [RECORD_ENDED] = READY,
    };
    if (kind == RECORD_ENDED && (payload[0] < END_SILENCE || payload[0] > END_IMAGE)) return;
    j->phase = next[kind];
    if (kind == RECORD_TRIAL || kind == RECORD_ENDED) {
      j->crashes = payload[length - 2];
      j->misses = payload[length - 1];
    }
  }
}

static void visit(void *context, uint8_t kind, const uint8_t *payload, uint32_t length) {
  journal_apply(context, kind, payload, length);
}

struct journal journal_read(void) {
  struct journal j;
  memset(&j, 0, sizeof j);
  j.log = log_read(REGION_JOURNAL_START, REGION_JOURNAL_BYTES, visit, &j);
  return j;
}

void journal_ended(const struct journal *j, enum trial_end end, uint8_t payload[3]) {
  /* What ends by the watchdog or for want of memory may be somebody's doing on the network. */
  bool against_the_image = end == END_CRASH || end == END_SELF_TEST || end == END_IMAGE;
  payload[0] = (uint8_t)end;
  payload[1] = (uint8_t)(j->crashes + (against_the_image && j->crashes < 255));
  payload[2] = (uint8_t)(j->misses + (!against_the_image && j->misses < 255));
}
