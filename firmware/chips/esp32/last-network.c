#include "chips/esp32/last-network.h"
#include <string.h>
#include "port/crc32.h"

#define MAGIC 0x4c4e4554u

struct network {
  uint32_t magic;
  uint8_t ssid[32], ssid_bytes;
  struct access_point at;
  uint32_t check;
};

static struct network kept __attribute__((section(".retained")));
static struct network aside;

static uint32_t check(void) { return crc32_more(crc32_more(0, kept.ssid, sizeof kept.ssid + 1), &kept.at, sizeof kept.at); }

void last_network_keep(const uint8_t *ssid, size_t length, const struct access_point *at) {
  memset(&kept, 0, sizeof kept);
  memcpy(kept.ssid, ssid, length);
  kept.ssid_bytes = (uint8_t)length;
  kept.at = *at;
  kept.check = check();
  kept.magic = MAGIC;
}

bool last_network_find(const uint8_t *ssid, size_t length, struct access_point *at) {
  if (kept.magic != MAGIC || kept.check != check() || kept.ssid_bytes != length || memcmp(kept.ssid, ssid, length) != 0) return false;
  *at = kept.at;
  return true;
}

void last_network_forget(void) { memset(&kept, 0, sizeof kept); }

void last_network_set_aside(void) {
  aside = kept;
  last_network_forget();
}

void last_network_recall(void) {
  if (kept.magic != MAGIC) kept = aside;
}
