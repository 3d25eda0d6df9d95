/*
 * The ESP32's radio line over a driver of this file's own. Each argument is a step: a command of the unit (join:SSID:KEY, serve:SSID,
 * leave:, scan:, listen:CHANNEL, country:CODE, names and keys in hexadecimal), an event of the driver (event:KIND:REASON), frames that it
 * heard (heard:COUNT), an address from DHCP (ip:), the beginning of a sleep (zzz:), time that goes by (after:MS), or the unit being busy from
 * now on, or no longer (busy:1, busy:0). Prints what the driver was asked for, what the unit was told, and the log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/last-network.h"
#include "chips/esp32/radio.h"
#include "chips/serial.h"
#include "main/report.h"
#include "port/crc32.h"

static uint64_t now_ms;
static bool is_busy;
static struct esp32_event next;

static void print(const char *what, const uint8_t *bytes, size_t length) {
  printf("%s", what);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

uint64_t chip_milliseconds(void) { return now_ms; }
uint64_t esp32_microseconds(void) { return now_ms * 1000u; }
void chip_serial_resume(int line) { (void)line; }
void report_line(const char *text) { printf("log %s\n", text); }
void report_and_restart(uint32_t reason, const char *text) {
  (void)reason;
  printf("restart %s\n", text);
  exit(1);
}
void report_number(const char *text, uint32_t number) { printf("log %s %u\n", text, number); }

bool esp32_radio_start(void) { return true; }
bool esp32_radio_country(const uint8_t code[2]) {
  printf("driver country %.2s\n", (const char *)code);
  return memcmp(code, "ZA", 2) != 0;
}
bool esp32_radio_scan(void) { return printf("driver scan\n") > 0; }
bool esp32_radio_listen(uint8_t channel) { return printf("driver listen %u\n", channel) > 0; }
bool esp32_radio_leave(void) { return printf("driver leave\n") > 0; }
void esp32_radio_save_power(bool on) { printf("driver save power %d\n", on); }

bool esp32_radio_join(const uint8_t *ssid, size_t ssid_length, const uint8_t *key, size_t key_length, uint8_t channel,
                      const uint8_t bssid[6]) {
  print("driver join ", ssid, ssid_length);
  print(" ", key, key_length);
  if (channel != 0) print(" of ", bssid, 6);
  if (channel != 0) printf(" on %u", channel);
  return printf("\n") > 0;
}

bool esp32_radio_serve(const uint8_t *ssid, size_t length) {
  print("driver serve ", ssid, length);
  return printf("\n") > 0;
}

void esp32_radio_mac(bool of_access_point, uint8_t mac[6]) { memset(mac, of_access_point ? 0xaa : 0x55, 6); }

/* A hidden network that is open, one of transition mode, and a name of bytes that are no text. */
size_t esp32_radio_networks(struct esp32_network *out, size_t most) {
  static const struct esp32_network all[] = {
      {.bssid = {1}, .channel = 1, .rssi_dbm = -70, .auth = 0},
      {.ssid = "Lamplight", .ssid_bytes = 9, .bssid = {2}, .channel = 6, .rssi_dbm = -40, .auth = 7, .pairwise = 4, .group = 4},
      {.ssid = {0xff, 0, 0xfe}, .ssid_bytes = 3, .bssid = {3}, .channel = 13, .rssi_dbm = -80, .auth = 4, .pairwise = 5, .group = 3},
  };
  size_t count = sizeof all / sizeof *all < most ? sizeof all / sizeof *all : most;
  memcpy(out, all, count * sizeof *all);
  return count;
}

void esp32_radio_event(struct esp32_event *event) {
  *event = next;
  memset(&next, 0, sizeof next);
}

static void tell_all(void) {
  while (serial_available(CHIP_RADIO) > 0) {
    uint8_t frame[600];
    size_t length = 8u + serial_peek(CHIP_RADIO, 2) + 256u * serial_peek(CHIP_RADIO, 3);
    for (size_t i = 0; i < length; i++) frame[i] = serial_peek(CHIP_RADIO, i);
    serial_drop(CHIP_RADIO, length);
    printf("told %02x ", frame[1]);
    print("", frame + 4, length - 8);
    printf("\n");
  }
}

static size_t counted(const char *hex, size_t digits, uint8_t *out) {
  out[0] = (uint8_t)(digits / 2);
  for (size_t i = 0; i < digits / 2; i++) {
    char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
    out[1 + i] = (uint8_t)strtoul(two, NULL, 16);
  }
  return 1 + digits / 2;
}

/* In the three parts in which port/frame.c writes a frame. */
static void command(uint8_t type, const uint8_t *bytes, size_t length) {
  uint8_t head[4] = {0xc5, type, (uint8_t)length, 0}, tail[4];
  uint32_t crc = crc32_more(crc32_more(0, head + 1, 3), bytes, length);
  for (unsigned i = 0; i < 4; i++) tail[i] = (uint8_t)(crc >> (8 * i));
  radio_command(head, 4);
  radio_command(bytes, length);
  radio_command(tail, 4);
}

static void hear(unsigned count) {
  uint8_t frame[24 + 40] = {0x08, 0x42};
  memset(frame + 4, 0xff, 6);
  for (unsigned i = 0; i < count; i++) {
    frame[22] = (uint8_t)(i << 4);
    frame[23] = (uint8_t)(i >> 4);
    radio_heard(6, frame, sizeof frame);
  }
}

static void step(const char *text) {
  uint8_t bytes[100] = {0};
  const char *first = strchr(text, ':') + 1, *second = strchr(first, ':');
  size_t digits = second ? (size_t)(second - first) : strlen(first), length = 0;
  switch (text[0]) {
    case 'j':
      length = counted(first, digits, bytes);
      length += counted(second + 1, strlen(second + 1), bytes + length);
      command(3, bytes, length);
      break;
    case 's':
      if (text[1] == 'c') command(1, bytes, 0);
      else command(5, bytes, counted(first, digits, bytes));
      break;
    case 'l':
      bytes[0] = (uint8_t)atoi(first);
      if (text[1] == 'e') command(4, bytes, 0);
      else command(2, bytes, 1);
      break;
    case 'e':
      next = (struct esp32_event){.kind = (uint8_t)atoi(first), .bssid = {9}, .channel = 11, .reason = (uint16_t)(second ? atoi(second + 1) : 0)};
      break;
    case 'i': radio_tell_address((const uint8_t[]){192, 168, 4, 15}); break;
    case 'z': last_network_recall(); break;
    case 'c': command(6, (const uint8_t *)first, digits); break;
    case 'h': hear((unsigned)atoi(first)); break;
    case 'b': is_busy = atoi(first); break;
    case 'a': now_ms += (uint64_t)atoi(first); break;
    default: exit(2);
  }
}

int main(int count, char **steps) {
  radio_start();
  for (int i = 1; i < count; i++) {
    printf("> %s\n", steps[i]);
    step(steps[i]);
    for (unsigned turn = 0; turn < 20; turn++) {
      radio_poll();
      if (!is_busy) tell_all();
    }
  }
  return 0;
}
