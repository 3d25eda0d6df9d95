/*
 * native.tcp over lwIP's raw interface. What lwIP reports is noted on the connection and told to JavaScript from the
 * main loop, one event at a time, so that no event comes from inside a call.
 */
#include <string.h>
#include "lwip/tcp.h"
#include "port/connection.h"
#include "port/dns.h"
#include "port/js.h"
#include "port/tcp-events.h"
#include "port/tcp.h"
#include "port/tls.h"

struct connection connections[CONNECTIONS];

/*
 * Whose control block is taken for another when all are in use: first one that is closing, then one that is half open
 * (net.c ends those that are too many), then one that somebody opened here; never one that the unit opened itself.
 */
enum { PRIORITY_CLOSING = 1, PRIORITY_HALF_OPEN, PRIORITY_ACCEPTED };
/* lwIP polls twice a second: what is not sent ten seconds after the end is given up. */
#define LINGER_POLLS 20
#define ROOM_POLLS 2

static void let_go(struct connection *c) {
  if (c->pcb == NULL) return;
  tcp_arg(c->pcb, NULL);
  tcp_recv(c->pcb, NULL);
  tcp_sent(c->pcb, NULL);
  tcp_err(c->pcb, NULL);
  tcp_poll(c->pcb, NULL, 0);
  c->pcb = NULL;
}

static err_t on_lingered(void *argument, struct tcp_pcb *pcb) {
  (void)argument;
  tcp_abort(pcb);
  return ERR_ABRT;
}

/* Sends what is queued, then the end; false when the peer had to be told that it was broken off. */
static bool close_in_order(struct tcp_pcb *pcb) {
  tcp_setprio(pcb, PRIORITY_CLOSING);
  tcp_poll(pcb, on_lingered, LINGER_POLLS);
  if (tcp_close(pcb) == ERR_OK) return true;
  tcp_abort(pcb);
  return false;
}

/* Bytes that a frame's buffer has left behind what was received in it. */
static size_t room_behind(const struct pbuf *p) {
  const uint8_t *end = (const uint8_t *)p + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) + PBUF_POOL_BUFSIZE;
  return (size_t)(end - ((const uint8_t *)p->payload + p->len));
}

/* Adds what came to what waits: a peer that sends byte by byte takes a buffer for many bytes, not one for each. */
static void append(struct pbuf *waiting, struct pbuf *data) {
  struct pbuf *last = waiting;
  while (last->next) last = last->next;
  u16_t more = data->tot_len;
  if (more > room_behind(last)) {
    pbuf_cat(waiting, data);
    return;
  }
  pbuf_copy_partial(data, (uint8_t *)last->payload + last->len, more, 0);
  last->len = (u16_t)(last->len + more);
  for (struct pbuf *p = waiting; p; p = p->next) p->tot_len = (u16_t)(p->tot_len + more);
  pbuf_free(data);
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
    return close_in_order(pcb) ? ERR_OK : ERR_ABRT;
  }
  if (c->accepted && c->wants_room) { /* goes on asking and takes no answer: on_error notes the end */
    pbuf_free(data);
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  if (c->received) append(c->received, data);
  else c->received = data;
  return ERR_OK;
}

/* An accepted connection gets one answer at a time: answers that its peer doesn't read would fill the memory of all. */
static bool is_taken(const struct connection *c) {
  return !c->accepted || (c->pcb->unacked == NULL && c->pcb->unsent == NULL);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length) {
  (void)pcb, (void)length;
  struct connection *c = argument;
  if (c->wants_room && is_taken(c)) c->has_room = true;
  return ERR_OK;
}

/* Room that others left is not told of by on_sent. */
static err_t on_poll(void *argument, struct tcp_pcb *pcb) { return on_sent(argument, pcb, 0); }

static struct connection *adopt(struct tcp_pcb *pcb, uint8_t state) {
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++) {
    if (c->state != FREE) continue;
    static uint16_t turns;
    memset(c, 0, sizeof *c);
    c->turn = ++turns;
    c->state = state;
    c->pcb = pcb;
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, ROOM_POLLS);
    tcp_nagle_disable(pcb);
    return c;
  }
  return NULL;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t err) {
  (void)pcb, (void)err;
  struct connection *c = argument;
  c->state = OPEN;
  c->reached = true;
  return ERR_OK;
}

