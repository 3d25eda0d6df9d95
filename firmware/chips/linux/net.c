/* The IP network is the kernel's, and DHCP is the system's: the radio reports a join once there is an address (ADR 0153). */
#include "chips/linux/net.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/linux.h"
#include "port/net.h"
#include "port/tcp.h"

in_addr_t own_address;

void net_start(const uint8_t mac[6]) { (void)mac; }

void net_join(const uint8_t ipv4[4]) {
  memcpy(&own_address, ipv4, sizeof own_address);
  tcp_came();
  udp_came();
}

void net_leave(void) {
  tcp_abort_all();
  udp_left();
  own_address = 0;
}

/* What a lease says of time servers stays with the system's DHCP client. */
const char *net_time_server(unsigned place) { return (void)place, NULL; }

bool net_ready(void) { return own_address != 0; }

bool net_poll(void) {
  lines_poll();
  tcp_poll_closing();
  return false;
}

static in_addr_t address_of(const struct sockaddr *at) { return ((const struct sockaddr_in *)(const void *)at)->sin_addr.s_addr; }

/* The simulated air gives addresses of the loopback network, which no interface lists one by one. */
struct subnet own_subnet(void) {
  struct subnet found = {htonl(0xffffffffu), INADDR_BROADCAST};
  struct ifaddrs *all, *each;
  if (getifaddrs(&all) != 0) return found;
  for (each = all; each; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || !each->ifa_netmask) continue;
    in_addr_t mask = address_of(each->ifa_netmask), at = address_of(each->ifa_addr);
    if (at != own_address && !((each->ifa_flags & IFF_LOOPBACK) && ((at ^ own_address) & mask) == 0)) continue;
    found = (struct subnet){mask, own_address | ~mask};
    break;
  }
  freeifaddrs(all);
  return found;
}

struct sockaddr_in endpoint(in_addr_t address, uint16_t port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {address}};
}

int own_socket(int type, in_addr_t address, uint16_t port) {
  int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
  struct sockaddr_in at = endpoint(address, port);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
    close(fd);
    return -1;
  }
  wait_watch(fd);
  return fd;
}
