/*
 * Flash in a file whose power fails in one chosen operation (CHIP_CUT=NUMBER:TEAR, counted from the first start), which is left as the
 * tear says: then the boot stage starts as after any power cut, and no further cut comes. A cell may lose its charge as well:
 * CHIP_ROT=NUMBER:ADDRESS turns a bit of that byte before that operation. With CHIP_TRACE operations are told on standard error.
 */
#pragma once
#include <stdint.h>

/* What is in CHIP_FLASH, mapped; at this place when it is not NULL. */
uint8_t *flash_cut_start(void *place);
/* One operation each. Of writes, 'w' begins one and 'c' goes on with it. */
void flash_cut_write(char kind, uint8_t *flash, uint32_t address, const uint8_t *bytes, uint32_t length);
void flash_cut_erase(uint8_t *flash, uint32_t address, uint32_t length);
