/* Tells JavaScript what has come of connections, from the main loop, one event at a time. */
#include "port/connection.h"
#include "port/tcp-events.h"

#define DATA_BYTES_MOST 1460u /* a segment is told at once, so that a window full of them is not in the arena as well */

static JSValue tell(JSContext *ctx, const struct connection *c, const char *kind) {
  return tcp_event(ctx, c - connections, kind);
}

static JSValue tell_closed(JSContext *ctx, struct connection *c) {
  JSValue event = tell(ctx, c, "tcp-closed");
  if (c->fault) js_set_int(ctx, event, "fault", c->fault);
  connection_free(c);
  return event;
}

/* What TLS makes of what has come: true when it went on, or told something. */
static bool deliver_secure(JSContext *ctx, struct connection *c) {
  if (c->state == ENDED && !c->reached) { /* nobody answered: no matter of TLS */
    connection_finish(c, false);
    js_send(ctx, tell_closed(ctx, c));
    return true;
  }
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
  } else if (c->told_open && c->has_room && progress != TLS_WORKED) {
    c->has_room = c->wants_room = false;
    js_send(ctx, tell(ctx, c, "tcp-drained"));
  } else {
    return progress == TLS_WORKED;
  }
  return true;
}

static JSValue tell_data(JSContext *ctx, struct connection *c) {
  uint16_t length = c->received->tot_len < DATA_BYTES_MOST ? c->received->tot_len : DATA_BYTES_MOST;
  uint8_t *room = NULL;
  JSValue event = tell(ctx, c, "tcp-data"), array = js_new_room(ctx, length, &room);
  if (room) pbuf_copy_partial(c->received, room, length, 0);
  JS_SetPropertyStr(ctx, event, "bytes", array);
  if (c->pcb) tcp_recved(c->pcb, length);
  c->received = pbuf_free_header(c->received, length);
  return event;
}

static bool deliver_one(JSContext *ctx, struct connection *c) {
  JSValue event;
  if (c->state == FREE || c->state == WAITING) return false;
  if (c->secure) return deliver_secure(ctx, c);
  bool was_open = c->state == OPEN || c->accepted;
  if (!c->told_open && was_open) {
    c->told_open = true;
    event = tell(ctx, c, c->accepted ? "tcp-accepted" : "tcp-connected");
    if (c->accepted) {
      js_set_int(ctx, event, "port", c->port);
      js_set_text(ctx, event, "peer", ipaddr_ntoa(&c->peer));
      JS_SetPropertyStr(ctx, event, "isOnSubnet", JS_NewBool(ctx, c->on_subnet));
    }
  } else if (c->received && tcp_must_wait(c->accepted)) {
    return false;
  } else if (c->received) {
    event = tell_data(ctx, c);
  } else if (c->state == ENDED) {
    event = tell_closed(ctx, c);
  } else if (c->has_room) {
    c->has_room = c->wants_room = false;
    event = tell(ctx, c, "tcp-drained");
  } else {
    return false;
  }
  js_send(ctx, event);
  return true;
}

/* Connections take turns, so that a busy one can't starve the others. */
bool tcp_deliver(JSContext *ctx) {
  static unsigned next;
  for (unsigned tried = 0; tried < CONNECTIONS; tried++) {
    struct connection *c = connections + next;
    next = (next + 1) % CONNECTIONS;
    if (deliver_one(ctx, c)) return true;
  }
  return false;
}
