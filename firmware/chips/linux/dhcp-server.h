/* Answers of the DHCP server of the unit's own access point (RFC 2131), for stations that ask for an address. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define DHCP_ANSWER_BYTES 300u

/*
 * Answers one datagram; what it gives is remembered by `subnet`'s table of stations, the one that was heard of longest ago
 * giving way. `own` is the unit's address, the first of 24 bits of network.
 * @returns The bytes of the answer; 0 for none.
 */
size_t dhcp_answer(const uint8_t *asked, size_t length, const uint8_t own[4], uint8_t out[DHCP_ANSWER_BYTES]);
