/*
 * mbedTLS as a unit needs it: a TLS 1.2 client for one server whose authority is pinned. ECDHE with X25519 or
 * P-256, ECDSA over P-256, ChaCha20-Poly1305, SHA-256; no older version, no renegotiation, no tickets, no clock, no file, no text of its errors.
 */
#pragma once
#include <limits.h>

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_CALLOC_MACRO tls_allocate
#define MBEDTLS_PLATFORM_FREE_MACRO tls_release

#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_CIPHERSUITES MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
/* The longest record that a server may send, its certificates included: max_fragment_length asks for that. */
#define MBEDTLS_SSL_IN_CONTENT_LEN 4096
/* Ours are a few hundred bytes; a longer message goes in several records. */
#define MBEDTLS_SSL_OUT_CONTENT_LEN 1024

#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_MAX_INTERMEDIATE_CA 3
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_OID_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_MAX_SIZE 64
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE 4
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDH_GEN_PUBLIC_ALT /* x25519.c */
#define MBEDTLS_ECDH_COMPUTE_SHARED_ALT
#define MBEDTLS_ECDSA_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_MD_C

/* libsodium's, which the image has anyway (alt.c). */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_ALT
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_CHACHAPOLY_ALT

/* memory.c: from the engine's arena, never more than a fixed amount at once. */
#include <stddef.h>
void *tls_allocate(size_t count, size_t bytes);
void tls_release(void *memory);
