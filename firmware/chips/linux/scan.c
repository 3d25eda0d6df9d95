#include "chips/linux/scan.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/linux/dot11.h"
#include "chips/linux/wpa.h"

#define NETWORKS_MOST 32
#define SSID_MOST 32u
#define MHZ_5 5000u

enum { OPEN_NETWORK, WEP, CCMP, TKIP, MIXED, GCMP };

struct network {
  uint8_t ssid[SSID_MOST], bssid[6], channel, cipher;
  size_t ssid_bytes;
  unsigned mhz;
  int dbm;
};

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1; }

/* Undoes wpa_supplicant's printf_encode. False for what is too long for a name. */
static bool decode_ssid(const char *text, struct network *n) {
  for (n->ssid_bytes = 0; *text; n->ssid_bytes++) {
    if (n->ssid_bytes == SSID_MOST) return false;
    int byte = (uint8_t)*text++;
    if (byte == '\\') {
      char kind = *text ? *text++ : '\\';
      byte = kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind == 't' ? '\t' : kind == 'e' ? 27 : (uint8_t)kind;
      if (kind == 'x' && digit(text[0]) >= 0 && digit(text[1]) >= 0) {
        byte = digit(text[0]) * 16 + digit(text[1]);
        text += 2;
      }
    }
    n->ssid[n->ssid_bytes] = (uint8_t)byte;
  }
  return true;
}

/* Broadcasts go under the weakest that a station may use. A MIC of 16 bytes makes GCMP and CCMP with 256 bits alike. */
static uint8_t cipher_of(const char *flags) {
  bool tkip = strstr(flags, "TKIP"), ccmp = false, longer = strstr(flags, "GCMP");
  for (const char *at = flags; (at = strstr(at, "CCMP")) != NULL; at += 4) {
    if (strncmp(at + 4, "-256", 4) == 0) longer = true;
    else ccmp = true;
  }
  if (tkip) return ccmp || longer ? MIXED : TKIP;
  if (ccmp || longer) return ccmp ? CCMP : GCMP;
  return strstr(flags, "WEP") ? WEP : OPEN_NETWORK;
}

/* A line of SCAN_RESULTS: BSSID, frequency, level, flags, name, parted by tabs. */
static bool read_network(const char *line, struct network *n) {
  unsigned b[6];
  char flags[256];
  int flags_end = 0;
  if (sscanf(line, "%2x:%2x:%2x:%2x:%2x:%2x\t%u\t%d\t%255[^\t]%n", b, b + 1, b + 2, b + 3, b + 4, b + 5, &n->mhz, &n->dbm,
             flags, &flags_end) != 9)
    return false;
  if (line[flags_end] != '\t') return false; /* a name may begin with white space, which sscanf would pass over */
  for (int i = 0; i < 6; i++) n->bssid[i] = (uint8_t)b[i];
  n->channel = dot11_channel(n->mhz);
  n->cipher = cipher_of(flags);
  if (n->dbm < -128) n->dbm = -128;
  if (n->dbm > 127) n->dbm = 127;
  return n->channel >= 1 && decode_ssid(line + flags_end + 1, n);
}

static int weaker(const void *a, const void *b) { return ((const struct network *)b)->dbm - ((const struct network *)a)->dbm; }

/* Of the last scan of each band; wpa_supplicant itself forgets them when its interface is down, as it is while the unit listens. */
static struct network networks[NETWORKS_MOST];
static size_t count;

static bool is_found(const struct network *found, size_t length, const struct network *n) {
  for (size_t i = 0; i < length; i++)
    if (memcmp(found[i].bssid, n->bssid, sizeof n->bssid) == 0) return true;
  return false;
}

static void read_networks(bool is_5_ghz) {
  static char text[8192];
  static struct network found[NETWORKS_MOST];
  size_t length = 0, heard;
  if (!wpa_ask("SCAN_RESULTS", text, sizeof text)) text[0] = 0;
  for (char *next = text, *line; (line = strsep(&next, "\n")) != NULL && length < NETWORKS_MOST;)
    if (read_network(line, &found[length])) length++;
  heard = length;
  for (size_t i = 0; i < count && length < NETWORKS_MOST; i++)
    if ((networks[i].mhz >= MHZ_5) != is_5_ghz && !is_found(found, heard, &networks[i])) found[length++] = networks[i];
  memcpy(networks, found, length * sizeof *found);
  count = length;
}

void scan_frequencies(const uint8_t *ssid, size_t ssid_bytes, char *out, size_t room) {
  size_t at = 0;
  out[0] = 0;
  for (size_t i = 0; i < count && at + sizeof " 5885" <= room; i++) {
    if (networks[i].ssid_bytes != ssid_bytes || memcmp(networks[i].ssid, ssid, ssid_bytes) != 0) continue;
    at += (size_t)snprintf(out + at, room - at, at ? " %u" : "%u", networks[i].mhz);
  }
}

size_t scan_results(bool is_5_ghz, uint8_t *out, size_t room) {
  size_t at = 1;
  out[0] = 0;
  read_networks(is_5_ghz);
  qsort(networks, count, sizeof *networks, weaker);
  for (size_t i = 0; i < count && at + 10 + networks[i].ssid_bytes <= room; i++) {
    const struct network *n = &networks[i];
    out[at++] = (uint8_t)n->ssid_bytes;
    memcpy(out + at, n->ssid, n->ssid_bytes);
    memcpy(out + at + n->ssid_bytes, n->bssid, 6);
    at += n->ssid_bytes + 6;
    out[at++] = n->channel;
    out[at++] = (uint8_t)n->dbm;
    out[at++] = n->cipher;
    out[0]++;
  }
  return at;
}
