/* native.udp over the kernel's sockets. What finds no room is lost, as on a wire. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chips/linux/net.h"
#include "chips/linux/resolve.h"
#include "port/js.h"

#define LISTENING_MOST 4
#define DATAGRAM_MOST 1472u /* in one frame */
#define MULTICAST_TTL 255   /* RFC 6762, 11 */

/* A port that is listened on, at the unit's address, and at a group's where one is wanted too. -1: not open. */
static struct {
  uint16_t port;
  in_addr_t group;
  int own, grouped;
} listening[LISTENING_MOST];
static unsigned count;
static int sender = -1;

static void shut(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static int join_group(unsigned i) {
  struct ip_mreq group = {{listening[i].group}, {own_address}};
  unsigned char ttl = MULTICAST_TTL;
  int fd = own_socket(SOCK_DGRAM, listening[i].group, listening[i].port); /* bound to the group, it hears nothing else */
  if (fd >= 0) setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
  setsockopt(listening[i].own, IPPROTO_IP, IP_MULTICAST_IF, &group.imr_interface, sizeof group.imr_interface);
  setsockopt(listening[i].own, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl);
  return fd;
}

static int broadcasting(uint16_t port) {
  int fd = own_socket(SOCK_DGRAM, own_address, port), yes = 1;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
  return fd;
}

void udp_came(void) {
  sender = broadcasting(0);
  for (unsigned i = 0; i < count; i++) {
    listening[i].own = broadcasting(listening[i].port);
    listening[i].grouped = listening[i].group ? join_group(i) : -1;
  }
}

void udp_left(void) {
  shut(&sender);
  for (unsigned i = 0; i < count; i++) {
    shut(&listening[i].own);
    shut(&listening[i].grouped);
  }
}

static unsigned find(uint32_t port) {
  unsigned i = 0;
  while (i < count && listening[i].port != port) i++;
  return i;
}

/* Ports, groups, addresses and lengths may come from outside: what can't be used is lost, as on a wire. */
JS_FUNCTION(listen_at) {
  (void)self, (void)argc;
  uint32_t port;
  char text[16];
  struct in_addr group;
  if (!js_outer_port(ctx, argv[0], &port)) return JS_UNDEFINED;
  unsigned i = find(port);
  if (i == LISTENING_MOST) return JS_UNDEFINED;
  if (i == count) {
    listening[count].port = (uint16_t)port;
    listening[count].group = 0;
    listening[count].own = own_address ? broadcasting((uint16_t)port) : -1;
    listening[count++].grouped = -1;
  }
  if (JS_IsUndefined(argv[1]) || !js_outer_text(ctx, argv[1], text, sizeof text)) return JS_UNDEFINED;
  if (inet_pton(AF_INET, text, &group) != 1 || !IN_MULTICAST(ntohl(group.s_addr))) return JS_UNDEFINED;
  if (listening[i].group == group.s_addr) return JS_UNDEFINED;
  listening[i].group = group.s_addr;
  shut(&listening[i].grouped);
  if (own_address) listening[i].grouped = join_group(i);
  return JS_UNDEFINED;
}

/* A datagram that waits for the address of its host, one at a time: whoever asks again has given up the one before. */
static struct {
  int answer; /* the file on which the address comes; 0 for none */
  uint16_t from, port;
  size_t length;
  uint8_t bytes[DATAGRAM_MOST];
} unsent;

static int socket_of(uint32_t from) {
  if (from == 0) return sender;
  unsigned i = find(from);
  return i < count ? listening[i].own : -1;
}

static void send_when_found(const char *host, const uint8_t *bytes, size_t length) {
  if (unsent.answer > 0) close(unsent.answer);
  unsent.answer = resolve_begin(host);
  unsent.length = length;
  memcpy(unsent.bytes, bytes, length);
}

static void send_found(void) {
  in_addr_t address;
  if (unsent.answer <= 0 || !resolve_end(unsent.answer, &address)) return;
  unsent.answer = 0;
  struct sockaddr_in peer = endpoint(address, unsent.port);
  int fd = address ? socket_of(unsent.from) : -1;
  if (fd >= 0) sendto(fd, unsent.bytes, unsent.length, MSG_NOSIGNAL, (struct sockaddr *)&peer, sizeof peer);
}

JS_FUNCTION(send_to) {
  (void)self, (void)argc;
  char host[128];
  uint32_t port, from = 0;
  size_t length;
  struct in_addr to;
  const uint8_t *bytes = js_bytes(ctx, argv[2], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  if (length > DATAGRAM_MOST || !js_outer_text(ctx, argv[0], host, sizeof host) || !js_outer_port(ctx, argv[1], &port))
    return JS_UNDEFINED;
  if (!JS_IsUndefined(argv[3]) && !js_outer_port(ctx, argv[3], &from)) return JS_UNDEFINED;
  int fd = socket_of(from);
  if (strcmp(host, "broadcast") == 0) {
    to.s_addr = own_subnet().broadcast;
  } else if (inet_pton(AF_INET, host, &to) != 1) {
    unsent.from = (uint16_t)from;
    unsent.port = (uint16_t)port;
    if (fd >= 0) send_when_found(host, bytes, length);
    return JS_UNDEFINED;
  }
  struct sockaddr_in peer = endpoint(to.s_addr, (uint16_t)port);
  if (fd >= 0) sendto(fd, bytes, length, MSG_NOSIGNAL, (struct sockaddr *)&peer, sizeof peer);
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("listen", 2, listen_at), JS_CFUNC_DEF("send", 4, send_to)};
  js_facet(ctx, native, "udp", entries, 2);
}

static bool receive(JSContext *ctx, int fd, uint16_t port) {
  uint8_t bytes[DATAGRAM_MOST];
  char text[INET_ADDRSTRLEN];
  struct sockaddr_in peer;
  socklen_t peer_bytes = sizeof peer;
  if (fd < 0) return false;
  ssize_t length = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &peer_bytes);
  if (length < 0) return false;
  JSValue event = js_event(ctx, "udp-data");
  js_set_int(ctx, event, "port", port);
  js_set_text(ctx, event, "peer", inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text));
  js_set_int(ctx, event, "peerPort", ntohs(peer.sin_port));
  js_set_bytes(ctx, event, "bytes", bytes, (size_t)length);
  js_send(ctx, event);
  return true;
}

static bool deliver(JSContext *ctx) {
  send_found();
  for (unsigned i = 0; i < count; i++)
    if (receive(ctx, listening[i].own, listening[i].port) || receive(ctx, listening[i].grouped, listening[i].port))
      return true;
  return false;
}

const struct facet udp_facet = {install, deliver};
