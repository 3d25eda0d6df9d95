/* Bounds of the app's code: a budget of progress, and one of memory (src/device/port.ts, Guard). */
#pragma once
#include <stdbool.h>

/* The app's code runs from here to app_end; inside of another app_begin both do nothing. False in that case. */
bool app_begin(void);
void app_end(bool began);
/* Whether the app's code has used up its budget of progress. */
bool app_is_over(void);
/* Counts an interrupt of the engine. Whether it breaks the code at work off, which is the app's. */
bool app_interrupt(void);
