/* A journal region of any content: it is read, and a record that was appended is read back. */
#include "boot/journal.h"
#include <string.h>
#include "fuzz/bed.h"

static void body(struct input *in) {
  uint8_t ended[3];
  bed_put_log(REGION_JOURNAL_START, REGION_JOURNAL_BYTES, in);
  struct journal first = journal_read();
  BED_ASSERT(first.log.offset <= REGION_JOURNAL_BYTES / 2);
  journal_ended(&first, END_CRASH, ended);
  struct log log = first.log;
  if (!log_append(&log, RECORD_ENDED, ended, sizeof ended)) return;
  struct journal second = journal_read();
  BED_ASSERT(second.log.offset == log.offset && second.log.bank == log.bank);
  journal_apply(&first, RECORD_ENDED, ended, sizeof ended);
  BED_ASSERT(second.phase == first.phase && second.crashes == first.crashes && second.misses == first.misses);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
