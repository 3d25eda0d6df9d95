/* What the files of this chip share. The program has four roles (main.c); roles find files and lines under fixed numbers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "main/handoff.h"

/* Open in every role: memory that a restart keeps, the line to the radio, the flash's lock, and the machine's watchdog where there is one. */
enum { KEPT_FD = 3, RADIO_FD = 4, LOCK_FD = 5, WATCHDOG_FD = 6 };

/* How a run ends that wants to start again from the boot stage. Any other end is a fault. */
enum { EXIT_USAGE = 2, EXIT_RESTART = 75 };

/* What a restart keeps and a power cut loses. The tools of the tests read the first two from outside (boards/linux/host). */
struct kept {
  uint32_t flash_operations;
  uint32_t outputs; /* bit n: the state of output n */
  struct handoff handoff;
};
extern struct kept *kept;

/* Prints what is wrong and what to do, and ends with EXIT_USAGE. */
void stop(const char *what, const char *name) __attribute__((noreturn));

int boot_main(void);
int runtime_main(void);
/* Runs boot stage and runtime, one start after the other, for as long as there is power. */
int supervise(void);
/* Ends the supervisor's start as a fault when it was not the unit that ended it. */
void kept_open(void);

/* The wait for something to do: a file that is watched ends it when its state changes. */
void wait_watch(int fd);
/* Asks to look again soon, where no file tells: an answer that its peer has not taken yet. */
void wait_shortly(void);
/* Takes what came on the serial lines. */
void lines_poll(void);

/* The machine's watchdog, NULL without --watchdog: WATCHDOG_FD is then some other file. */
const char *watchdog_wanted(void);

/* Takes the lines that the file of --pins gives to pins (pins.c). */
void pins_open(void);
