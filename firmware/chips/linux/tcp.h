/* A TCP connection of the unit, shared by the files that move it (tcp.c) and those that tell of it (tcp-deliver.c). */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include "main/numbers.h"
#include "port/js.h"

#define CONNECTIONS 8
#define ACCEPTED_MOST 6 /* two are left for connections that the unit opens itself */

enum { FREE, RESOLVING, CONNECTING, OPEN, ENDED }; /* ENDED: nothing below any more, tcp-closed still to be told */

struct connection {
  uint8_t state;
  bool told_open, accepted, on_subnet, reached, wants_room;
  struct tls *secure; /* its session under TLS; NULL for a connection in the clear */
  enum fault fault; /* why it ended, where that is known */
  uint16_t port;    /* listened on, or to connect to */
  int fd;           /* the socket; while resolving, the file on which the address comes; -1 for none */
  in_addr_t peer;
};
extern struct connection connections[CONNECTIONS];

/* Takes what has come of connections in the kernel: new ones, addresses, connects that ended. */
void connections_poll(void);
/* Ends what is below: after all that is queued was sent, or at once. */
void connection_finish(struct connection *c, bool in_order);
/* Whether what was written before was taken, and so more may be. */
bool connection_has_room(const struct connection *c, size_t length);
bool tcp_deliver(JSContext *ctx);
