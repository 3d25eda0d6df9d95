/*
 * Runs what the radio process reads the air with (chips/linux/scan.c, dot11.c) over what the test gives it:
 *
 *   radio-check scan     answers to SCAN_RESULTS on its input, parted by form feeds, of 2.4 and 5 GHz in turn; for each prints what the
 *                        unit is told, in hexadecimal digits, and where a join would look for Lamplight
 *   radio-check frames   packets, each behind its length of four bytes; prints a line for each data frame
 */
#include <stdio.h>
#include <string.h>
#include "chips/linux/dot11.h"
#include "chips/linux/scan.h"
#include "chips/linux/wpa.h"

static char input[65536], *text;

bool wpa_ask(const char *command, char *answer, size_t room) {
  (void)command;
  snprintf(answer, room, "%s", text);
  return true;
}

static void print_hex(const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

static void read_frames(void) {
  static uint8_t packet[65536];
  uint8_t length[4];
  while (fread(length, 1, 4, stdin) == 4) {
    size_t bytes = length[0] | (size_t)length[1] << 8;
    struct data_frame f;
    uint16_t mhz;
    if (fread(packet, 1, bytes, stdin) != bytes) return;
    if (!dot11_read(packet, bytes, &f, &mhz)) continue;
    printf("%d %d %d %d %d %d ", dot11_channel(mhz), f.sequence, f.body_bytes, f.retry, f.to_access_point, f.qos ? f.tid : -1);
    print_hex(f.bssid, 6);
    print_hex(f.source, 6);
    print_hex(f.destination, 6);
    puts("");
  }
}

int main(int argc, char **argv) {
  uint8_t out[512];
  if (argc == 2 && strcmp(argv[1], "frames") == 0) {
    read_frames();
  } else {
    char known[80], *next = input;
    input[fread(input, 1, sizeof input - 1, stdin)] = 0;
    for (bool is_5_ghz = false; (text = strsep(&next, "\f")) != NULL; is_5_ghz = !is_5_ghz) {
      print_hex(out, scan_results(is_5_ghz, out, sizeof out));
      scan_frequencies((const uint8_t *)"Lamplight", 9, known, sizeof known);
      printf(" %s\n", known);
    }
  }
}
