/* The network of the unit's own access point: it gives addresses by DHCP (RFC 2131), and names the unit for every name (RFC 1035). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWN_FRAME_BYTES 600u
extern const uint8_t own_address[4];

/*
 * Answers an Ethernet frame that is a request to one of these services. Gives the answer's length, 0 for any other frame. The unit
 * itself asks too, by the MAC `self`, and gets own_address.
 */
size_t own_network_answer(const uint8_t *frame, size_t length, const uint8_t self[6], uint8_t answer[OWN_FRAME_BYTES]);
/* The address that a DHCP acknowledgement gives whoever asked; NULL for any other frame. */
const uint8_t *own_network_given(const uint8_t *frame, size_t length);
