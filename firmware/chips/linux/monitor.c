#include "chips/linux/monitor.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's own macros for these are signed. */
#define ATTRIBUTE_HEAD sizeof(struct nlattr)
#define MESSAGE_HEAD (sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr))
#define ALIGNED(bytes) (((bytes) + 3u) & ~(size_t)3u)

#define NAME_SUFFIX "mon"
#define ANSWER_BYTES 4096u
#define RECEIVE_BYTES (256 * 1024) /* a phone's burst, while the unit is busy */

/* One request of the generic netlink (linux/genetlink.h). */
struct request {
  struct nlmsghdr head;
  struct genlmsghdr generic;
  uint8_t attributes[128];
};

static int netlink = -1;
static uint16_t family;
static uint32_t monitor;

static void begin(struct request *r, uint16_t type, uint8_t command) {
  static uint32_t sequence;
  memset(r, 0, sizeof *r);
  r->head.nlmsg_len = MESSAGE_HEAD;
  r->head.nlmsg_type = type;
  r->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  r->head.nlmsg_seq = ++sequence;
  r->generic.cmd = command;
  r->generic.version = 1;
}

static void put(struct request *r, uint16_t type, const void *bytes, size_t length) {
  struct nlattr attribute = {(uint16_t)(ATTRIBUTE_HEAD + length), type};
  uint8_t *at = (uint8_t *)r + ALIGNED(r->head.nlmsg_len);
  memcpy(at, &attribute, sizeof attribute);
  memcpy(at + ATTRIBUTE_HEAD, bytes, length);
  r->head.nlmsg_len = (uint32_t)(ALIGNED(r->head.nlmsg_len) + ALIGNED(ATTRIBUTE_HEAD + length));
}

static void put_u32(struct request *r, uint16_t type, uint32_t value) { put(r, type, &value, sizeof value); }

/* The attribute of a type in an answer; NULL when it has none. */
static const uint8_t *find(const uint8_t *message, size_t length, uint16_t type) {
  size_t at = MESSAGE_HEAD;
  struct nlattr attribute;
  while (at + ATTRIBUTE_HEAD <= length) {
    memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < ATTRIBUTE_HEAD || at + attribute.nla_len > length) return NULL;
    if ((attribute.nla_type & 0x3fff) == type) return message + at + ATTRIBUTE_HEAD;
    at += ALIGNED(attribute.nla_len);
  }
  return NULL;
}

/* Sends and waits for the acknowledgement. @returns 0 or the kernel's error; copies `bytes` of attribute `wanted` on the way. */
static int ask(const struct request *r, uint16_t wanted, void *value, size_t bytes) {
  _Alignas(struct nlmsghdr) uint8_t answer[ANSWER_BYTES];
  if (send(netlink, r, r->head.nlmsg_len, 0) < 0) return errno;
  for (;;) {
    ssize_t got = recv(netlink, answer, sizeof answer, 0);
    if (got < (ssize_t)sizeof(struct nlmsghdr)) return got < 0 ? errno : EPROTO;
    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= (size_t)got;) {
      struct nlmsghdr head;
      memcpy(&head, answer + at, sizeof head);
      if (head.nlmsg_len < sizeof(struct nlmsghdr) || at + head.nlmsg_len > (size_t)got) return EPROTO;
      int error = 0;
      if (head.nlmsg_type == NLMSG_ERROR) {
        memcpy(&error, answer + at + sizeof(struct nlmsghdr), sizeof error);
        if (head.nlmsg_seq == r->head.nlmsg_seq) return -error;
      } else if (value && head.nlmsg_seq == r->head.nlmsg_seq) {
        const uint8_t *found = find(answer + at, head.nlmsg_len, wanted);
        if (found) memcpy(value, found, bytes);
      }
      at += ALIGNED(head.nlmsg_len);
    }
  }
}

static int open_netlink(void) {
  struct request r;
  netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  if (netlink < 0) return errno;
  begin(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
  put(&r, CTRL_ATTR_FAMILY_NAME, "nl80211", sizeof "nl80211");
  return ask(&r, CTRL_ATTR_FAMILY_ID, &family, sizeof family);
}

/* Makes the interface on the radio of the managed one, unless an earlier run left it. */
static int make(uint32_t managed, const char *name) {
  struct request r;
  uint32_t radio = 0;
  begin(&r, family, NL80211_CMD_GET_INTERFACE);
  put_u32(&r, NL80211_ATTR_IFINDEX, managed);
  int error = ask(&r, NL80211_ATTR_WIPHY, &radio, sizeof radio);
  if (error) return error;
  begin(&r, family, NL80211_CMD_NEW_INTERFACE);
  put_u32(&r, NL80211_ATTR_WIPHY, radio);
  put_u32(&r, NL80211_ATTR_IFTYPE, NL80211_IFTYPE_MONITOR);
  put(&r, NL80211_ATTR_IFNAME, name, strlen(name) + 1);
  error = ask(&r, 0, NULL, 0);
  return error == ENFILE || error == EEXIST ? 0 : error;
}

static int switch_on(int fd, const char *name) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) return -1;
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  return ioctl(fd, SIOCSIFFLAGS, &request);
}

int monitor_open(const char *interface) {
  char name[IFNAMSIZ];
  int room = RECEIVE_BYTES;
  /* The last of a name that is too long goes: it has to differ from the managed one's, not to be found again. */
  snprintf(name, sizeof name, "%.*s" NAME_SUFFIX, (int)(sizeof name - sizeof NAME_SUFFIX), interface);
  errno = ENODEV;
  uint32_t managed = if_nametoindex(interface);
  if (managed == 0 || (errno = open_netlink()) != 0 || (errno = make(managed, name)) != 0) return -1;
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* hears nothing until it is bound */
  if (fd < 0 || switch_on(fd, name) != 0) return -1;
  monitor = if_nametoindex(name);
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)monitor};
  at.sll_protocol = htons((uint16_t)ETH_P_ALL);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  return bind(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

int monitor_tune(unsigned mhz) {
  struct request r;
  begin(&r, family, NL80211_CMD_SET_WIPHY);
  put_u32(&r, NL80211_ATTR_IFINDEX, monitor);
  put_u32(&r, NL80211_ATTR_WIPHY_FREQ, mhz);
  put_u32(&r, NL80211_ATTR_WIPHY_CHANNEL_TYPE, NL80211_CHAN_NO_HT);
  return ask(&r, 0, NULL, 0);
}
