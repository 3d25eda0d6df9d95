/* What a scan found, as the radio line tells it (PROTOCOL 9.1). */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Fills the payload of SCANNED, strongest first, as many networks as fit. Gives its length. */
size_t networks_told(uint8_t *out, size_t room);
