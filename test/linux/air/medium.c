/*
 * The medium between the radios of mac80211_hwsim: each copy of a frame is lost for each receiver at random, and a frame to one station
 * is tried again until that station has heard it, with its retry bit set. Without it the kernel's radios hear everything at once.
 *
 *   medium LOSS_PERCENT SEED
 *
 * Commands and attributes: drivers/net/wireless/virtual/mac80211_hwsim.h of Linux, which is no header for programs.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REGISTER = 1, FRAME, TX_INFO_FRAME };
enum { RECEIVER = 1, TRANSMITTER, BYTES, FLAGS, RX_RATE, SIGNAL, TX_INFO, COOKIE, FREQUENCY = 19, ATTRIBUTES };
enum { NO_ACK = 2, HAS_ACK = 4 };
#define RADIOS 4
#define TRIES 7 /* dot11ShortRetryLimit */
#define RATES 4 /* of struct hwsim_tx_rate: index, count */
#define DBM (-40)
#define RETRY 0x08

static int line;
static uint16_t family;
static double loss;
static uint64_t random_state;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static double chance(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

struct message {
  struct nlmsghdr head;
  struct genlmsghdr generic;
  uint8_t attributes[8192];
};

static void begin(struct message *m, uint16_t type, uint8_t command) {
  memset(m, 0, sizeof m->head + sizeof m->generic);
  m->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
  m->head.nlmsg_type = type;
  m->head.nlmsg_flags = NLM_F_REQUEST;
  m->generic = (struct genlmsghdr){.cmd = command, .version = 1};
}

static void put(struct message *m, uint16_t type, const void *bytes, size_t length) {
  struct nlattr *at = (struct nlattr *)((char *)m + m->head.nlmsg_len);
  *at = (struct nlattr){(uint16_t)(NLA_HDRLEN + length), type};
  memcpy((char *)at + NLA_HDRLEN, bytes, length);
  m->head.nlmsg_len += (uint32_t)NLA_ALIGN(NLA_HDRLEN + length);
}

static void put_u32(struct message *m, uint16_t type, uint32_t value) { put(m, type, &value, sizeof value); }

static void transmit(struct message *m) {
  if (send(line, m, m->head.nlmsg_len, 0) < 0) perror("medium: send");
}

static void read_attributes(const struct nlmsghdr *head, const struct nlattr *found[], int most) {
  for (size_t at = NLMSG_LENGTH(GENL_HDRLEN); at + NLA_HDRLEN <= head->nlmsg_len;) {
    const struct nlattr *a = (const struct nlattr *)((const char *)head + at);
    if (a->nla_len < NLA_HDRLEN) return;
    if ((a->nla_type & NLA_TYPE_MASK) < most) found[a->nla_type & NLA_TYPE_MASK] = a;
    at += NLA_ALIGN(a->nla_len);
  }
}

static const uint8_t *value_of(const struct nlattr *a) { return (const uint8_t *)a + NLA_HDRLEN; }
static size_t bytes_of(const struct nlattr *a) { return a->nla_len - NLA_HDRLEN; }

/* The kernel's radio n has this address for us, and the interfaces of our guest 02:00:00:00:0n:00. */
static void radio_address(int n, uint8_t out[6]) { memcpy(out, (uint8_t[6]){0x42, 0, 0, 0, (uint8_t)n, 0}, 6); }
static bool is_station_of(int n, const uint8_t *address) {
  return memcmp(address, (uint8_t[6]){0x02, 0, 0, 0, (uint8_t)n, 0}, 6) == 0;
}

static void deliver(int to, const struct nlattr *const a[], bool again) {
  struct message m;
  uint8_t address[6], bytes[4096];
  size_t length = bytes_of(a[BYTES]);
  if (length < 10 || length > sizeof bytes) return;
  memcpy(bytes, value_of(a[BYTES]), length);
  if (again) bytes[1] |= RETRY;
  radio_address(to, address);
  begin(&m, family, FRAME);
  put(&m, RECEIVER, address, 6);
  put(&m, BYTES, bytes, length);
  put_u32(&m, RX_RATE, 0);
  put_u32(&m, SIGNAL, (uint32_t)DBM);
  if (a[FREQUENCY]) put(&m, FREQUENCY, value_of(a[FREQUENCY]), 4);
  transmit(&m);
}

/* One frame of a radio: to all others, as often as it takes. */
static void carry(const struct nlattr *const a[]) {
  const uint8_t *frame = value_of(a[BYTES]);
  bool is_group = frame[4] & 1, is_heard = false;
  uint32_t flags;
  int8_t rates[2 * RATES];
  int tries = 0;
  memcpy(&flags, value_of(a[FLAGS]), 4);
  memset(rates, -1, sizeof rates);
  do {
    for (int n = 0; n < RADIOS; n++) {
      uint8_t address[6];
      radio_address(n, address);
      if (memcmp(address, value_of(a[TRANSMITTER]), 6) == 0 || chance() < loss) continue;
      deliver(n, a, tries > 0);
      if (is_station_of(n, frame + 4)) is_heard = true;
    }
    tries++;
  } while (!is_group && !(flags & NO_ACK) && !is_heard && tries < TRIES);
  if (bytes_of(a[TX_INFO]) >= 2) rates[0] = (int8_t)value_of(a[TX_INFO])[0];
  rates[1] = (int8_t)tries;
  struct message m;
  begin(&m, family, TX_INFO_FRAME);
  put(&m, TRANSMITTER, value_of(a[TRANSMITTER]), 6);
  put_u32(&m, FLAGS, is_heard ? flags | HAS_ACK : flags);
  put_u32(&m, SIGNAL, (uint32_t)DBM);
  put(&m, TX_INFO, rates, sizeof rates);
  put(&m, COOKIE, value_of(a[COOKIE]), bytes_of(a[COOKIE]));
  transmit(&m);
}

static void find_family(void) {
  struct message m;
  static const char name[] = "MAC80211_HWSIM";
  begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
  put(&m, CTRL_ATTR_FAMILY_NAME, name, sizeof name);
  transmit(&m);
  const struct nlattr *a[CTRL_ATTR_MAX + 1] = {0};
  if (recv(line, &m, sizeof m, 0) > 0) read_attributes(&m.head, a, CTRL_ATTR_MAX + 1);
  if (!a[CTRL_ATTR_FAMILY_ID]) {
    fputs("medium: the kernel has no mac80211_hwsim; load that module first\n", stderr);
    exit(1);
  }
  memcpy(&family, value_of(a[CTRL_ATTR_FAMILY_ID]), 2);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: medium LOSS_PERCENT SEED\n", stderr);
    return 2;
  }
  struct message m;
  int room = 1 << 22;
  loss = atof(argv[1]) / 100;
  random_state = strtoull(argv[2], NULL, 10);
  line = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
  setsockopt(line, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  find_family();
  begin(&m, family, REGISTER);
  transmit(&m);
  puts("medium: ready");
  fflush(stdout);
  for (;;) {
    const struct nlattr *a[ATTRIBUTES] = {0};
    if (recv(line, &m, sizeof m, 0) < (ssize_t)NLMSG_LENGTH(GENL_HDRLEN)) continue;
    if (m.head.nlmsg_type != family || m.generic.cmd != FRAME) continue;
    read_attributes(&m.head, a, ATTRIBUTES);
    if (a[TRANSMITTER] && a[BYTES] && a[FLAGS] && a[TX_INFO] && a[COOKIE] && bytes_of(a[BYTES]) >= 10) carry(a);
  }
}
