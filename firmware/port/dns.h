/* Resolves host names, for tcp and udp. */
#pragma once
#include "lwip/ip_addr.h"

typedef void host_found(void *context, const ip_addr_t *address);
/* Looks a host up (an IPv4 address is its own answer): calls `found` now or later, with NULL when there is none. */
void dns_find(const char *host, host_found *found, void *context);

/* Where an address is reached: the emulating machine's loopback is the gateway's. */
const ip_addr_t *dns_reachable(const ip_addr_t *address);