static err_t on_accepted(void *argument, struct tcp_pcb *pcb, err_t err) {
  if (err != ERR_OK || pcb == NULL) return ERR_VAL;
  unsigned accepted = 0;
  for (unsigned i = 0; i < CONNECTIONS; i++) accepted += connections[i].state != FREE && connections[i].accepted;
  struct connection *c = accepted < ACCEPTED_MOST ? adopt(pcb, OPEN) : NULL;
  if (c == NULL) {
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  tcp_setprio(pcb, PRIORITY_ACCEPTED);
  c->accepted = true;
  c->on_subnet = ip_addr_netcmp(&pcb->remote_ip, netif_ip4_addr(netif_default), netif_ip4_netmask(netif_default));
  c->port = (uint16_t)(uintptr_t)argument;
  c->peer = pcb->remote_ip;
  return ERR_OK;
}

void connection_finish(struct connection *c, bool in_order) {
  struct tcp_pcb *pcb = c->pcb;
  if (c->secure) tls_end(c->secure, pcb != NULL);
  c->secure = NULL;
  c->state = ENDED;
  if (pcb == NULL) return;
  let_go(c);
  if (in_order) close_in_order(pcb);
  else tcp_abort(pcb);
}

void connection_free(struct connection *c) {
  if (c->received) pbuf_free(c->received);
  c->received = NULL;
  c->state = FREE;
}

/* A name's address may come when its connection was given up and its place taken again: the turn tells. */
static void on_found(void *context, const ip_addr_t *address) {
  struct connection *c = connections + (uintptr_t)context % CONNECTIONS;
  if (c->state != WAITING || c->pcb == NULL || c->turn != (uintptr_t)context / CONNECTIONS) return;
  if (address && tcp_connect(c->pcb, address, c->port, on_connected) == ERR_OK) return;
  connection_finish(c, false);
}

static struct connection *open_connection(JSContext *ctx, JSValueConst number) {
  uint32_t index;
  if (JS_ToUint32(ctx, &index, number) || index >= CONNECTIONS) return NULL;
  struct connection *c = connections + index;
  return (c->state == WAITING || c->state == OPEN) && c->pcb ? c : NULL;
}

JS_FUNCTION(listen) {
  (void)self, (void)argc;
  uint32_t port;
  if (!js_outer_port(ctx, argv[0], &port)) return JS_UNDEFINED;
  struct tcp_pcb *pcb = tcp_new();
  if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, (u16_t)port) != ERR_OK) {
    if (pcb) tcp_abort(pcb);
    return JS_UNDEFINED; /* already listening there */
  }
  struct tcp_pcb *listening = tcp_listen(pcb);
  if (listening == NULL) return JS_ThrowOutOfMemory(ctx);
  tcp_setprio(listening, PRIORITY_HALF_OPEN); /* what it receives begins with the same */
  tcp_arg(listening, (void *)(uintptr_t)port);
  tcp_accept(listening, on_accepted);
  return JS_UNDEFINED;
}

JS_FUNCTION(connect) {
  (void)self, (void)argc;
  char host[128];
  uint32_t port;
  /* Both may come from outside: there is nobody to connect to. */
  if (!js_outer_text(ctx, argv[0], host, sizeof host) || !js_outer_port(ctx, argv[1], &port))
    return JS_NewInt32(ctx, -1);
  struct tcp_pcb *pcb = tcp_new();
  struct connection *c = pcb ? adopt(pcb, WAITING) : NULL;
  if (c == NULL) {
    if (pcb) tcp_abort(pcb);
    return JS_NewInt32(ctx, -1);
  }
  c->port = (uint16_t)port;
  if (!JS_IsUndefined(argv[2])) {
    bool understood;
    c->secure = tcp_secure(ctx, argv[2], c, &c->fault, &understood);
    if (!c->secure) connection_finish(c, false); /* never in the clear instead: told as closed, with the fault */
    if (!understood) return JS_EXCEPTION;
    if (!c->secure) return JS_NewInt32(ctx, (int32_t)(c - connections));
  }
  dns_find(host, on_found, (void *)((uintptr_t)c->turn * CONNECTIONS + (uintptr_t)(c - connections)));
  return JS_NewInt32(ctx, (int32_t)(c - connections));
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  size_t length;
  const uint8_t *bytes = js_bytes(ctx, argv[1], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  struct connection *c = open_connection(ctx, argv[0]);
  if (c == NULL || c->state != OPEN) return JS_FALSE;
  bool queued = c->secure ? tls_write(c->secure, bytes, length)
                          : is_taken(c) && length <= tcp_sndbuf(c->pcb) &&
                                tcp_write(c->pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY) == ERR_OK;
  if (queued) tcp_output(c->pcb);
  else c->wants_room = true;
  return JS_NewBool(ctx, queued);
}

JS_FUNCTION(close) {
  (void)self, (void)argc;
  uint32_t index;
  if (JS_ToUint32(ctx, &index, argv[0]) || index >= CONNECTIONS) return JS_UNDEFINED;
  struct connection *c = connections + index;
  if (c->state == FREE) return JS_UNDEFINED;
  connection_finish(c, true);
  connection_free(c);
  return JS_UNDEFINED;
}

void tcp_abort_all(void) {
  for (struct connection *c = connections; c < connections + CONNECTIONS; c++)
    if (c->pcb != NULL) connection_finish(c, false);
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("listen", 1, listen), JS_CFUNC_DEF("connect", 3, connect),
                                                 JS_CFUNC_DEF("write", 2, write), JS_CFUNC_DEF("close", 1, close)};
  js_facet(ctx, native, "tcp", entries, 4);
}

const struct facet tcp_facet = {install, tcp_deliver};
