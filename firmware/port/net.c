#include "port/net.h"
#include <string.h>
#include "chips/chip.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "port/ether.h"
#include "port/tcp.h"

#define HALF_OPEN_MOST 6

static struct netif interface;
static ip4_addr_t time_servers[LWIP_DHCP_MAX_NTP_SERVERS];
static unsigned time_server_count;

/* lwIP counts in 32 bits by its contract, and compares moments so that a wrap does no harm. */
u32_t sys_now(void) { return (u32_t)chip_milliseconds(); }

/* lwIP's own, which firmware/third-party.json opens to us; 1: an older entry may give way. */
err_t etharp_update_arp_entry(struct netif *, const ip4_addr_t *, struct eth_addr *, u8_t flags);
#define ENTRY_MAY_REPLACE 1

/*
 * Notes where a packet for us came from, when that is on our subnet, so that its answer needs no question about the way back.
 * That proves no less than an answer to such a question would: on this wire anyone may say to be anybody.
 */
static void note_sender(struct netif *n, const struct pbuf *frame) {
  struct {
    struct eth_hdr ethernet;
    struct ip_hdr ip;
  } __attribute__((packed)) head;
  ip4_addr_t sender;
  if (pbuf_copy_partial(frame, &head, sizeof head, 0) != sizeof head) return;
  if (head.ethernet.type != PP_HTONS(ETHTYPE_IP) || memcmp(&head.ethernet.dest, n->hwaddr, 6) != 0) return;
  memcpy(&sender, &head.ip.src, sizeof sender);
  if (!ip4_addr_netcmp(&sender, netif_ip4_addr(n), netif_ip4_netmask(n)) || ip4_addr_isbroadcast(&sender, n)) return;
  if (ip4_addr_cmp(&sender, netif_ip4_addr(n)) || ip4_addr_isany(&sender) || head.ethernet.src.addr[0] & 1) return;
  etharp_update_arp_entry(n, &sender, &head.ethernet.src, ENTRY_MAY_REPLACE);
}

static err_t take_frame(struct pbuf *frame, struct netif *n) {
  if (!ip4_addr_isany_val(*netif_ip4_addr(n))) note_sender(n, frame);
  return ethernet_input(frame, n);
}

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
  netif_add_noaddr(&interface, NULL, set_up, take_frame);
  memcpy(interface.hwaddr, mac, 6);
  netif_set_default(&interface);
}

/* Called by lwIP with what a lease says, each time anew. */
void dhcp_set_ntp_servers(u8_t count, const ip4_addr_t *servers) {
  time_server_count = count < LWIP_DHCP_MAX_NTP_SERVERS ? count : LWIP_DHCP_MAX_NTP_SERVERS;
  memcpy(time_servers, servers, time_server_count * sizeof *servers);
}

const char *net_time_server(unsigned place) {
  return place < time_server_count ? ip4addr_ntoa(time_servers + place) : NULL;
}

void net_join(const uint8_t ipv4[4]) {
  (void)ipv4; /* our own DHCP server's counts */
  time_server_count = 0;
  netif_set_up(&interface);
  dhcp_start(&interface);
}

void net_leave(void) {
  tcp_abort_all();
  dhcp_release_and_stop(&interface);
  netif_set_down(&interface);
}

bool net_ready(void) { return netif_is_up(&interface) && dhcp_supplied_address(&interface); }

/*
 * Ends the oldest of the connections that somebody began and did not complete, when there are too many: whoever means it
 * answers within milliseconds. lwIP would keep each for twenty seconds, and take no others meanwhile.
 */
static void end_half_open(void) {
  for (;;) {
    unsigned count = 0;
    struct tcp_pcb *oldest = NULL;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) { /* newest first */
      if (pcb->state != SYN_RCVD) continue;
      count++;
      oldest = pcb;
    }
    if (count <= HALF_OPEN_MOST) return;
    tcp_abandon(oldest, 0);
  }
}

bool net_poll(void) {
  bool more = ether_poll(&interface);
  end_half_open();
  sys_check_timeouts();
  return more;
}
