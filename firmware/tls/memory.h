/* The memory of TLS: from the engine's arena, never more than a fixed amount at once. mbedtls-config.h declares the two calls. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The most that sessions may take at once: an open one and the handshake of another, or two handshakes (ADR 0104). */
#define TLS_BYTES_MAX (24u * 1024u)

void *tls_allocate(size_t count, size_t bytes);
void tls_release(void *memory);

/* What is in use now, and the most that was since tls_memory_start. */
size_t tls_memory_used(void);
size_t tls_memory_peak(void);
/* Whether an allocation was refused since tls_memory_note: each step of a session begins with that. */
bool tls_memory_was_short(void);
void tls_memory_note(void);
void tls_memory_start(void);
