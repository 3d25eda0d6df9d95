/* The few calls that picolibc leaves to a platform. Nothing here allocates: the engine brings its own arena, the crates theirs. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include "chips/chip.h"
#include "main/report.h"

/* A unit has no clock to trust: the engine's Date and Math.random seed see the time since start. */
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  uint64_t ns = chip_nanoseconds();
  now->tv_sec = (time_t)(ns / 1000000000u);
  now->tv_usec = (suseconds_t)(ns % 1000000000u / 1000u);
  return 0;
}

/* UTC is the only zone. */
struct tm *localtime_r(const time_t *restrict when, struct tm *restrict out) { return gmtime_r(when, out); }

void abort(void) { report_and_restart(RESET_FAULT, "abort"); }
void __assert_no_args(void) { report_and_restart(RESET_FAULT, "assert"); }

/* The vendor's libraries print by it what nobody asked for. */
int puts(const char *text) { return (void)text, 0; }
#undef putchar
int putchar(int letter) { return letter; }
