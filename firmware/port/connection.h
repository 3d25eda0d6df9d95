/* A TCP connection of the unit, shared by the files that move it (tcp.c) and those that tell of it (tcp-deliver.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "main/numbers.h"
#include "lwip/tcp.h"
#include "port/js.h"

#define CONNECTIONS 8
#define ACCEPTED_MOST 6 /* two are left for connections that the unit opens itself */

enum { FREE, WAITING, OPEN, ENDED }; /* ENDED: nothing below any more, tcp-closed still to be told */

struct connection {
  uint8_t state;
  bool told_open, accepted, on_subnet, reached, wants_room, has_room;
  struct tls *secure; /* its session under TLS; NULL for a connection in the clear */
  enum fault fault;  /* why it ended, where that is known */
  uint16_t port;     /* listened on, or to connect to */
  uint16_t turn;     /* differs from the turns of those that had this place before */
  struct tcp_pcb *pcb;
  struct pbuf *received;
  ip_addr_t peer;
};
extern struct connection connections[CONNECTIONS];

/* Ends what is below: after all that is queued was sent, or at once. */
void connection_finish(struct connection *c, bool in_order);
/* Gives its number back. */
void connection_free(struct connection *c);
bool tcp_deliver(JSContext *ctx);
