/*
 * native.tcp over lwIP's raw interface. What lwIP reports is noted on the connection and told to JavaScript from the
 * main loop, one event at a time, so that no event comes from inside a call.
 */
#include <string.h>
#include "lwip/tcp.h"
#include "port/js.h"
#include "port/net.h"
#include "port/tcp.h"

#define CONNECTIONS 8

enum { FREE, WAITING, OPEN, ENDED }; /* ENDED: nothing below any more, tcp-closed still to be told */

static struct connection {
  uint8_t state;
  bool told_open, accepted, wants_room, has_room, closing;
  uint16_t port; /* listened on, or to connect to */
  struct tcp_pcb *pcb;
  struct pbuf *received;
  ip_addr_t peer;
} connections[CONNECTIONS];

static void let_go(struct connection *c) {
  if (c->pcb == NULL) return;
  tcp_arg(c->pcb, NULL);
  tcp_recv(c->pcb, NULL);
  tcp_sent(c->pcb, NULL);
  tcp_err(c->pcb, NULL);
  c->pcb = NULL;
}

static void on_error(void *argument, err_t err) {
  (void)err;
  struct connection *c = argument;
  c->pcb = NULL; /* lwIP has freed it */
  c->state = ENDED;
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t err) {
  (void)err;
  struct connection *c = argument;
  if (data == NULL) { /* the peer is done: so are we, after what it sent */
    let_go(c);
    c->state = ENDED;
    if (tcp_close(pcb) == ERR_OK) return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  if (c->received) pbuf_cat(c->received, data);
  else c->received = data;
  return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length) {
  (void)pcb, (void)length;
  struct connection *c = argument;
  if (c->wants_room) c->has_room = true;
  return ERR_OK;
}

static struct connection *adopt(struct tcp_pcb *pcb, uint8_t state) {
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++) {
    if (c->state != FREE) continue;
    memset(c, 0, sizeof *c);
    c->state = state;
    c->pcb = pcb;
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
    return c;
  }
  return NULL;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t err) {
  (void)pcb, (void)err;
  ((struct connection *)argument)->state = OPEN;
  return ERR_OK;
}

static err_t on_accepted(void *argument, struct tcp_pcb *pcb, err_t err) {
  if (err != ERR_OK || pcb == NULL) return ERR_VAL;
  struct connection *c = adopt(pcb, OPEN);
  if (c == NULL) {
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  c->accepted = true;
  c->port = (uint16_t)(uintptr_t)argument;
  c->peer = pcb->remote_ip;
  return ERR_OK;
}

static void on_found(void *context, const ip_addr_t *address) {
  struct connection *c = context;
  if (c->state != WAITING || c->pcb == NULL) return;
  if (address && tcp_connect(c->pcb, address, c->port, on_connected) == ERR_OK) return;
  struct tcp_pcb *pcb = c->pcb;
  let_go(c);
  tcp_abort(pcb);
  c->state = ENDED;
}

static struct connection *open_connection(JSContext *ctx, JSValueConst number) {
  uint32_t index;
  if (JS_ToUint32(ctx, &index, number) || index >= CONNECTIONS) return NULL;
  struct connection *c = connections + index;
  return (c->state == WAITING || c->state == OPEN) && c->pcb ? c : NULL;
}

static bool port_of(JSContext *ctx, JSValueConst value, uint32_t *port) {
  if (JS_ToUint32(ctx, port, value)) return false;
  if (*port > 0 && *port < 65536) return true;
  JS_ThrowRangeError(ctx, "a port is 1 to 65535");
  return false;
}

JS_FUNCTION(listen) {
  (void)self, (void)argc;
  uint32_t port;
  if (!port_of(ctx, argv[0], &port)) return JS_EXCEPTION;
  struct tcp_pcb *pcb = tcp_new();
  if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, (u16_t)port) != ERR_OK) {
    if (pcb) tcp_abort(pcb);
    return JS_UNDEFINED; /* already listening there */
  }
  struct tcp_pcb *listening = tcp_listen_with_backlog(pcb, 4);
  if (listening == NULL) return JS_ThrowOutOfMemory(ctx);
  tcp_arg(listening, (void *)(uintptr_t)port);
  tcp_accept(listening, on_accepted);
  return JS_UNDEFINED;
}

