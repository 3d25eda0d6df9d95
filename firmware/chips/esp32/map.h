/* Where flash is read in place: pages of 64 KB, each by an entry of the cache's table. CHIP_FILE is esp32c3.h or esp32c6.h. */
#pragma once
#include CHIP_FILE

#define MAP_PAGE_BYTES 0x10000u
/* The whole flash lies once more in the upper half of the table, at addresses that no image uses. */
#define WINDOW_ENTRY (MAP_ENTRIES / 2u)
#define WINDOW (MAP_DATA + WINDOW_ENTRY * MAP_PAGE_BYTES)
