/* What JavaScript is told of a connection, by its number, whoever moves the bytes: lwIP (tcp.c) or a kernel (chips/linux). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "port/js.h"
#include "port/tls.h"

JSValue tcp_event(JSContext *ctx, ptrdiff_t connection, const char *kind);
/* The next `length` bytes of a session, which are there. */
JSValue tcp_secure_data(JSContext *ctx, ptrdiff_t connection, struct tls *session, size_t length);
/*
 * While the unit works at an update, what its server sends stays in the receive window: blocks would otherwise pile up in the
 * arena. Whoever has called the unit is heard at once.
 */
bool tcp_must_wait(bool is_accepted);
/*
 * Takes the properties of a Secure and begins a session; NULL with the fault, or with an exception where they are not of its
 * types: then `understood` is false.
 */
struct tls *tcp_secure(JSContext *ctx, JSValueConst wanted, void *connection, enum fault *fault, bool *understood);
