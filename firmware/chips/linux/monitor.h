/* A monitor interface beside the managed one of the same radio: it hears what others send, on one channel at a time. */
#pragma once
#include <stdint.h>

/* Makes it. @returns A socket that gives captured frames, each behind a radiotap header; -1 with errno set. */
int monitor_open(const char *interface);
/* Listens on this frequency. @returns 0, or the kernel's error number. */
int monitor_tune(unsigned mhz);
