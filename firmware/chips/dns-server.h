/* Answers of the DNS server of the unit's own access point (RFC 1035): every name is the unit, so that phones open its page. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define DNS_MESSAGE_MOST 512u

/* Answers one query. @returns The bytes of the answer; 0 for none. */
size_t dns_answer(const uint8_t *asked, size_t length, const uint8_t own[4], uint8_t out[DNS_MESSAGE_MOST]);
