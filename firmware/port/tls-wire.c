/* The transport under TLS: reads from and writes to a connection of tcp.c. */
#include "port/connection.h"
#include "port/tls.h"

int tls_wire_send(void *connection, const uint8_t *bytes, size_t length) {
  struct connection *c = connection;
  if (c->pcb == NULL) return -1;
  if (length > tcp_sndbuf(c->pcb)) length = tcp_sndbuf(c->pcb);
  if (length == 0 || tcp_write(c->pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK) return 0;
  tcp_output(c->pcb);
  return (int)length;
}

int tls_wire_receive(void *connection, uint8_t *bytes, size_t length) {
  struct connection *c = connection;
  if (c->received == NULL) return c->state == ENDED ? -1 : 0;
  u16_t taken = pbuf_copy_partial(c->received, bytes, (u16_t)length, 0);
  c->received = pbuf_free_header(c->received, taken);
  if (c->pcb) tcp_recved(c->pcb, taken);
  return taken;
}

size_t tls_wire_room(void *connection) {
  const struct connection *c = connection;
  return c->pcb ? tcp_sndbuf(c->pcb) : 0;
}
