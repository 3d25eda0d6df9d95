#include "chips/linux/scan.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/linux/dot11.h"
#include "chips/linux/wpa.h"

#define NETWORKS_MOST 32
#define SSID_MOST 32u

enum { OPEN_NETWORK, WEP, CCMP, TKIP, MIXED, GCMP };

struct network {
  uint8_t ssid[SSID_MOST], bssid[6], channel, cipher;
  size_t ssid_bytes;
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
  unsigned b[6], mhz;
  char flags[256];
  int flags_end = 0;
  if (sscanf(line, "%2x:%2x:%2x:%2x:%2x:%2x\t%u\t%d\t%255[^\t]%n", b, b + 1, b + 2, b + 3, b + 4, b + 5, &mhz, &n->dbm, flags,
             &flags_end) != 9)
    return false;
  if (line[flags_end] != '\t') return false; /* a name may begin with white space, which sscanf would pass over */
  for (int i = 0; i < 6; i++) n->bssid[i] = (uint8_t)b[i];
  n->channel = dot11_channel(mhz);
  n->cipher = cipher_of(flags);
  if (n->dbm < -128) n->dbm = -128;
  if (n->dbm > 127) n->dbm = 127;
  return n->channel >= 1 && decode_ssid(line + flags_end + 1, n);
}

static int weaker(const void *a, const void *b) { return ((const struct network *)b)->dbm - ((const struct network *)a)->dbm; }

size_t scan_results(uint8_t *out, size_t room) {
  static char text[8192];
  static struct network networks[NETWORKS_MOST];
  size_t count = 0, at = 1;
  out[0] = 0;
  if (!wpa_ask("SCAN_RESULTS", text, sizeof text)) return 1;
  for (char *next = text, *line; (line = strsep(&next, "\n")) != NULL && count < NETWORKS_MOST;)
    if (read_network(line, &networks[count])) count++;
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
