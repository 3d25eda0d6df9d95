#include "chips/esp32/networks.h"
#include <stdbool.h>
#include <string.h>
#include "chips/esp32/esp32.h"

#define NETWORKS_MOST 24u

enum { OPEN_NETWORK, WEP, CCMP, TKIP, MIXED, GCMP };
/* wifi_cipher_type_t and wifi_auth_mode_t of the driver. */
enum { CIPHER_TKIP = 3, CIPHER_CCMP, CIPHER_TKIP_CCMP, CIPHER_GCMP = 8, CIPHER_GCMP256 };
enum { AUTH_OPEN = 0, AUTH_WEP, AUTH_OWE = 9 };

/* Broadcasts go under the weakest that a station may use. */
static uint8_t cipher_of(const struct esp32_network *n) {
  if (n->auth == AUTH_OPEN) return OPEN_NETWORK;
  if (n->auth == AUTH_WEP) return WEP;
  if (n->pairwise == CIPHER_TKIP_CCMP || (n->group == CIPHER_TKIP && n->pairwise != CIPHER_TKIP)) return MIXED;
  if (n->pairwise == CIPHER_TKIP) return TKIP;
  return n->group == CIPHER_GCMP || n->group == CIPHER_GCMP256 ? GCMP : CCMP;
}

/* The driver gives them strongest first within a channel at most. */
static void sort(struct esp32_network *networks, size_t count) {
  for (size_t i = 1; i < count; i++) {
    struct esp32_network one = networks[i];
    size_t at = i;
    for (; at > 0 && networks[at - 1].rssi_dbm < one.rssi_dbm; at--) networks[at] = networks[at - 1];
    networks[at] = one;
  }
}

size_t networks_told(uint8_t *out, size_t room) {
  static struct esp32_network networks[NETWORKS_MOST];
  size_t at = 1, count = esp32_radio_networks(networks, NETWORKS_MOST);
  sort(networks, count);
  out[0] = 0;
  for (size_t i = 0; i < count && at + 10 + networks[i].ssid_bytes <= room; i++) {
    const struct esp32_network *n = &networks[i];
    out[at++] = n->ssid_bytes;
    memcpy(out + at, n->ssid, n->ssid_bytes);
    memcpy(out + at + n->ssid_bytes, n->bssid, 6);
    at += n->ssid_bytes + 6u;
    out[at++] = n->channel;
    out[at++] = (uint8_t)n->rssi_dbm;
    out[at++] = cipher_of(n);
    out[0]++;
  }
  return at;
}
