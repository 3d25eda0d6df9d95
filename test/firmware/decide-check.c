/*
 * Runs the boot stage's decision over cases that the test put into flash, and prints what it decided and wrote:
 * `slots trial offset byte...`, one number a line, `end` behind each case.
 */
#include "boot/decide.h"
#include "chips/chip.h"

#define CASES_START 0x200000u
#define CASE_BYTES 0x3000u

struct facts {
  uint32_t is_case, reason, valid; /* bit 2 * component + slot */
};

static struct facts facts;

static bool is_valid(unsigned component, unsigned slot) { return (facts.valid >> (2 * component + slot)) & 1; }

int main(void) {
  static uint8_t banks[REGION_JOURNAL_BYTES];
  chip_flash_start();
  for (uint32_t at = CASES_START;; at += CASE_BYTES) {
    chip_flash_read(at, &facts, sizeof facts);
    if (facts.is_case != 1) break;
    for (uint32_t i = 0; i < sizeof banks; i += chip_flash_sector_bytes) chip_flash_erase(REGION_JOURNAL_START + i);
    chip_flash_read(at + 0x1000, banks, sizeof banks);
    chip_flash_write(REGION_JOURNAL_START, banks, sizeof banks);
    struct journal journal = journal_read();
    uint32_t before = journal.log.offset;
    struct decision d = settle(&journal, facts.reason, is_valid);
    report_number("", (uint32_t)(d.slots + 1));
    report_number("", d.is_trial);
    uint32_t from = REGION_JOURNAL_START + journal.log.bank * (REGION_JOURNAL_BYTES / 2);
    report_number("", before);
    for (uint32_t i = before; i < journal.log.offset; i++) {
      uint8_t byte;
      chip_flash_read(from + i, &byte, 1);
      report_number("", byte);
    }
    report_line("end");
  }
  report_line("done");
  for (;;) chip_watchdog_feed();
}
