#include "chips/linux/access-point.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chips/dhcp-server.h"
#include "chips/dns-server.h"

#define DATAGRAMS_A_TURN 16
#define VISITORS 8u
enum { DNS_PORT = 53, HTTP_PORT = 80 };

const uint8_t access_point_address[4] = {192, 168, 4, 1};

static char name[IFNAMSIZ];
static int files[ACCESS_POINT_FILES] = {-1, -1, -1}; /* DHCP, DNS, HTTP */
static int visitors[VISITORS];
static unsigned count;

static struct sockaddr_in at(const uint8_t address[4], uint16_t port) {
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port)};
  memcpy(&place.sin_addr, address, 4);
  return place;
}

/* A port of this interface alone, whatever else of the machine listens on it. */
static int open_port(int type, const uint8_t address[4], uint16_t port) {
  int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
  struct sockaddr_in place = at(address, port);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (type == SOCK_DGRAM) setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) == 0 &&
      bind(fd, (struct sockaddr *)&place, sizeof place) == 0 && (type != SOCK_STREAM || listen(fd, (int)VISITORS) == 0))
    return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

/* The system's own DHCP client may take the address away meanwhile. */
static bool set_address(const uint8_t address[4]) {
  static const uint8_t netmask[4] = {255, 255, 255, 0};
  struct ifreq request = {0};
  struct sockaddr_in wanted = at(address, 0), mask = at(netmask, 0);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  memcpy(request.ifr_name, name, IFNAMSIZ);
  bool has = ioctl(fd, SIOCGIFADDR, &request) == 0 && memcmp(request.ifr_addr.sa_data + 2, address, 4) == 0;
  if (!has) {
    memcpy(&request.ifr_addr, &wanted, sizeof wanted);
    has = ioctl(fd, SIOCSIFADDR, &request) == 0;
    memcpy(&request.ifr_netmask, &mask, sizeof mask);
    if (has && address[0] != 0) has = ioctl(fd, SIOCSIFNETMASK, &request) == 0;
  }
  int error = errno;
  close(fd);
  errno = error;
  return has;
}

bool access_point_open(const char *interface) {
  static const uint8_t any[4] = {0};
  access_point_close();
  snprintf(name, sizeof name, "%s", interface);
  files[0] = open_port(SOCK_DGRAM, any, DHCP_SERVER_PORT);
  files[1] = files[0] < 0 ? -1 : open_port(SOCK_DGRAM, any, DNS_PORT);
  files[2] = files[1] < 0 ? -1 : open_port(SOCK_STREAM, any, HTTP_PORT);
  if (files[2] >= 0 && set_address(access_point_address)) return true;
  int error = errno;
  access_point_close();
  errno = error;
  return false;
}

void access_point_close(void) {
  static const uint8_t none[4] = {0};
  while (count > 0) close(visitors[--count]);
  bool was_open = files[0] >= 0;
  for (unsigned i = 0; i < ACCESS_POINT_FILES; i++) {
    if (files[i] >= 0) close(files[i]);
    files[i] = -1;
  }
  /* Left behind, it would pass for the address on the network that is joined next. */
  if (was_open) set_address(none);
}

void access_point_watch(struct pollfd watched[ACCESS_POINT_FILES]) {
  for (unsigned i = 0; i < ACCESS_POINT_FILES; i++) watched[i] = (struct pollfd){.fd = files[i], .events = POLLIN};
}

static void answer_dhcp(void) {
  static const uint8_t everyone[4] = {255, 255, 255, 255};
  uint8_t asked[1500], out[DHCP_ANSWER_BYTES];
  struct sockaddr_in to = at(everyone, DHCP_CLIENT_PORT);
  for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
    ssize_t length = recv(files[0], asked, sizeof asked, 0);
    if (length < 0) return;
    size_t answer = dhcp_answer(asked, (size_t)length, access_point_address, NULL, out);
    if (answer > 0) sendto(files[0], out, answer, 0, (struct sockaddr *)&to, sizeof to);
  }
}

static void answer_names(void) {
  uint8_t asked[DNS_MESSAGE_MOST], out[DNS_MESSAGE_MOST];
  for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof from;
    ssize_t length = recvfrom(files[1], asked, sizeof asked, 0, (struct sockaddr *)&from, &from_bytes);
    if (length < 0) return;
    size_t answer = dns_answer(asked, (size_t)length, access_point_address, out);
    if (answer > 0) sendto(files[1], out, answer, 0, (struct sockaddr *)&from, from_bytes);
  }
}

/* Whoever speaks HTTP on port 80 is sent to the portal's port; what they say is not looked at. */
static bool send_on(int visitor) {
  static const uint8_t *const a = access_point_address;
  char said[2048], answer[192];
  ssize_t length = recv(visitor, said, sizeof said, 0);
  if (length < 0 && errno == EAGAIN) return false;
  if (length > 0) {
    int bytes = snprintf(answer, sizeof answer,
                         "HTTP/1.1 302 Found\r\nLocation: http://%u.%u.%u.%u:%u/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", a[0],
                         a[1], a[2], a[3], PORTAL_PORT);
    send(visitor, answer, (size_t)bytes, MSG_NOSIGNAL);
  }
  close(visitor);
  return true;
}

static void answer_visitors(void) {
  for (int fd; (fd = accept4(files[2], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    if (count == VISITORS) { /* the one that is silent for longest gives way */
      close(visitors[0]);
      memmove(visitors, visitors + 1, sizeof *visitors * --count);
    }
    visitors[count++] = fd;
  }
  unsigned left = 0;
  for (unsigned i = 0; i < count; i++)
    if (!send_on(visitors[i])) visitors[left++] = visitors[i];
  count = left;
}

void access_point_poll(void) {
  if (files[0] < 0) return;
  set_address(access_point_address);
  answer_dhcp();
  answer_names();
  answer_visitors();
}
