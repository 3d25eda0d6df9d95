/*
 * Starts an ESP32's random source over a generator of this program: `check RADIO WORD STEP`. The generator gives WORD, then each time STEP
 * more. Prints two draws of 16 bytes, in hexadecimal, one a line; nothing for a draw that is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/radio.h"
#include "main/report.h"
#include "port/entropy.h"

static bool has_radio;
static uint32_t word, step;

bool radio_is_on(void) { return has_radio; }
uint32_t esp32_random(void) { return word += step; }
uint64_t esp32_microseconds(void) {
  static uint64_t now_us;
  return now_us += 10;
}
uint64_t chip_nanoseconds(void) { return esp32_microseconds() * 1000u; }
void report_line(const char *text) { fprintf(stderr, "%s\n", text); }

/* libsodium names them; nothing here leads to either. */
void report_and_restart(enum reset_reason reason, const char *text) { (void)reason, report_line(text), exit(3); }
void randombytes_buf(void *out, size_t length) { (void)out, (void)length, exit(3); }

int main(int count, char **words) {
  uint8_t drawn[16];
  if (count != 4) return 2;
  has_radio = atoi(words[1]) != 0;
  word = (uint32_t)strtoul(words[2], NULL, 10);
  step = (uint32_t)strtoul(words[3], NULL, 10);
  entropy_start();
  for (unsigned draw = 0; draw < 2; draw++) {
    if (!entropy_take(drawn, sizeof drawn)) continue;
    for (unsigned i = 0; i < sizeof drawn; i++) printf("%02x", drawn[i]);
    printf("\n");
  }
  return 0;
}
