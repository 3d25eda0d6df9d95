/*
 * The ESP32's deep sleep over a chip of this file's own. Each argument is a step: what the app keeps (keep:HEX), a sleep
 * (sleep:MS:PIN:BEFORE), a bit that changes meanwhile (flip:BIT, from the start of the record), a start (start:time, start:pin:PIN, start:power),
 * a network that is joined and left (left:), and whether it is known (ask:). Prints what the chip was asked for and what the start finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/inputs.h"
#include "chips/esp32/last-network.h"
#include "port/retained.h"

#define HEAD_BYTES 16u

static bool by_time;
static int by_pin = -1;

void esp32_sleep(uint64_t us, uint32_t pins, uint32_t high) { printf("sleeps %llu us, pins %x, high %x\n", (unsigned long long)us, pins, high); }
void inputs_open(void) { printf("back, inputs open\n"); }
bool esp32_woken_by_time(void) { return by_time; }
bool esp32_woken_by_pin(unsigned pin) { return (int)pin == by_pin; }

static uint8_t *record(void) {
  size_t length;
  return (uint8_t *)(uintptr_t)retained_bytes(&length) - HEAD_BYTES;
}

static void start(const char *cause) {
  static const char *const names[] = {"start", "timer", "pin", "button"};
  by_time = strcmp(cause, "time") == 0;
  by_pin = strncmp(cause, "pin:", 4) == 0 ? atoi(cause + 4) : -1;
  enum wake woken_by = retained_take();
  size_t length;
  const uint8_t *bytes = retained_bytes(&length);
  printf("%s, kept ", names[woken_by]);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  printf("\n");
}

static void step(const char *text) {
  const char *rest = strchr(text, ':') + 1;
  static const struct access_point at = {.channel = 11, .bssid = {9}};
  struct access_point found;
  if (strncmp(text, "keep", 4) == 0) {
    uint8_t bytes[RETAINED_BYTES];
    size_t length = strlen(rest) / 2;
    for (size_t i = 0; i < length; i++) {
      char two[3] = {rest[2 * i], rest[2 * i + 1], 0};
      bytes[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    retained_keep(bytes, length);
    retained_wake(WAKE_BY_RESET);
  } else if (strncmp(text, "sleep", 5) == 0) {
    char *end;
    uint64_t ms = strtoull(rest, &end, 10);
    int pin = (int)strtol(end + 1, &end, 10);
    chip_deep_sleep(ms, pin, atoi(end + 1));
  } else if (strncmp(text, "flip", 4) == 0) {
    unsigned bit = (unsigned)atoi(rest);
    record()[bit / 8] ^= (uint8_t)(1u << bit % 8);
  } else if (strncmp(text, "start", 5) == 0) {
    start(rest);
  } else if (strncmp(text, "left", 4) == 0) {
    last_network_keep((const uint8_t *)"Lamplight", 9, &at);
    last_network_set_aside();
  } else {
    printf("%s\n", last_network_find((const uint8_t *)"Lamplight", 9, &found) && found.channel == 11 ? "known" : "unknown");
  }
}

int main(int count, char **steps) {
  for (int i = 1; i < count; i++) step(steps[i]);
  return 0;
}
