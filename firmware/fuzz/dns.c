/* A name server's answer of any content, through lwIP as the units have it, to port/dns.c. */
#include "port/dns.h"
#include <string.h>
#include "fuzz/bed.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/inet_chksum.h"
#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/prot/dns.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/udp.h"

#define SERVER 0x0100000au /* 10.0.0.1 */
#define OWN 0x0200000au
#define QUERY_BYTES_MOST 200u
#define TICKS 20u /* until an unanswered question is given up */

static struct netif interface;
static uint8_t query[QUERY_BYTES_MOST]; /* from the IPv4 head on */
static size_t query_bytes;
static bool is_answered;

/* No address is asked for here. */
void dhcp_set_ntp_servers(u8_t count, const ip4_addr_t *servers) { (void)count, (void)servers; }

u32_t sys_now(void);
u32_t sys_now(void) { return 1; }
uint32_t entropy_word(void);
uint32_t entropy_word(void) {
  static uint32_t word;
  return word = word * 1664525u + 1013904223u; /* lwIP draws until a port suits it */
}

static err_t output(struct netif *n, struct pbuf *packet, const ip4_addr_t *to) {
  (void)n, (void)to;
  query_bytes = packet->tot_len <= QUERY_BYTES_MOST ? packet->tot_len : 0;
  pbuf_copy_partial(packet, query, (u16_t)query_bytes, 0);
  return ERR_OK;
}

static err_t set_up(struct netif *n) {
  n->mtu = 1500;
  n->output = output;
  n->flags = NETIF_FLAG_UP | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

static void start(void) {
  static bool has_started;
  if (has_started) return;
  has_started = true;
  lwip_init();
  ip4_addr_t own = {OWN}, mask = {0x00ffffffu}, gateway = {SERVER};
  netif_add(&interface, &own, &mask, &gateway, NULL, set_up, ip4_input);
  netif_set_default(&interface);
  netif_set_up(&interface);
  dns_setserver(0, &gateway);
}

static void found(void *context, const ip_addr_t *address) {
  (void)context;
  is_answered = true;
  if (address) bed_look((const uint8_t *)address, sizeof *address);
}

/* The answer to what was asked: its number and question, then the input. */
static void answer(struct input *in) {
  uint8_t packet[QUERY_BYTES_MOST + 1200] __attribute__((aligned(8)));
  size_t heads = sizeof(struct ip_hdr) + sizeof(struct udp_hdr), bytes = query_bytes;
  if (bytes < heads + SIZEOF_DNS_HDR) return;
  memcpy(packet, query, bytes);
  struct ip_hdr *ip = (struct ip_hdr *)packet;
  struct udp_hdr *udp = (struct udp_hdr *)(packet + sizeof *ip);
  struct dns_hdr *dns = (struct dns_hdr *)(packet + heads);
  dns->flags1 = (u8_t)(0x80u | input_byte(in));
  dns->flags2 = input_byte(in);
  dns->numanswers = lwip_htons(input_byte(in));
  if (input_byte(in) & 1) bytes = heads + input_byte(in); /* cut, or with a question of its own */
  size_t more = in->left < 1200 ? in->left : 1200;
  if (bytes > query_bytes) bytes = query_bytes;
  memcpy(packet + bytes, in->at, more);
  bytes += more;
  u16_t source = udp->src;
  udp->src = udp->dest;
  udp->dest = source;
  udp->chksum = 0;
  udp->len = lwip_htons((u16_t)(bytes - sizeof *ip));
  ip->src.addr = SERVER;
  ip->dest.addr = OWN;
  IPH_LEN_SET(ip, lwip_htons((u16_t)bytes));
  IPH_CHKSUM_SET(ip, 0);
  IPH_CHKSUM_SET(ip, inet_chksum(ip, sizeof *ip));
  struct pbuf *received = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);
  if (received == NULL) return;
  pbuf_take(received, packet, (u16_t)bytes);
  if (ip4_input(received, &interface) != ERR_OK) pbuf_free(received);
}

static void body(struct input *in) {
  static unsigned turn;
  char host[] = "a0000.test";
  for (unsigned i = 0, left = ++turn; i < 4; i++, left /= 10) host[1 + i] = (char)('0' + left % 10); /* none is remembered */
  bed_restart_is_finding = true;
  query_bytes = 0;
  is_answered = false;
  start();
  dns_find(host, found, NULL);
  answer(in);
  for (unsigned i = 0; i < TICKS; i++) dns_tmr();
  BED_ASSERT(is_answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
