#include "chips/dhcp-server.h"
#include <stdbool.h>
#include <string.h>

#define STATIONS 16u
#define FIRST_HOST 10u /* of the addresses that are given */
#define LEASE_S 600u   /* longer than the access point is open */

/* Places in a message (RFC 2131, 2), and the numbers of options (RFC 2132). */
enum { OP = 0, HARDWARE = 1, HARDWARE_BYTES = 2, XID = 4, FLAGS = 10, YIADDR = 16, CHADDR = 28, COOKIE = 236, OPTIONS = 240 };
enum { PAD = 0, NETMASK = 1, ROUTER = 3, DNS = 6, REQUESTED = 50, LEASE = 51, TYPE = 53, SERVER = 54, END = 255 };
enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6 };

static const uint8_t cookie[4] = {99, 130, 83, 99};

static struct {
  uint8_t mac[6];
  uint32_t heard;
} stations[STATIONS];
static uint32_t heard;

/* The place of a station, a new one where it is not known yet. */
static unsigned place_of(const uint8_t mac[6]) {
  unsigned oldest = 0;
  for (unsigned i = 0; i < STATIONS; i++) {
    if (stations[i].heard && memcmp(stations[i].mac, mac, 6) == 0) {
      stations[i].heard = ++heard;
      return i;
    }
    if (stations[i].heard < stations[oldest].heard) oldest = i;
  }
  memcpy(stations[oldest].mac, mac, 6);
  stations[oldest].heard = ++heard;
  return oldest;
}

/* The value of an option of this length; NULL where there is none. */
static const uint8_t *option(const uint8_t *asked, size_t length, uint8_t wanted, uint8_t bytes) {
  for (size_t at = OPTIONS; at < length && asked[at] != END;) {
    if (asked[at] == PAD) {
      at++;
      continue;
    }
    if (at + 2 > length || at + 2 + asked[at + 1] > length) return NULL;
    if (asked[at] == wanted) return asked[at + 1] == bytes ? asked + at + 2 : NULL;
    at += 2u + asked[at + 1];
  }
  return NULL;
}

static uint8_t *put(uint8_t *at, uint8_t number, const void *value, uint8_t bytes) {
  *at++ = number;
  *at++ = bytes;
  memcpy(at, value, bytes);
  return at + bytes;
}

/* A place in the table for each station; the unit's own address for itself. */
static uint8_t host_of(const uint8_t mac[6], const uint8_t own[4], const uint8_t *self) {
  return self && memcmp(mac, self, 6) == 0 ? own[3] : (uint8_t)(FIRST_HOST + place_of(mac));
}

const uint8_t *dhcp_given(const uint8_t *answer, size_t length) {
  if (length < OPTIONS || memcmp(answer + COOKIE, cookie, 4) != 0) return NULL;
  const uint8_t *type = option(answer, length, TYPE, 1);
  return type && *type == ACK ? answer + YIADDR : NULL;
}

size_t dhcp_answer(const uint8_t *asked, size_t length, const uint8_t own[4], const uint8_t *self, uint8_t out[DHCP_ANSWER_BYTES]) {
  static const uint8_t netmask[4] = {255, 255, 255, 0}, lease[4] = {0, 0, LEASE_S >> 8, LEASE_S & 255u};
  if (length < OPTIONS || asked[OP] != 1 || asked[HARDWARE] != 1 || asked[HARDWARE_BYTES] != 6) return 0;
  if (memcmp(asked + COOKIE, cookie, 4) != 0) return 0;
  const uint8_t *type = option(asked, length, TYPE, 1);
  const uint8_t *server = option(asked, length, SERVER, 4), *wanted = option(asked, length, REQUESTED, 4);
  if (type == NULL || (*type != DISCOVER && *type != REQUEST)) return 0;
  if (server && memcmp(server, own, 4) != 0) return 0; /* it took another server's offer */
  uint8_t given[4] = {own[0], own[1], own[2], host_of(asked + CHADDR, own, self)};
  bool refuses = *type == REQUEST && wanted && memcmp(wanted, given, 4) != 0;
  uint8_t answer = *type == DISCOVER ? OFFER : refuses ? NAK : ACK;
  memset(out, 0, DHCP_ANSWER_BYTES);
  memcpy(out, asked, COOKIE);
  memset(out + XID + 4, 0, CHADDR - XID - 4);
  memset(out + CHADDR + 16, 0, COOKIE - CHADDR - 16);
  memcpy(out + FLAGS, asked + FLAGS, 2);
  out[OP] = 2;
  out[3] = 0;
  if (!refuses) memcpy(out + YIADDR, given, 4);
  memcpy(out + COOKIE, cookie, 4);
  uint8_t *at = put(out + OPTIONS, TYPE, &answer, 1);
  at = put(at, SERVER, own, 4);
  if (!refuses) {
    at = put(at, LEASE, lease, 4);
    at = put(at, NETMASK, netmask, 4);
    at = put(at, ROUTER, own, 4);
    at = put(at, DNS, own, 4);
  }
  *at = END;
  return DHCP_ANSWER_BYTES;
}
