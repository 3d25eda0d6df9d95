#include "port/dns.h"
#include "lwip/dns.h"
#include "lwip/netif.h"

/*
 * A loopback address names the machine that emulates us, which QEMU's network has as its gateway. A unit of its own has
 * no use for one: nothing on it listens to itself.
 */
const ip_addr_t *dns_reachable(const ip_addr_t *address) {
  static ip_addr_t gateway;
  if (!ip_addr_isloopback(address)) return address;
  ip_addr_copy(gateway, *netif_ip_gw4(netif_default));
  return &gateway;
}

static host_found *asker;

static void resolved(const char *host, const ip_addr_t *address, void *context) {
  (void)host;
  asker(context, address ? dns_reachable(address) : NULL);
}

void dns_find(const char *host, host_found *found, void *context) {
  ip_addr_t address;
  asker = found; /* one user: tcp.c */
  err_t err = dns_gethostbyname(host, &address, resolved, context);
  if (err == ERR_OK) found(context, dns_reachable(&address));
  else if (err != ERR_INPROGRESS) found(context, NULL);
}
