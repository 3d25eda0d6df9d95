#include "chips/esp32/own-network.h"
#include <string.h>

#define ETHERNET_BYTES 14u
#define IP_BYTES 20u
#define UDP_BYTES 8u
#define UDP_AT (ETHERNET_BYTES + IP_BYTES)
#define PAYLOAD_AT (UDP_AT + UDP_BYTES)
#define BOOTP_BYTES 240u /* with the cookie */
#define DNS_BYTES 12u
#define NAME_BYTES_MOST 255u
#define STATIONS_MOST 8u
#define LEASE_S 600u

enum { SERVER_PORT = 67, CLIENT_PORT = 68, DNS_PORT = 53 };
enum { MASK = 1, ROUTER = 3, DNS = 6, LEASE = 51, KIND = 53, SERVER = 54, END = 255 };
enum { DISCOVER = 1, OFFER, REQUEST, ACK = 5 };

const uint8_t own_address[4] = {192, 168, 4, 1};
static uint8_t stations[STATIONS_MOST][6];
static unsigned next_station;

static uint16_t u16_at(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static void put_u16(uint8_t *p, unsigned value) {
  p[0] = (uint8_t)(value >> 8);
  p[1] = (uint8_t)value;
}

void own_network_start(void) {
  memset(stations, 0, sizeof stations);
  next_station = 0;
}

/* A whole UDP datagram over IPv4 without options; the length of its payload in `length`. */
static bool is_datagram(const uint8_t *f, size_t *length) {
  if (*length < PAYLOAD_AT || u16_at(f + 12) != 0x0800 || f[14] != 0x45 || f[23] != 17 || (u16_at(f + 20) & 0x3fff) != 0) return false;
  size_t udp = u16_at(f + UDP_AT + 4);
  if (udp < UDP_BYTES || UDP_AT + udp > *length) return false;
  *length = udp - UDP_BYTES;
  return true;
}

/* Where an option's value lies, at least `least` bytes of it; NULL when there is none. */
static const uint8_t *option(const uint8_t *bootp, size_t length, uint8_t wanted, uint8_t least) {
  for (size_t at = BOOTP_BYTES; at + 2 <= length && bootp[at] != END; at += bootp[at] == 0 ? 1u : 2u + bootp[at + 1])
    if (bootp[at] == wanted && bootp[at + 1] >= least && at + 2 + bootp[at + 1] <= length) return bootp + at + 2;
  return NULL;
}

const uint8_t *dhcp_given(const uint8_t *frame, size_t length) {
  if (!is_datagram(frame, &length) || u16_at(frame + UDP_AT + 2) != CLIENT_PORT || length < BOOTP_BYTES) return NULL;
  const uint8_t *bootp = frame + PAYLOAD_AT, *kind = option(bootp, length, KIND, 1);
  return kind && *kind == ACK ? bootp + 16 : NULL;
}

static void address_for(const uint8_t mac[6], const uint8_t self[6], uint8_t out[4]) {
  memcpy(out, own_address, 4);
  if (memcmp(mac, self, 6) == 0) return;
  unsigned place = 0;
  while (place < STATIONS_MOST && memcmp(stations[place], mac, 6) != 0) place++;
  if (place == STATIONS_MOST) {
    place = next_station++ % STATIONS_MOST;
    memcpy(stations[place], mac, 6);
  }
  out[3] = (uint8_t)(own_address[3] + 1u + place);
}

static uint8_t *put_option(uint8_t *at, uint8_t kind, const uint8_t *value, uint8_t length) {
  *at++ = kind;
  *at++ = length;
  memcpy(at, value, length);
  return at + length;
}

/* Puts the headers before a payload, for whoever sent `asked`. */
static size_t wrapped(uint8_t *out, const uint8_t *asked, const uint8_t to[4], uint16_t from_port, uint16_t to_port, size_t payload) {
  uint32_t sum = 0;
  memset(out, 0, PAYLOAD_AT);
  memcpy(out, asked + 6, 6);
  memcpy(out + 6, (const uint8_t[]){0x02, 0, 0, 0, 0, 1}, 6); /* of a server that is no station */
  put_u16(out + 12, 0x0800);
  out[14] = 0x45;
  put_u16(out + 16, (unsigned)(IP_BYTES + UDP_BYTES + payload));
  out[22] = 64;
  out[23] = 17;
  memcpy(out + 26, own_address, 4);
  memcpy(out + 30, to, 4);
  for (unsigned i = 0; i < IP_BYTES; i += 2) sum += u16_at(out + ETHERNET_BYTES + i);
  sum = (sum & 0xffff) + (sum >> 16);
  put_u16(out + 24, ~((sum & 0xffff) + (sum >> 16)) & 0xffffu);
  put_u16(out + UDP_AT, from_port);
  put_u16(out + UDP_AT + 2, to_port);
  put_u16(out + UDP_AT + 4, (unsigned)(UDP_BYTES + payload));
  return PAYLOAD_AT + payload;
}

static size_t give_address(const uint8_t *frame, size_t length, const uint8_t self[6], uint8_t *out) {
  static const uint8_t mask[4] = {255, 255, 255, 0}, everybody[4] = {255, 255, 255, 255};
  static const uint8_t lease[4] = {0, 0, LEASE_S >> 8, LEASE_S & 0xff};
  const uint8_t *asked = frame + PAYLOAD_AT, *kind = option(asked, length, KIND, 1);
  if (asked[0] != 1 || kind == NULL || (*kind != DISCOVER && *kind != REQUEST)) return 0;
  uint8_t *bootp = out + PAYLOAD_AT, *at = bootp + BOOTP_BYTES, answer = *kind == DISCOVER ? OFFER : ACK;
  memset(bootp, 0, BOOTP_BYTES);
  memcpy(bootp, asked, 12); /* with its transaction */
  bootp[0] = 2;
  memcpy(bootp + 10, asked + 10, 2);
  address_for(asked + 28, self, bootp + 16);
  memcpy(bootp + 20, own_address, 4);
  memcpy(bootp + 28, asked + 28, 16);
  memcpy(bootp + 236, asked + 236, 4);
  at = put_option(at, KIND, &answer, 1);
  at = put_option(at, SERVER, own_address, 4);
  at = put_option(at, LEASE, lease, 4);
  at = put_option(at, MASK, mask, 4);
  at = put_option(at, ROUTER, own_address, 4);
  at = put_option(at, DNS, own_address, 4);
  *at++ = END;
  size_t payload = (size_t)(at - bootp);
  size_t whole = wrapped(out, frame, everybody, SERVER_PORT, CLIENT_PORT, payload);
  return whole;
}

/* Every name is the unit: phones then open its page by themselves. Questions for something else than an IPv4 address get none. */
static size_t name_self(const uint8_t *frame, size_t length, uint8_t *out) {
  static const uint8_t record[12] = {0xc0, DNS_BYTES, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4};
  const uint8_t *asked = frame + PAYLOAD_AT;
  if (asked[2] & 0x80 || u16_at(asked + 4) != 1) return 0;
  size_t end = DNS_BYTES;
  while (end < length && asked[end] != 0) end += 1u + asked[end];
  end += 5; /* the last label, type and class */
  if (end > length || end > DNS_BYTES + NAME_BYTES_MOST) return 0;
  bool wants_address = u16_at(asked + end - 4) == 1;
  uint8_t *answer = out + PAYLOAD_AT;
  memcpy(answer, asked, end);
  put_u16(answer + 2, 0x8580);
  put_u16(answer + 6, wants_address);
  memset(answer + 8, 0, 4);
  if (wants_address) {
    memcpy(answer + end, record, sizeof record);
    memcpy(answer + end + sizeof record, own_address, 4);
    end += sizeof record + 4;
  }
  return wrapped(out, frame, frame + 26, DNS_PORT, u16_at(frame + UDP_AT), end);
}

size_t own_network_answer(const uint8_t *frame, size_t length, const uint8_t self[6], uint8_t answer[OWN_FRAME_BYTES]) {
  if (!is_datagram(frame, &length)) return 0;
  uint16_t port = u16_at(frame + UDP_AT + 2);
  if (port == SERVER_PORT && length >= BOOTP_BYTES) return give_address(frame, length, self, answer);
  return port == DNS_PORT && length >= DNS_BYTES + 5u ? name_self(frame, length, answer) : 0;
}
