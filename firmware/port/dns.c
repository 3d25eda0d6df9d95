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

/* Who waits for an address; each has one question at a time for each place that it asks for. */
#define ASKERS 4u

static struct asker {
  host_found *found;
  void *context;
} askers[ASKERS];

static void resolved(const char *host, const ip_addr_t *address, void *context) {
  (void)host;
  struct asker *asker = context, answered = *asker;
  asker->found = NULL;
  answered.found(answered.context, address ? dns_reachable(address) : NULL);
}

void dns_find(const char *host, host_found *found, void *context) {
  ip_addr_t address;
  struct asker *asker = askers;
  while (asker < askers + ASKERS && asker->found) asker++;
  if (asker == askers + ASKERS) {
    found(context, NULL);
    return;
  }
  *asker = (struct asker){found, context};
  err_t err = dns_gethostbyname(host, &address, resolved, asker);
  if (err == ERR_INPROGRESS) return;
  asker->found = NULL;
  found(context, err == ERR_OK ? dns_reachable(&address) : NULL);
}