JS_FUNCTION(connect) {
  (void)self, (void)argc;
  char host[128];
  uint32_t port;
  if (!js_text(ctx, argv[0], host, sizeof host) || !port_of(ctx, argv[1], &port)) return JS_EXCEPTION;
  struct tcp_pcb *pcb = tcp_new();
  struct connection *c = pcb ? adopt(pcb, WAITING) : NULL;
  if (c == NULL) {
    if (pcb) tcp_abort(pcb);
    return JS_NewInt32(ctx, -1);
  }
  c->port = (uint16_t)port;
  net_resolve(host, on_found, c);
  return JS_NewInt32(ctx, (int32_t)(c - connections));
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  size_t length;
  const uint8_t *bytes = js_bytes(ctx, argv[1], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  struct connection *c = open_connection(ctx, argv[0]);
  if (c == NULL || c->state != OPEN || c->closing) return JS_FALSE;
  bool queued = length <= tcp_sndbuf(c->pcb) &&
                tcp_write(c->pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY) == ERR_OK;
  if (queued) tcp_output(c->pcb);
  else c->wants_room = true;
  return JS_NewBool(ctx, queued);
}

JS_FUNCTION(close) {
  (void)self, (void)argc;
  struct connection *c = open_connection(ctx, argv[0]);
  if (c == NULL) return JS_UNDEFINED;
  struct tcp_pcb *pcb = c->pcb;
  let_go(c);
  c->state = ENDED;
  if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
  return JS_UNDEFINED;
}

void tcp_abort_all(void) {
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++) {
    struct tcp_pcb *pcb = c->pcb;
    if (pcb == NULL) continue;
    let_go(c);
    tcp_abort(pcb);
    c->state = ENDED;
  }
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("listen", 1, listen), JS_CFUNC_DEF("connect", 2, connect),
                                                 JS_CFUNC_DEF("write", 2, write), JS_CFUNC_DEF("close", 1, close)};
  js_facet(ctx, native, "tcp", entries, 4);
}

static JSValue tell(JSContext *ctx, const struct connection *c, const char *kind) {
  JSValue event = js_event(ctx, kind);
  js_set_int(ctx, event, "connection", c - connections);
  return event;
}

static JSValue tell_data(JSContext *ctx, struct connection *c) {
  struct pbuf *data = c->received;
  uint8_t *room = NULL;
  JSValue event = tell(ctx, c, "tcp-data"), array = js_new_room(ctx, data->tot_len, &room);
  if (room) pbuf_copy_partial(data, room, data->tot_len, 0);
  JS_SetPropertyStr(ctx, event, "bytes", array);
  c->received = NULL;
  if (c->pcb) tcp_recved(c->pcb, data->tot_len);
  pbuf_free(data);
  return event;
}

static bool deliver_one(JSContext *ctx, struct connection *c) {
  JSValue event;
  if (c->state == FREE || c->state == WAITING) return false;
  bool was_open = c->state == OPEN || c->accepted;
  if (!c->told_open && was_open) {
    c->told_open = true;
    event = tell(ctx, c, c->accepted ? "tcp-accepted" : "tcp-connected");
    if (c->accepted) {
      js_set_int(ctx, event, "port", c->port);
      js_set_text(ctx, event, "peer", ipaddr_ntoa(&c->peer));
    }
  } else if (c->received) {
    event = tell_data(ctx, c);
  } else if (c->state == ENDED) {
    event = tell(ctx, c, "tcp-closed");
    c->state = FREE;
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
static bool deliver(JSContext *ctx) {
  static unsigned next;
  for (unsigned tried = 0; tried < CONNECTIONS; tried++) {
    struct connection *c = connections + next;
    next = (next + 1) % CONNECTIONS;
    if (deliver_one(ctx, c)) return true;
  }
  return false;
}

const struct facet tcp_facet = {install, deliver};
