/* lwIP as we use it: no system below, raw interface, one Ethernet interface, IPv4. */
#pragma once
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_NETIF_HOSTNAME 0
#define LWIP_RAW 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_ICMP 1
#define LWIP_DHCP 1
#define LWIP_IGMP 1
#define MEMP_NUM_IGMP_GROUP 3
#define LWIP_DNS 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define IP_FRAG 0
#define IP_REASSEMBLY 0
#define MEM_ALIGNMENT 4
/* What waits to be sent or acknowledged: one connection's whole window, and the heads of some frames. */
#define MEM_SIZE (8 * 1024)
/* Eight connections (connection.h), HALF_OPEN_MOST of net.c, and some that are closing. */
#define MEMP_NUM_TCP_PCB 16
/* What comes out of order is sent again: kept, it would let one peer hold every frame's buffer. */
#define TCP_QUEUE_OOSEQ 0
#define MEMP_NUM_TCP_PCB_LISTEN 3
#define MEMP_NUM_UDP_PCB 6
#define MEMP_NUM_TCP_SEG 32
#define MEMP_NUM_PBUF 8
/* Frames received and not yet taken: one window, and what others send meanwhile. */
#define PBUF_POOL_SIZE 8
#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_SND_QUEUELEN 24
#define DNS_TABLE_SIZE 3 /* for a connection of the link, one of the app, and a datagram */
#define DNS_MAX_NAME_LENGTH 128
#define LWIP_TCP_KEEPALIVE 1
/* Servers of the time, option 42: dhcp_set_ntp_servers of net.c is told of them. */
#define LWIP_DHCP_GET_NTP_SRV 1
#define LWIP_DHCP_MAX_NTP_SERVERS 2
/* The probe for an address already in use costs a second at every start; slow networks answer it anyway. */
#define DHCP_DOES_ARP_CHECK 0
