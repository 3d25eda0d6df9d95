/* The boot stage: reads the journal, verifies what it names, writes down a trial's start or end, and starts. */
#include <string.h>
#include "boot/decide.h"
#include "boot/recover.h"
#include "boot/slot.h"
#include "boot/start.h"
#include "chips/chip.h"
#include "main/handoff.h"

static struct settings settings;
static struct keyset keysets[KEY_SETS];
static unsigned keyset_count;
static struct journal journal;
static struct image images[COMPONENTS][2];
static enum { UNKNOWN, VALID, INVALID } verdicts[COMPONENTS][2];
static int copied = -1; /* the slot whose native image lies in memory */

/* Verifies a slot once; the native image is copied to where it runs on the way. */
static bool is_valid(unsigned component, unsigned slot) {
  if (verdicts[component][slot] == UNKNOWN) {
    uint8_t *copy_to = component == COMPONENT_NATIVE ? (uint8_t *)IMAGE_ADDRESS : NULL;
    bool valid = false;
    for (unsigned i = 0; i < keyset_count && !valid; i++)
      valid = slot_verify(&keysets[i], journal.epoch, component, slot, copy_to, &images[component][slot]);
    verdicts[component][slot] = valid ? VALID : INVALID;
    if (component == COMPONENT_NATIVE) copied = valid ? (int)slot : -1;
    chip_watchdog_feed();
  }
  return verdicts[component][slot] == VALID;
}

static void __attribute__((noreturn)) wait_for_station(const char *words) {
  report_line(words);
  for (;;) {
    chip_watchdog_feed();
    chip_wait();
  }
}

/* Nothing that verifies: says so, and takes a signed release over the console. */
static void __attribute__((noreturn)) recover_after(const char *words) {
  report_line(words);
  recover(&(struct recovery){&settings, keysets, keyset_count, &journal, is_valid});
}

static void hand_off(enum reset_reason reason, const struct decision *d) {
  const struct image *js = &images[COMPONENT_JS][(d->slots >> COMPONENT_JS) & 1];
  handoff = (struct handoff){.magic = HANDOFF_MAGIC,
                             .reason = reason,
                             .js_address = js->address,
                             .js_bytes = js->bytes,
                             .boot_us = (uint32_t)(chip_nanoseconds() / 1000u),
                             .on_trial = d->is_trial};
  handoff.check = handoff_check(&handoff);
}

int main(void) {
  enum reset_reason reason = report_take_reason();
  chip_flash_start();
  chip_open_image_memory();
  settings_read(&settings);
  for (unsigned i = 0; i < KEY_SETS; i++)
    if (keyset_verify(&settings, i, &keysets[keyset_count])) keyset_count++;
  if (keyset_count == 0) wait_for_station("latchkey: boot: no key set that the roots signed; flash the unit");
  journal = journal_read();
  struct decision d = settle(&journal, reason, is_valid);
  if (d.slots < 0) recover_after("latchkey: boot: no image verifies; recover the unit over this line");
  unsigned native = (unsigned)(d.slots >> COMPONENT_NATIVE) & 1;
  if (copied != (int)native) {
    verdicts[COMPONENT_NATIVE][native] = UNKNOWN;
    if (!is_valid(COMPONENT_NATIVE, native)) recover_after("latchkey: boot: the flash does not read the same twice");
  }
  hand_off(reason, &d);
  report_boot((int)native, (d.slots >> COMPONENT_JS) & 1, d.is_trial, reason);
  /* Where it was copied to; on a chip that runs code where it lies, its place in flash. */
  uint32_t at = IMAGE_ADDRESS ? IMAGE_ADDRESS : images[COMPONENT_NATIVE][native].address;
  start_image((const uint32_t *)(uintptr_t)at);
}
