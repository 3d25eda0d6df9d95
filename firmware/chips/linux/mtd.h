/* NOR flash behind an MTD character device, as /dev/mtd0 (ADR 0172). Addresses count from its start. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Compiled code holds addresses of 32 bits, the same at each start: where the flash, or what is copied of it, is seen. */
#define CODE_PLACE ((void *)0x70000000)

/* Ends the program in one line when the device can't hold this board's flash. */
void mtd_start(int device, const char *path);
void mtd_read(uint32_t address, void *bytes, uint32_t length);
/* False when the flash does not hold the result. */
bool mtd_write(uint32_t address, const void *bytes, uint32_t length);
bool mtd_erase(uint32_t address);
/* A copy in memory, which stays as it is until the next call; with a length of 0 only its address. */
const void *mtd_code(uint32_t address, uint32_t length);
