/* The memory of TLS: from the engine's arena, never more than a fixed amount at once. mbedtls-config.h declares the two calls. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The most that a session may take at once. A handshake with a chain of three certificates needs less (ADR 0104). */
#define TLS_BYTES_MAX (24u * 1024u)

void *tls_allocate(size_t count, size_t bytes);
void tls_release(void *memory);

/* What is in use now, and the most that was since tls_memory_start. */
size_t tls_memory_used(void);
size_t tls_memory_peak(void);
/* Whether an allocation was refused since then. */
bool tls_memory_was_short(void);
void tls_memory_start(void);
