/*
 * HMAC-SHA-256 by a key in the chip's fuses that no software can read. Nothing here burns a fuse (docs/boards/esp32-seal.md).
 * Fields of block 0 as in the vendor's manuals of both chips, chapter "eFuse controller".
 */
#include <string.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "main/report.h"
#include CHIP_FILE

#define KEYS 6u                  /* KEY0 to KEY5 are blocks 4 to 9 */
#define PURPOSE_HMAC_UP 8u       /* its result is given to software */
#define WRITE_DISABLED_KEY0 23u  /* bit of word 0 */
#define PURPOSE_BITS 4u
#define PURPOSE_KEY0 88u         /* bit of the block */

static uint32_t purpose_of(unsigned key) {
  unsigned bit = PURPOSE_KEY0 + key * PURPOSE_BITS;
  return fuse_word(bit / 32u) >> bit % 32u & ((1u << PURPOSE_BITS) - 1u);
}

/* Against both: who can read the key can compute all that it does, and who can burn more of its bits makes another key of it. */
static bool is_protected(unsigned key) {
  return (fuse_word(0) >> (WRITE_DISABLED_KEY0 + key) & fuse_word(1) >> key & 1u) != 0;
}

bool chip_secret(const char *purpose, uint8_t secret[CHIP_SECRET_BYTES]) {
  for (unsigned key = 0; key < KEYS; key++) {
    if (purpose_of(key) != PURPOSE_HMAC_UP) continue;
    if (is_protected(key)) return esp32_hmac(key, (const uint8_t *)purpose, strlen(purpose), secret);
    report_number("latchkey: not used, since it can be read or burned further: HMAC key in block", 4u + key);
  }
  return false;
}
