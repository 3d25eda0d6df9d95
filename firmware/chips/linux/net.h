/* The kernel's network, for tcp.c and udp.c: the address that the unit has, and what is done when it gets one or loses it. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* The unit's address, in network order; 0 while it has none. Every socket is bound to it. */
extern in_addr_t own_address;
/* Of the interface that has the address. */
struct subnet {
  in_addr_t mask, broadcast;
};
struct subnet own_subnet(void);

/* An address as the sockets want it. */
struct sockaddr_in endpoint(in_addr_t address, uint16_t port);
/* A socket that doesn't block, bound to the unit's address and watched; -1 when there is none to be had. */
int own_socket(int type, in_addr_t address, uint16_t port);

void tcp_came(void);
void tcp_poll_closing(void);
void udp_came(void);
void udp_left(void);
