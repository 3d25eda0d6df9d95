#include "boot/decide.h"

static bool all_valid(unsigned slots, slot_valid *is_valid) {
  for (unsigned k = 0; k < COMPONENTS; k++)
    if (!is_valid(k, (slots >> k) & 1)) return false;
  return true;
}

/* The confirmed slots; where one no longer verifies (worn flash), the other slot's image if that does. */
static int fallback(unsigned confirmed, slot_valid *is_valid) {
  int slots = 0;
  for (unsigned k = 0; k < COMPONENTS; k++) {
    unsigned slot = (confirmed >> k) & 1;
    if (!is_valid(k, slot)) {
      slot = 1 - slot;
      if (!is_valid(k, slot)) return -1;
    }
    slots |= (int)(slot << k);
  }
  return slots;
}

static struct decision ended(const struct journal *j, enum trial_end end, slot_valid *is_valid) {
  struct decision d = {fallback(j->confirmed_slots, is_valid), false, RECORD_ENDED, {0}};
  journal_ended(j, end, d.payload);
  return d;
}

/* A trial gets one start. Whatever ended it, the next start is of what is confirmed; the runtime then decides on. */
struct decision decide(const struct journal *j, enum reset_reason reason, slot_valid *is_valid) {
  static const enum trial_end ends[RESET_REASONS] = {TRIAL_ENDS_BY_REASON};
  if (j->phase == RUNNING) return ended(j, ends[reason], is_valid);
  if (j->phase != ARMED) return (struct decision){fallback(j->confirmed_slots, is_valid), false, 0, {0}};
  if (all_valid(j->job_slots, is_valid)) return (struct decision){j->job_slots, true, RECORD_STARTED, {0}};
  return ended(j, END_IMAGE, is_valid);
}

struct decision settle(struct journal *j, enum reset_reason reason, slot_valid *is_valid) {
  static const uint8_t lengths[] = {[RECORD_STARTED] = 0, [RECORD_ENDED] = 3};
  struct decision d = decide(j, reason, is_valid);
  if (d.record && !log_append(&j->log, d.record, d.payload, lengths[d.record]) && d.is_trial) {
    j->phase = NO_JOB;
    d = decide(j, reason, is_valid);
  }
  return d;
}
