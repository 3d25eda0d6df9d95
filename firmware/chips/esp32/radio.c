#include "chips/esp32/radio.h"
#include <string.h>
#include "chips/chip.h"
#include "chips/data-frame.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/join-reason.h"
#include "chips/esp32/last-network.h"
#include "chips/esp32/networks.h"
#include "chips/esp32/own-network.h"
#include "chips/serial.h"
#include "main/report.h"
#include "port/crc32.h"
#include "port/frame.h"
#include "port/sodium.h"

#define JOIN_MS 30000u
#define TRIES_MOST 3u
#define SCAN_MS 12000u
#define HEARD_MOST 64u /* frames between two turns of the main loop; a power of two: the counts wrap */
#define COMMAND_BYTES_MOST 128u
#define AROUND_BYTES 8u
#define KEPT_FREE_BYTES 128u /* of the line's ring, for what nobody says again: joined, not joined, left, serving */

enum { SCAN = 1, LISTEN, JOIN, LEAVE, ACCESS_POINT, COUNTRY, FRAME = 0x81, SCANNED, JOINED, JOIN_FAILED, LEFT, SERVING };
enum { NO_NETWORK = 1, REFUSED };

static bool is_on, is_scanning, is_listening, wants_listen;
static uint8_t channel;
static enum { APART, JOINING, TOGETHER } state;
static bool wants_serving, is_serving;
static bool is_country_unknown; /* still to be told */
static unsigned tries;
static bool is_direct; /* this try asks the last access point alone */
static uint64_t until_ms, scan_until_ms;
static uint8_t asked[2 + 32 + 64], joined[16]; /* of JOIN; of JOINED: IPv4, MAC, BSSID */

/* Frames heard: written by the driver's task, read by the main task, never both at one place. In memory of the RTC, whose rest is free. */
static uint8_t heard[HEARD_MOST][HEARD_BYTES] __attribute__((section(".unset")));
static volatile uint32_t heard_in, heard_out, heard_lost; /* those lost are not in the others */

/* Into the line's ring, whole or not at all. */
static bool tell(uint8_t type, const uint8_t *bytes, size_t length) {
  uint8_t head[4] = {0xc5, type, (uint8_t)length, (uint8_t)(length >> 8)};
  uint32_t crc = crc32_more(crc32_more(0, head + 1, 3), bytes, length);
  size_t kept_free = type == FRAME || type == SCANNED ? KEPT_FREE_BYTES : 0;
  if (serial_available(CHIP_RADIO) + length + AROUND_BYTES + kept_free > SERIAL_RING_BYTES) return false;
  for (size_t i = 0; i < sizeof head; i++) chip_serial_received(CHIP_RADIO, head[i]);
  for (size_t i = 0; i < length; i++) chip_serial_received(CHIP_RADIO, bytes[i]);
  for (unsigned i = 0; i < 4; i++) chip_serial_received(CHIP_RADIO, (uint8_t)(crc >> (8 * i)));
  return true;
}

void radio_start(void) {
  is_on = esp32_radio_start();
  if (!is_on) report_line("latchkey: the radio does not start");
}

bool radio_is_on(void) { return is_on; }
bool radio_is_serving(void) { return is_serving; }

void radio_heard(uint8_t on, const uint8_t *bytes, size_t length) {
  struct data_frame frame;
  if (!is_listening || !data_frame_read(bytes, length, &frame)) return;
  if (heard_in - heard_out == HEARD_MOST) {
    heard_lost++;
    return;
  }
  data_frame_told(&frame, esp32_microseconds(), on, heard[heard_in % HEARD_MOST]);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  heard_in++;
}

static void listen_now(void) {
  is_listening = wants_listen && !is_scanning && state == APART && esp32_radio_listen(channel);
}

static void stop_listening(void) {
  if (is_listening) esp32_radio_listen(0);
  is_listening = false;
}

static void scan(void) {
  if (is_scanning) return;
  stop_listening();
  wants_listen = false;
  scan_until_ms = chip_milliseconds() + SCAN_MS;
  is_scanning = true;
  if (!esp32_radio_scan()) scan_until_ms = 0; /* told as empty at the next turn */
}

/* The driver forgets what it found once it has told it, so that waits here for room in the line. */
static void tell_scan(void) {
  static uint8_t found[FRAME_PAYLOAD_MOST];
  static size_t length;
  if (length == 0) length = networks_told(found, sizeof found);
  if (!tell(SCANNED, found, length)) return;
  length = 0;
  is_scanning = false;
  listen_now();
}

static void fail(uint8_t reason) {
  state = APART;
  sodium_memzero(asked, sizeof asked);
  tell(JOIN_FAILED, &reason, 1);
}

static bool ask_to_join(void) {
  uint8_t name = asked[0], key = asked[1 + name];
  struct access_point last;
  is_direct = tries == 0 && last_network_find(asked + 1, name, &last);
  return esp32_radio_join(asked + 1, name, asked + 2 + name, key, is_direct ? last.channel : 0, last.bssid);
}

static void join(const uint8_t *bytes, uint32_t length) {
  uint32_t name = length > 0 ? bytes[0] : 255, key = 1 + name < length ? bytes[1 + name] : 255;
  if (name > 32 || key > 64 || 2 + name + key != length) return;
  stop_listening();
  wants_listen = false;
  memcpy(asked, bytes, length);
  state = JOINING;
  tries = 0;
  until_ms = chip_milliseconds() + JOIN_MS;
  if (!ask_to_join()) fail(REFUSED);
}

static bool has_address(void) { return memcmp(joined, (const uint8_t[4]){0}, 4) != 0; }

