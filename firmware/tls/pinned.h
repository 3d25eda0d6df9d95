/* The authorities that the factory pinned: DER of their certificates, one after the other. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mbedtls/x509_crt.h"

/* Appends them to the chain; false when there is none, or something else. The chain is the caller's to free either way. */
bool pinned_parse(mbedtls_x509_crt *chain, const uint8_t *bytes, size_t length);
