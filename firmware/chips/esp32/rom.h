/* What of the mask ROM is used, by the names of esp-rom-sys's linker scripts, and the registers of the flash's map. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

int esp_rom_spiflash_write(uint32_t address, const uint32_t *words, int32_t length);
int esp_rom_spiflash_erase_sector(uint32_t sector);
int esp_rom_spiflash_unlock(void);
void Cache_Invalidate_Addr(uint32_t address, uint32_t length);
void software_reset(void);
int rtc_get_reset_reason(int cpu);

/* Main, timer and RTC watchdogs: values 7 to 9, 11, 13 and 16 to 18 of soc_reset_reason_t on both chips; none of them is a request. */
static inline bool rom_reset_is_watchdog(void) {
  int reason = rtc_get_reset_reason(0);
  return (reason >= 7 && reason <= 9) || reason == 11 || reason == 13 || (reason >= 16 && reason <= 18);
}
