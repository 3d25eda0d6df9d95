/* native.udp: datagrams to an address, and from ports that are listened on. What finds no room is lost, as on a wire. */
#include <string.h>
#include "lwip/igmp.h"
#include "lwip/udp.h"
#include "port/js.h"
#include "port/dns.h"

#define WAITING_MOST 6
#define LISTENING_MOST 4
#define DATAGRAM_MOST 1472u /* in one frame */

static struct datagram {
  struct pbuf *data;
  ip_addr_t peer;
  uint16_t port, peer_port;
} waiting[WAITING_MOST];
static unsigned count;
static struct udp_pcb *sender;

/* A port that is listened on: datagrams sent from that port use the same lwIP control block. */
static struct udp_pcb *listening[LISTENING_MOST];

static void on_received(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *peer, u16_t port) {
  (void)argument;
  if (count == WAITING_MOST) {
    pbuf_free(data);
    return;
  }
  waiting[count++] = (struct datagram){data, *peer, pcb->local_port, port};
}

static struct udp_pcb *listener(uint16_t port) {
  for (unsigned i = 0; i < LISTENING_MOST; i++)
    if (listening[i] && listening[i]->local_port == port) return listening[i];
  return NULL;
}

static struct udp_pcb *listen_on(uint16_t port) {
  unsigned free = 0;
  while (free < LISTENING_MOST && listening[free]) free++;
  struct udp_pcb *pcb = free < LISTENING_MOST ? udp_new() : NULL;
  if (pcb == NULL) return NULL;
  udp_bind(pcb, IP_ANY_TYPE, port);
  ip_set_option(pcb, SOF_BROADCAST);
  udp_recv(pcb, on_received, NULL);
  return listening[free] = pcb;
}

/* Ports, groups, addresses and lengths may come from outside: what can't be used is lost, as on a wire. */
JS_FUNCTION(listen) {
  (void)self, (void)argc;
  uint32_t port;
  char text[16];
  ip4_addr_t group;
  if (!js_outer_port(ctx, argv[0], &port)) return JS_UNDEFINED;
  if (listener((u16_t)port) == NULL && listen_on((u16_t)port) == NULL) return JS_UNDEFINED;
  if (JS_IsUndefined(argv[1]) || !js_outer_text(ctx, argv[1], text, sizeof text)) return JS_UNDEFINED;
  if (!ip4addr_aton(text, &group) || !ip4_addr_ismulticast(&group)) return JS_UNDEFINED;
  igmp_joingroup(IP4_ADDR_ANY4, &group); /* again is as good as once */
  return JS_UNDEFINED;
}

/* A datagram that waits for the address of its host. */
static struct unsent {
  struct pbuf *data;
  uint16_t from, port; /* from: 0 for no particular port */
  uint16_t turn;       /* an address that comes late is of no use to the next one */
} unsent;

static struct udp_pcb *endpoint_of(uint16_t from) {
  if (from != 0) return listener(from);
  if (sender == NULL && (sender = udp_new()) != NULL) ip_set_option(sender, SOF_BROADCAST);
  return sender;
}

static void drop_unsent(void) {
  if (unsent.data) pbuf_free(unsent.data);
  unsent.data = NULL;
}

static void on_found(void *context, const ip_addr_t *address) {
  if (unsent.data == NULL || unsent.turn != (uintptr_t)context) return;
  struct udp_pcb *endpoint = address ? endpoint_of(unsent.from) : NULL;
  if (endpoint) udp_sendto(endpoint, unsent.data, address, unsent.port);
  drop_unsent();
}

/* Takes the datagram. One waits at a time: whoever asks again has given up the one before. */
static void send_when_found(const char *host, struct pbuf *data, uint16_t from, uint16_t port) {
  drop_unsent();
  unsent = (struct unsent){data, from, port, (uint16_t)(unsent.turn + 1u)};
  dns_find(host, on_found, (void *)(uintptr_t)unsent.turn);
}

JS_FUNCTION(send) {
  (void)self, (void)argc;
  char host[128];
  uint32_t port, from = 0;
  size_t length;
  ip_addr_t to = *IP_ADDR_BROADCAST;
  const uint8_t *bytes = js_bytes(ctx, argv[2], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  if (length > DATAGRAM_MOST || !js_outer_text(ctx, argv[0], host, sizeof host) || !js_outer_port(ctx, argv[1], &port))
    return JS_UNDEFINED;
  if (!JS_IsUndefined(argv[3]) && !js_outer_port(ctx, argv[3], &from)) return JS_UNDEFINED;
  struct udp_pcb *endpoint = endpoint_of((u16_t)from);
  struct pbuf *data = endpoint ? pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM) : NULL;
  if (data == NULL) return JS_UNDEFINED;
  pbuf_take(data, bytes, (u16_t)length);
  if (strcmp(host, "broadcast") != 0 && !ipaddr_aton(host, &to)) {
    send_when_found(host, data, (u16_t)from, (u16_t)port);
    return JS_UNDEFINED;
  }
  udp_sendto(endpoint, data, dns_reachable(&to), (u16_t)port);
  pbuf_free(data);
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("listen", 2, listen), JS_CFUNC_DEF("send", 4, send)};
  js_facet(ctx, native, "udp", entries, 2);
}

static bool deliver(JSContext *ctx) {
  if (count == 0) return false;
  struct datagram first = waiting[0];
  memmove(waiting, waiting + 1, --count * sizeof first);
  uint8_t *room = NULL;
  JSValue event = js_event(ctx, "udp-data"), array = js_new_room(ctx, first.data->tot_len, &room);
  if (room) pbuf_copy_partial(first.data, room, first.data->tot_len, 0);
  pbuf_free(first.data);
  js_set_int(ctx, event, "port", first.port);
  js_set_text(ctx, event, "peer", ipaddr_ntoa(&first.peer));
  js_set_int(ctx, event, "peerPort", first.peer_port);
  JS_SetPropertyStr(ctx, event, "bytes", array);
  js_send(ctx, event);
  return true;
}

const struct facet udp_facet = {install, deliver};
