/* Tells JavaScript what has come of connections, from the main loop, one event at a time. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include "chips/linux/linux.h"
#include "chips/linux/tcp.h"
#include "port/tcp-events.h"

#define DATA_BYTES_MOST 2920u

static JSValue tell(JSContext *ctx, const struct connection *c, const char *kind) {
  return tcp_event(ctx, c - connections, kind);
}

static JSValue tell_closed(JSContext *ctx, struct connection *c) {
  JSValue event = tell(ctx, c, "tcp-closed");
  if (c->fault) js_set_int(ctx, event, "fault", c->fault);
  c->state = FREE;
  return event;
}

/* What TLS makes of what has come: true when it went on, or told something. */
static bool deliver_secure(JSContext *ctx, struct connection *c) {
  enum tls_progress progress = tls_step(c->secure);
  int length = progress == TLS_OVER ? -1 : c->told_open ? tls_available(c->secure) : 0;
  if (length < 0) {
    c->fault = tls_fault;
    connection_finish(c, true);
    js_send(ctx, tell_closed(ctx, c));
    return true;
  }
  if (length > 0 && tcp_must_wait(c->accepted)) return progress == TLS_WORKED;
  if (length > 0) {
    js_send(ctx, tcp_secure_data(ctx, c - connections, c->secure, (size_t)length));
  } else if (progress == TLS_OPEN) {
    c->told_open = true;
    js_send(ctx, tell(ctx, c, "tcp-connected"));
  } else if (c->told_open && c->wants_room && progress != TLS_WORKED) {
    c->wants_room = false;
    js_send(ctx, tell(ctx, c, "tcp-drained"));
  } else {
    return progress == TLS_WORKED;
  }
  return true;
}

static bool deliver_data(JSContext *ctx, struct connection *c) {
  uint8_t bytes[DATA_BYTES_MOST];
  if ((c->accepted && c->wants_room) || tcp_must_wait(c->accepted)) return false;
  ssize_t length = recv(c->fd, bytes, sizeof bytes, 0);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (length <= 0) { /* the peer is done: so are we, after what it sent */
    connection_finish(c, length == 0);
    js_send(ctx, tell_closed(ctx, c));
    return true;
  }
  JSValue event = tell(ctx, c, "tcp-data");
  js_set_bytes(ctx, event, "bytes", bytes, (size_t)length);
  js_send(ctx, event);
  return true;
}

static bool deliver_open(JSContext *ctx, struct connection *c) {
  char text[INET_ADDRSTRLEN];
  c->told_open = true;
  JSValue event = tell(ctx, c, c->accepted ? "tcp-accepted" : "tcp-connected");
  if (c->accepted) {
    js_set_int(ctx, event, "port", c->port);
    js_set_text(ctx, event, "peer", inet_ntop(AF_INET, &c->peer, text, sizeof text));
    JS_SetPropertyStr(ctx, event, "isOnSubnet", JS_NewBool(ctx, c->on_subnet));
  }
  js_send(ctx, event);
  return true;
}

static bool deliver_one(JSContext *ctx, struct connection *c) {
  if (c->state == ENDED) {
    js_send(ctx, tell_closed(ctx, c));
    return true;
  }
  if (c->state != OPEN) return false;
  if (c->secure) return deliver_secure(ctx, c);
  if (!c->told_open) return deliver_open(ctx, c);
  if (c->wants_room && connection_has_room(c, 0)) {
    c->wants_room = false;
    js_send(ctx, tell(ctx, c, "tcp-drained"));
    return true;
  }
  return deliver_data(ctx, c);
}

/* Connections take turns, so that a busy one can't starve the others. */
bool tcp_deliver(JSContext *ctx) {
  static unsigned next;
  connections_poll();
  for (unsigned tried = 0; tried < CONNECTIONS; tried++) {
    struct connection *c = connections + next;
    next = (next + 1) % CONNECTIONS;
    if (deliver_one(ctx, c)) return true;
  }
  return false;
}
