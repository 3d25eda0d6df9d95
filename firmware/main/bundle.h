/* The JavaScript bundle in flash. */
#pragma once
#include <stddef.h>

/* Its source, followed by a zero byte, readable in place or copied; ends the run when there is none. */
const char *bundle_find(size_t *length);