/* An access point that gave no address is not asked alone again. */
static void leave(void) {
  bool was_together = state == TOGETHER;
  state = APART;
  sodium_memzero(asked, sizeof asked);
  if (was_together && has_address()) last_network_set_aside();
  else last_network_forget();
  esp32_radio_save_power(false);
  esp32_radio_leave();
  if (was_together) tell(LEFT, NULL, 0);
}

static void serve(const uint8_t *bytes, uint32_t length) {
  if (length < 1 || bytes[0] > 32 || length != 1u + bytes[0]) return;
  stop_listening();
  wants_listen = false;
  if (bytes[0] == 0 && !wants_serving) return;
  wants_serving = esp32_radio_serve(bytes + 1, bytes[0]) && bytes[0] != 0;
  if (bytes[0] != 0 && !wants_serving) tell(SERVING, NULL, 0);
}

static void obey(uint8_t type, const uint8_t *bytes, uint32_t length) {
  if (type == SCAN) scan();
  if (type == JOIN) join(bytes, length);
  if (type == LEAVE) leave();
  if (type == ACCESS_POINT) serve(bytes, length);
  if (type == COUNTRY && length == 2) is_country_unknown = !esp32_radio_country(bytes);
  if (type == LISTEN && length == 1) {
    channel = bytes[0];
    wants_listen = channel >= 1 && channel <= 14;
    if (wants_listen) listen_now();
    else stop_listening();
  }
}

/* port/frame.c writes a frame in three parts: head, payload and CRC. */
void radio_command(const uint8_t *bytes, size_t length) {
  static uint8_t command[COMMAND_BYTES_MOST + AROUND_BYTES];
  static size_t have;
  if (have + length > sizeof command) have = 0; /* nothing that long is a command */
  if (length > sizeof command) return;
  memcpy(command + have, bytes, length);
  have += length;
  if (have < 4 || have < 4u + (command[2] | (size_t)command[3] << 8) + 4u) return;
  obey(command[1], command + 4, command[2]);
  sodium_memzero(command, sizeof command);
  have = 0;
}

static void disconnected(uint16_t reason) {
  if (state == TOGETHER) {
    state = APART;
    esp32_radio_save_power(false);
    tell(LEFT, NULL, 0);
  } else if (state == JOINING) {
    enum join_verdict verdict = join_verdict(reason);
    bool again = verdict == JOIN_AGAIN_ELSE_REFUSED || verdict == JOIN_AGAIN_ELSE_NO_NETWORK;
    if (is_direct || (again && tries + 1 < TRIES_MOST)) {
      tries += is_direct ? 0 : 1;
      last_network_forget();
      if (ask_to_join()) return;
    }
    report_number("latchkey: not joined, reason of the driver", reason);
    fail(verdict == JOIN_AGAIN_ELSE_REFUSED || verdict == JOIN_REFUSED ? REFUSED : NO_NETWORK);
  }
}

static void connected(const uint8_t bssid[6], uint8_t on) {
  struct access_point at = {.channel = on};
  if (state != JOINING) return;
  state = TOGETHER;
  memcpy(at.bssid, bssid, 6);
  last_network_keep(asked + 1, asked[0], &at);
  sodium_memzero(asked, sizeof asked);
  esp32_radio_save_power(true);
  memset(joined, 0, 4);
  esp32_radio_mac(false, joined + 4);
  memcpy(joined + 10, bssid, 6);
  tell(JOINED, joined, sizeof joined);
}

bool radio_tell_address(const uint8_t ipv4[4]) {
  bool is_told = memcmp(joined, ipv4, 4) == 0 && serial_available(CHIP_RADIO) == 0;
  if (state != TOGETHER || is_told) return true;
  if (memcmp(joined, ipv4, 4) != 0) {
    memcpy(joined, ipv4, 4);
    if (!tell(JOINED, joined, sizeof joined)) memset(joined, 0, 4);
  }
  return false;
}

static void take_event(void) {
  struct esp32_event event;
  esp32_radio_event(&event);
  if (event.kind == ESP32_SCANNED && is_scanning) scan_until_ms = 0;
  if (event.kind == ESP32_CONNECTED) connected(event.bssid, event.channel);
  if (event.kind == ESP32_DISCONNECTED) disconnected(event.reason);
  /* To give an access point its name, the driver stops it and starts it again: one that is wanted has not ended then. */
  if (event.kind == ESP32_SERVING && wants_serving && !is_serving) {
    is_serving = true;
    tell(SERVING, own_address, 4);
  }
  if (event.kind == ESP32_CLOSED && !wants_serving && is_serving) {
    is_serving = false;
    tell(SERVING, NULL, 0);
  }
}

/* Numbers that a reader of the log sees rise: frames that came faster than the main loop took them, and those that it took. */
static void tell_lost(void) {
  static uint32_t told;
  if (heard_lost < told + 100u) return;
  told = heard_lost;
  report_number("latchkey: frames taken", heard_out);
  report_number("latchkey: frames not taken", told);
}

/* Not where the command is taken: what writes to the radio's line writes the log too. */
static void tell_country(void) {
  if (!is_country_unknown) return;
  is_country_unknown = false;
  report_line("latchkey: the radio does not know the rules of the unit's country; it keeps the most careful ones");
}

void radio_poll(void) {
  if (!is_on) return;
  tell_country();
  take_event();
  uint64_t now_ms = chip_milliseconds();
  if (is_scanning && now_ms >= scan_until_ms) tell_scan();
  if (state == JOINING && now_ms >= until_ms) {
    esp32_radio_leave();
    fail(REFUSED);
  }
  while (heard_out != heard_in && tell(FRAME, heard[heard_out % HEARD_MOST], HEARD_BYTES)) heard_out++;
  tell_lost();
}
