/*
 * native.tcp over the kernel's sockets. JavaScript is told of them from the main loop, one event at a time, so that no event comes
 * from inside a call.
 */
#include "chips/linux/tcp.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/linux.h"
#include "chips/linux/net.h"
#include "chips/linux/resolve.h"
#include "port/tcp-events.h"
#include "port/tcp.h"
#include "port/tls.h"

#define LISTENING_MOST 4
#define BACKLOG 6
#define SEND_BUFFER_BYTES 16384 /* so much of what was written may wait; the kernel's own room is larger */
#define CLOSING_MOST 8
#define LINGER_MS 10000u

struct connection connections[CONNECTIONS];
static struct {
  uint16_t port;
  int fd;
} listening[LISTENING_MOST];
static unsigned listening_count;

/* Sockets that have sent their end, and read what still comes, so that what they sent is not lost with it. */
static struct {
  int fd; /* 0 for none */
  uint64_t until_ms;
} closing[CLOSING_MOST];

static void close_in_order(int fd) {
  static unsigned next;
  if (shutdown(fd, SHUT_WR) != 0) {
    close(fd);
    return;
  }
  next = (next + 1) % CLOSING_MOST;
  if (closing[next].fd > 0) close(closing[next].fd);
  closing[next].fd = fd;
  closing[next].until_ms = chip_milliseconds() + LINGER_MS;
}

void tcp_poll_closing(void) {
  char bytes[512];
  for (unsigned i = 0; i < CLOSING_MOST; i++) {
    if (closing[i].fd <= 0) continue;
    ssize_t length = recv(closing[i].fd, bytes, sizeof bytes, 0);
    bool waits = length > 0 || (length < 0 && errno == EAGAIN);
    if (waits && chip_milliseconds() < closing[i].until_ms) continue;
    close(closing[i].fd);
    closing[i].fd = 0;
  }
}

/* Ends at once: the peer is told that the connection was broken off. */
static void break_off(int fd) {
  struct linger none = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(fd);
}

void connection_finish(struct connection *c, bool in_order) {
  bool was_open = c->state == OPEN;
  if (c->secure) tls_end(c->secure, was_open && c->fd >= 0);
  c->secure = NULL;
  c->state = ENDED;
  if (c->fd < 0) return;
  if (was_open && in_order) close_in_order(c->fd);
  else break_off(c->fd);
  c->fd = -1;
}

/* An accepted connection gets one answer at a time: answers that its peer doesn't read would fill the memory of all. */
bool connection_has_room(const struct connection *c, size_t length) {
  int waiting = 0;
  if (c->fd < 0 || ioctl(c->fd, SIOCOUTQ, &waiting) != 0) return false;
  if (c->accepted) return waiting == 0 && length <= SEND_BUFFER_BYTES;
  return (size_t)waiting + length <= SEND_BUFFER_BYTES;
}

static struct connection *adopt(int fd, uint8_t state) {
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++) {
    if (c->state != FREE) continue;
    *c = (struct connection){.state = state, .fd = fd};
    return c;
  }
  return NULL;
}

static void set_up(int fd) {
  int yes = 1, room = 4 * SEND_BUFFER_BYTES;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

static bool accept_one(int listener, uint16_t port) {
  struct sockaddr_in peer;
  socklen_t peer_bytes = sizeof peer;
  unsigned accepted = 0;
  int fd = accept4(listener, (struct sockaddr *)&peer, &peer_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return false;
  for (unsigned i = 0; i < CONNECTIONS; i++) accepted += connections[i].state != FREE && connections[i].accepted;
  struct connection *c = accepted < ACCEPTED_MOST ? adopt(fd, OPEN) : NULL;
  if (c == NULL) {
    break_off(fd);
    return true;
  }
  set_up(fd);
  wait_watch(fd);
  c->accepted = true;
  c->port = port;
  c->peer = peer.sin_addr.s_addr;
  c->on_subnet = ((c->peer ^ own_address) & own_subnet().mask) == 0;
  return true;
}

static void begin_connecting(struct connection *c) {
  in_addr_t address;
  if (!resolve_end(c->fd, &address)) return;
  c->fd = address ? own_socket(SOCK_STREAM, own_address, 0) : -1;
  struct sockaddr_in to = endpoint(address, c->port);
  c->state = CONNECTING;
  if (c->fd >= 0) set_up(c->fd);
  if (c->fd >= 0 && (connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS)) return;
  connection_finish(c, false);
}

static void end_connecting(struct connection *c) {
  struct sockaddr_in peer;
  socklen_t peer_bytes = sizeof peer, error_bytes = sizeof(int);
  int error = 0;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
  if (error) {
    connection_finish(c, false);
  } else if (getpeername(c->fd, (struct sockaddr *)&peer, &peer_bytes) == 0) {
    c->state = OPEN;
    c->reached = true;
  }
}

void connections_poll(void) {
  for (unsigned i = 0; i < listening_count; i++)
    while (listening[i].fd >= 0 && accept_one(listening[i].fd, listening[i].port)) {
    }
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++) {
    if (c->state == RESOLVING) begin_connecting(c);
    if (c->state == CONNECTING) end_connecting(c);
    if (c->state == OPEN && c->wants_room) wait_shortly();
  }
}

static void open_listener(unsigned i) {
  listening[i].fd = own_socket(SOCK_STREAM, own_address, listening[i].port);
  if (listening[i].fd >= 0 && listen(listening[i].fd, BACKLOG) == 0) {
    wait_watch(listening[i].fd); /* what a socket reports changes with listen */
    return;
  }
  if (listening[i].fd >= 0) close(listening[i].fd);
  listening[i].fd = -1;
}

void tcp_came(void) {
  for (unsigned i = 0; i < listening_count; i++)
    if (listening[i].fd < 0) open_listener(i);
}

void tcp_abort_all(void) {
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++)
    if (c->state != FREE && c->state != ENDED) connection_finish(c, false);
  for (unsigned i = 0; i < listening_count; i++) {
    if (listening[i].fd >= 0) close(listening[i].fd);
    listening[i].fd = -1;
  }
}

