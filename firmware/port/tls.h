/*
 * TLS above connections of tcp.c: the link to the cloud, and one of the app. tls/tls.c has it, tls/absent.c is for images
 * without: there every wish is refused, so that what should be secret never goes in the clear.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "main/numbers.h"

/* Whom to speak with, and what is known of the time. */
struct tls_wish {
  const char *server_name;     /* what the server's certificate must name */
  const uint8_t *certificate;  /* DER of the authorities that may vouch for it, one after the other */
  size_t certificate_bytes;
  double earliest_s, latest_s; /* the present is between the two; 0 and infinity where nothing is known */
};

/* What tcp.c gives below: bytes taken or given, 0 when none now, -1 when there will be none any more. */
int tls_wire_send(void *connection, const uint8_t *bytes, size_t length);
int tls_wire_receive(void *connection, uint8_t *bytes, size_t length);
size_t tls_wire_room(void *connection);

/* Why the last wish or session came to nothing; 0 when it ended in good order. */
extern enum fault tls_fault;

#define TLS_SESSIONS_MOST 2u
struct tls;

/* Begins a session; NULL when there are as many as there may be, or no memory for another. */
struct tls *tls_begin(const struct tls_wish *wish, void *connection);

enum tls_progress { TLS_WAITS, TLS_WORKED, TLS_OPEN, TLS_OVER };
/* Takes the handshake one step on, and what is still to be sent. */
enum tls_progress tls_step(struct tls *session);
/* Bytes that can be read now; -1 when there will be none any more. */
int tls_available(struct tls *session);
/* Reads so many of those. */
void tls_read(struct tls *session, uint8_t *bytes, size_t length);
/* Takes all of the bytes or none. */
bool tls_write(struct tls *session, const uint8_t *bytes, size_t length);
/* Ends and frees the session: in good order, unless the connection below is gone. */
void tls_end(struct tls *session, bool is_connected);
