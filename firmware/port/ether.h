/* An Ethernet controller as the network facet needs it; a chip's ether.c implements it. */
#pragma once
#include "lwip/err.h"
#include "lwip/netif.h"

/* Sets up the controller for interface->hwaddr and sets interface->linkoutput. */
err_t ether_start(struct netif *interface);
/* Hands every frame that has come to interface->input. */
void ether_poll(struct netif *interface);
