/* The IP network below tcp and udp: one Ethernet interface, up while the radio has joined. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

void net_start(const uint8_t mac[6]);
/* Begins to ask for an address; net_ready tells when there is one. `ipv4` is the one that the radio says the unit has. */
void net_join(const uint8_t ipv4[4]);
/* Drops the address and every connection. */
void net_leave(void);
bool net_ready(void);
/* A server of the time that DHCP named, as text until the next call; NULL behind the last. */
const char *net_time_server(unsigned place);
uint32_t sys_now(void);
/* Moves frames and runs lwIP's timers; true when frames are left for the next time. */
bool net_poll(void);
