#ifdef BOARD_SLEEP
#include "port/retained.h"
#include <string.h>
#include "port/crc32.h"

#define MAGIC 0x50454c53u

static struct {
  uint32_t magic, woken_by, length, check;
  uint8_t bytes[RETAINED_BYTES];
} retained __attribute__((section(".retained")));

static size_t kept_length;

static uint32_t check(void) {
  uint32_t head[] = {retained.magic, retained.woken_by, retained.length};
  return crc32_more(crc32_more(0, head, sizeof head), retained.bytes, RETAINED_BYTES);
}

void retained_keep(const uint8_t *bytes, size_t length) {
  memset(&retained, 0, sizeof retained);
  memcpy(retained.bytes, bytes, length);
  retained.length = (uint32_t)length;
}

void retained_wake(uint32_t woken_by) {
  retained.magic = MAGIC;
  retained.woken_by = woken_by;
  retained.check = check();
}

static enum wake told(void) {
  if (retained.magic != MAGIC || retained.length > RETAINED_BYTES || retained.check != check()) return WAKE_START;
#ifdef CHIP_DEEP_SLEEP
  if (retained.woken_by == WAKE_BY_RESET) return chip_woken_by();
#endif
  return retained.woken_by <= WAKE_BUTTON ? (enum wake)retained.woken_by : WAKE_START;
}

enum wake retained_take(void) {
  enum wake woken_by = told();
  kept_length = woken_by == WAKE_START ? 0 : retained.length;
  retained.magic = 0;
  return woken_by;
}

const uint8_t *retained_bytes(size_t *length) {
  *length = kept_length;
  return retained.bytes;
}
#endif
