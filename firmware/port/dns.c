#include "port/dns.h"
#include "lwip/dns.h"
#include "port/net.h"

static host_found *asker;

static void resolved(const char *host, const ip_addr_t *address, void *context) {
  (void)host;
  asker(context, address ? net_reachable(address) : NULL);
}

void dns_find(const char *host, host_found *found, void *context) {
  ip_addr_t address;
  asker = found; /* one user: tcp.c */
  err_t err = dns_gethostbyname(host, &address, resolved, context);
  if (err == ERR_OK) found(context, net_reachable(&address));
  else if (err != ERR_INPROGRESS) found(context, NULL);
}
