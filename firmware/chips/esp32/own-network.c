#include "chips/esp32/own-network.h"
#include <string.h>
#include "chips/dhcp-server.h"
#include "chips/dns-server.h"

#define ETHERNET_BYTES 14u
#define IP_BYTES 20u
#define UDP_BYTES 8u
#define UDP_AT (ETHERNET_BYTES + IP_BYTES)
#define PAYLOAD_AT (UDP_AT + UDP_BYTES)

enum { DNS_PORT = 53 };

const uint8_t own_address[4] = {192, 168, 4, 1};

static uint16_t u16_at(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static void put_u16(uint8_t *p, unsigned value) {
  p[0] = (uint8_t)(value >> 8);
  p[1] = (uint8_t)value;
}

/* A whole UDP datagram over IPv4 without options; the length of its payload in `length`. */
static bool is_datagram(const uint8_t *f, size_t *length) {
  if (*length < PAYLOAD_AT || u16_at(f + 12) != 0x0800 || f[14] != 0x45 || f[23] != 17 || (u16_at(f + 20) & 0x3fff) != 0) return false;
  size_t udp = u16_at(f + UDP_AT + 4);
  if (udp < UDP_BYTES || UDP_AT + udp > *length) return false;
  *length = udp - UDP_BYTES;
  return true;
}

/* Puts the headers before a payload, for whoever sent `asked`. */
static size_t wrapped(uint8_t *out, const uint8_t *asked, const uint8_t to[4], uint16_t from_port, uint16_t to_port, size_t payload) {
  uint32_t sum = 0;
  memset(out, 0, PAYLOAD_AT);
  memcpy(out, asked + 6, 6);
  memcpy(out + 6, (const uint8_t[]){0x02, 0, 0, 0, 0, 1}, 6); /* the sender: an address that no station has */
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

const uint8_t *own_network_given(const uint8_t *frame, size_t length) {
  if (!is_datagram(frame, &length) || u16_at(frame + UDP_AT + 2) != DHCP_CLIENT_PORT) return NULL;
  return dhcp_given(frame + PAYLOAD_AT, length);
}

size_t own_network_answer(const uint8_t *frame, size_t length, const uint8_t self[6], uint8_t answer[OWN_FRAME_BYTES]) {
  static const uint8_t everybody[4] = {255, 255, 255, 255};
  if (!is_datagram(frame, &length)) return 0;
  const uint8_t *asked = frame + PAYLOAD_AT, *from = frame + 26;
  size_t bytes;
  switch (u16_at(frame + UDP_AT + 2)) {
    case DHCP_SERVER_PORT:
      bytes = dhcp_answer(asked, length, own_address, self, answer + PAYLOAD_AT);
      return bytes ? wrapped(answer, frame, everybody, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, bytes) : 0;
    case DNS_PORT:
      bytes = dns_answer(asked, length, own_address, answer + PAYLOAD_AT);
      return bytes ? wrapped(answer, frame, from, DNS_PORT, u16_at(frame + UDP_AT), bytes) : 0;
    default:
      return 0;
  }
}
