/*
 * Starts a verified image where it lies in flash, as the vendor's boot loader would: segments for RAM are copied, those for flash are
 * mapped (esp_image_header_t of ESP-IDF). The boot stage itself lies in RAM that no segment may touch (boot.ld).
 */
#include <string.h>
#include "boot/start.h"
#include "chips/chip.h"
#include "chips/esp32/map.h"
#include "chips/esp32/rom.h"
#include "main/report.h"

#define MAGIC 0xe9u
#define SEGMENTS_MOST 16u

struct head {
  uint8_t magic, segments, mode, speed_and_size;
  uint32_t entry;
  uint8_t more[16];
};
struct segment {
  uint32_t address, bytes;
};

extern uint8_t _boot_start[], _boot_end[];

static bool is_mapped(uint32_t address) {
  return (address >= MAP_DATA && address < MAP_DATA + WINDOW_ENTRY * MAP_PAGE_BYTES) ||
         (address >= MAP_CODE && address < MAP_CODE + WINDOW_ENTRY * MAP_PAGE_BYTES);
}

static void map(uint32_t address, uint32_t flash, uint32_t bytes) {
  uint32_t first = address / MAP_PAGE_BYTES % WINDOW_ENTRY, pages = (address % MAP_PAGE_BYTES + bytes + MAP_PAGE_BYTES - 1) / MAP_PAGE_BYTES;
  for (uint32_t i = 0; i < pages; i++) map_set(first + i, flash / MAP_PAGE_BYTES + i);
  Cache_Invalidate_Addr(address / MAP_PAGE_BYTES * MAP_PAGE_BYTES, pages * MAP_PAGE_BYTES);
}

static bool is_ours(struct segment s) {
  uint32_t start = map_ram(s.address), end = start + s.bytes;
  return start < (uint32_t)(uintptr_t)_boot_end && end > map_ram((uint32_t)(uintptr_t)_boot_start);
}

void start_image(const uint32_t *flash_address) {
  uint32_t at = (uint32_t)(uintptr_t)flash_address;
  struct head head;
  struct segment segment;
  chip_flash_read(at, &head, sizeof head);
  at += sizeof head;
  for (unsigned i = 0; head.magic == MAGIC && i < head.segments && i < SEGMENTS_MOST; i++, at += segment.bytes) {
    chip_flash_read(at, &segment, sizeof segment);
    at += sizeof segment;
    if (is_mapped(segment.address)) map(segment.address, at, segment.bytes);
    else if (segment.address != 0 && !is_ours(segment)) chip_flash_read(at, (void *)(uintptr_t)map_ram(segment.address), segment.bytes);
  }
  if (head.magic != MAGIC) report_and_restart(RESET_FAULT, "the image is not one for this chip");
  chip_watchdog_feed();
  /* The vendor's boot loader leaves interrupts on, and esp-hal counts on that; none has a source yet. */
  __asm volatile("fence.i\n csrsi mstatus, 8\n jr %0" ::"r"(head.entry));
  __builtin_unreachable();
}
