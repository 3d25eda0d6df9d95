/* The DHCP server of the unit's own access point (RFC 2131), for stations that ask for an address. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define DHCP_ANSWER_BYTES 300u
enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };

/*
 * Answers one datagram. Sixteen stations are remembered with what they were given; the one heard of longest ago gives way. `own` is the
 * unit's address, the first of 24 bits of network. `self` is the unit's MAC where it asks too, and then gets `own`; NULL elsewhere.
 * @returns The bytes of the answer; 0 for none.
 */
size_t dhcp_answer(const uint8_t *asked, size_t length, const uint8_t own[4], const uint8_t *self, uint8_t out[DHCP_ANSWER_BYTES]);
/* The address that an acknowledgement gives; NULL for any other datagram. */
const uint8_t *dhcp_given(const uint8_t *answer, size_t length);
