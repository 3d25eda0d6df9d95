#include "port/net.h"
#include <string.h>
#include "chips/chip.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "port/ether.h"
#include "port/tcp.h"

static struct netif interface;

/* lwIP counts in 32 bits by its contract, and compares moments so that a wrap does no harm. */
u32_t sys_now(void) { return (u32_t)chip_milliseconds(); }

static err_t set_up(struct netif *n) {
  n->name[0] = 'e';
  n->name[1] = '0';
  n->mtu = 1500;
  n->output = etharp_output;
  n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP;
  return ether_start(n);
}

void net_start(const uint8_t mac[6]) {
  lwip_init();
  memcpy(interface.hwaddr, mac, 6);
  interface.hwaddr_len = 6;
  netif_add_noaddr(&interface, NULL, set_up, ethernet_input);
  memcpy(interface.hwaddr, mac, 6);
  netif_set_default(&interface);
}

void net_join(void) {
  netif_set_up(&interface);
  dhcp_start(&interface);
}

void net_leave(void) {
  tcp_abort_all();
  dhcp_release_and_stop(&interface);
  netif_set_down(&interface);
}

bool net_ready(void) { return netif_is_up(&interface) && dhcp_supplied_address(&interface); }

void net_poll(void) {
  ether_poll(&interface);
  sys_check_timeouts();
}
