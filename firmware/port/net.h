/* The IP network below tcp and udp: one Ethernet interface, up while the radio has joined. */
#pragma once
#include <stdbool.h>
#include "lwip/ip_addr.h"

void net_start(const uint8_t mac[6]);
/* Begins to ask for an address; net_ready tells when there is one. */
void net_join(void);
/* Drops the address and every connection. */
void net_leave(void);
bool net_ready(void);
uint32_t sys_now(void);
/* Moves frames and runs lwIP's timers. */
void net_poll(void);

/* Where an address is reached: the emulating machine's loopback is the gateway's. */
const ip_addr_t *net_reachable(const ip_addr_t *address);
