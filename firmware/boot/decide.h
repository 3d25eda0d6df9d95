/* What the boot stage starts: src/wire/flash/boot-decision.ts in C. test/vectors/boot holds both to the same answers. */
#pragma once
#include "boot/journal.h"
#include "main/report.h"

#define COMPONENTS 2u /* native, js */

/* Whether a slot (0 or 1) holds an image of this component that verifies. */
typedef bool slot_valid(unsigned component, unsigned slot);

struct decision {
  int slots; /* bit k: the slot of component k that starts; -1: nothing verifies */
  bool is_trial;
  uint8_t record; /* kind to write first, 0 for none */
  uint8_t payload[3];
};

struct decision decide(const struct journal *journal, enum reset_reason reason, slot_valid *is_valid);

/* Decides and writes down what the journal must know first. With no room to say that a trial began, none begins. */
struct decision settle(struct journal *journal, enum reset_reason reason, slot_valid *is_valid);