JS_FUNCTION(listen_at) {
  (void)self, (void)argc;
  uint32_t port;
  if (!js_outer_port(ctx, argv[0], &port)) return JS_UNDEFINED;
  for (unsigned i = 0; i < listening_count; i++)
    if (listening[i].port == port) return JS_UNDEFINED;
  if (listening_count == LISTENING_MOST) return JS_UNDEFINED;
  listening[listening_count].port = (uint16_t)port;
  listening[listening_count++].fd = -1;
  if (own_address) tcp_came();
  return JS_UNDEFINED;
}

JS_FUNCTION(connect_to) {
  (void)self, (void)argc;
  char host[128];
  uint32_t port;
  /* Both may come from outside: there is nobody to connect to. */
  if (!js_outer_text(ctx, argv[0], host, sizeof host) || !js_outer_port(ctx, argv[1], &port) || !own_address)
    return JS_NewInt32(ctx, -1);
  struct connection *c = adopt(-1, RESOLVING);
  if (c == NULL) return JS_NewInt32(ctx, -1);
  c->port = (uint16_t)port;
  if (!JS_IsUndefined(argv[2])) {
    bool understood;
    c->secure = tcp_secure(ctx, argv[2], c, &c->fault, &understood);
    if (!c->secure) connection_finish(c, false); /* never in the clear instead: told as closed, with the fault */
    if (!understood) return JS_EXCEPTION;
    if (!c->secure) return JS_NewInt32(ctx, (int32_t)(c - connections));
  }
  c->fd = resolve_begin(host);
  if (c->fd < 0) connection_finish(c, false);
  return JS_NewInt32(ctx, (int32_t)(c - connections));
}

static struct connection *numbered(JSContext *ctx, JSValueConst number) {
  uint32_t index;
  if (JS_ToUint32(ctx, &index, number) || index >= CONNECTIONS || connections[index].state == FREE) return NULL;
  return connections + index;
}

JS_FUNCTION(write_to) {
  (void)self, (void)argc;
  size_t length;
  const uint8_t *bytes = js_bytes(ctx, argv[1], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  struct connection *c = numbered(ctx, argv[0]);
  if (c == NULL || c->state != OPEN || c->fd < 0) return JS_FALSE;
  bool queued = c->secure ? tls_write(c->secure, bytes, length) : connection_has_room(c, length);
  c->wants_room = !queued;
  if (!queued || c->secure) return JS_NewBool(ctx, queued);
  /* The kernel has room for all of it, or the connection is at its end, which the next read tells. */
  if (send(c->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length && errno != EPIPE && errno != ECONNRESET)
    connection_finish(c, false);
  return JS_TRUE;
}

JS_FUNCTION(close_one) {
  (void)self, (void)argc;
  struct connection *c = numbered(ctx, argv[0]);
  if (c == NULL) return JS_UNDEFINED;
  connection_finish(c, true);
  c->state = FREE;
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {
      JS_CFUNC_DEF("listen", 1, listen_at), JS_CFUNC_DEF("connect", 3, connect_to), JS_CFUNC_DEF("write", 2, write_to),
      JS_CFUNC_DEF("close", 1, close_one)};
  js_facet(ctx, native, "tcp", entries, 4);
}

const struct facet tcp_facet = {install, tcp_deliver};

int tls_wire_send(void *connection, const uint8_t *bytes, size_t length) {
  struct connection *c = connection;
  if (c->fd < 0) return -1;
  if (c->state != OPEN) return 0;
  size_t room = tls_wire_room(c);
  ssize_t sent = room ? send(c->fd, bytes, length < room ? length : room, MSG_NOSIGNAL) : 0;
  return sent < 0 ? (errno == EAGAIN ? 0 : -1) : (int)sent;
}

int tls_wire_receive(void *connection, uint8_t *bytes, size_t length) {
  struct connection *c = connection;
  if (c->fd < 0) return -1;
  if (c->state != OPEN) return 0;
  ssize_t got = recv(c->fd, bytes, length, 0);
  return got > 0 ? (int)got : got < 0 && errno == EAGAIN ? 0 : -1;
}

size_t tls_wire_room(void *connection) {
  const struct connection *c = connection;
  int waiting = 0;
  if (c->fd < 0 || ioctl(c->fd, SIOCOUTQ, &waiting) != 0 || waiting >= SEND_BUFFER_BYTES) return 0;
  return SEND_BUFFER_BYTES - (size_t)waiting;
}
