/* An Ethernet controller as the network facet needs it; a chip's ether.c implements it. */
#pragma once
#include <stdbool.h>
#include "lwip/err.h"
#include "lwip/netif.h"

/* Sets up the controller for interface->hwaddr and sets interface->linkoutput. */
err_t ether_start(struct netif *interface);
/* So many frames at most are taken at once: others have their turn between, however fast they come. */
#define FRAMES_A_POLL 8
/* Hands frames that have come to interface->input; true when there are more. */
bool ether_poll(struct netif *interface);
