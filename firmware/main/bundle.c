#include "main/bundle.h"
#include <stdint.h>
#include <string.h>
#include "chips/chip.h"
#include "main/report.h"

const char *bundle_find(size_t *length) {
  uint32_t head[2];
  chip_flash_read(REGION_JSA_START, head, sizeof head);
  if (head[0] != 0x534a4b4cu || head[1] > REGION_JSA_BYTES - 9) report_and_restart(RESET_FAULT, "no bundle");
  *length = head[1];
  static const uint8_t end = 0;
  chip_flash_write(REGION_JSA_START + 8 + head[1], &end, 1);
  return chip_flash_map(REGION_JSA_START + 8);
}
