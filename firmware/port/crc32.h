/* CRC-32 (IEEE 802.3), as the radio line and the flash journal use it. Begin with 0; feed on with the last result. */
#pragma once
#include <stddef.h>
#include <stdint.h>

uint32_t crc32_more(uint32_t crc, const void *bytes, size_t length);
