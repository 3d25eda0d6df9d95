/* Where the vendor's boot loader enters. Its stack lies in memory that the runtime gets as well, so the boot stage has one of its own. */
#include <stdint.h>
#include "chips/chip.h"

extern uint32_t _bss_start[], _bss_end[];
int main(void);

void enter(void) __attribute__((noreturn, used));

__attribute__((naked, section(".entry"))) void boot_entry(void);
void boot_entry(void) { __asm volatile("csrci mstatus, 8\n la sp, _stack_top\n j enter"); }

void enter(void) {
  for (uint32_t *at = _bss_start; at < _bss_end; at++) *at = 0;
  chip_start();
  main();
  chip_restart();
}

/* What the vendor's boot loader looks at in the first segment (esp_app_desc_t of ESP-IDF): magic, names, and the size of pages. */
__attribute__((section(".appdesc"), used)) const struct {
  uint32_t magic, secure_version, zero[2];
  char version[32], name[32], time[16], date[16], idf[32];
  uint8_t elf_sha256[32];
  uint16_t least_block_revision, most_block_revision;
  uint8_t page_log2, zeros[3];
  uint32_t more[18];
} appdesc = {.magic = 0xabcd5432u, .version = "1", .name = "latchkey-boot", .most_block_revision = 0xffff, .page_log2 = 16};

/* It maps two segments of flash, one for data and one for code, and ends the start when an image has only one. */
__attribute__((section(".mapped"), used)) const uint32_t mapped[4] = {0x4b48434cu};
