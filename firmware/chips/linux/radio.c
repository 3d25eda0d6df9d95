#include "chips/linux/radio.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/access-point.h"
#include "chips/linux/dot11.h"
#include "chips/linux/linux.h"
#include "chips/linux/monitor.h"
#include "chips/linux/scan.h"
#include "chips/linux/wpa.h"
#include "port/frame.h"

#define JOIN_MS 30000u   /* wpa_supplicant reports a wrong key after some 18 seconds */
#define ADDRESS_MS 15000u
#define SCAN_MS 12000u
#define SCANS_A_ROUND 6u
#define LOOK_MS 100      /* for an address, of which no event tells */
#define LINE_BYTES_MOST 65536 /* frames beyond that which wait for the unit are dropped, as a radio drops them */
#define FRAMES_A_TURN 64
#define KNOWN_BYTES 80 /* of frequencies: those of the strongest access points of a name */
#define READY_MS 50u
#define READY_TRIES 60

enum { SCAN = 1, LISTEN, JOIN, LEAVE, ACCESS_POINT, COUNTRY, FRAME = 0x81, SCANNED, JOINED, JOIN_FAILED, LEFT, SERVING };
enum { NO_NETWORK = 1, REFUSED, NO_ADDRESS };

static const char *interface;
static int monitor = -1, ioctl_socket = -1;
static bool is_listening, is_scanning, is_5_ghz /* the scan's band */, is_narrow /* a join looks at known channels alone */;
static uint8_t channel; /* that the unit wants to hear; 0 for none */
static enum { APART, JOINING, ADDRESSING, TOGETHER, OPENING, OPEN } state;
static uint64_t until_ms, scan_until_ms;
static uint8_t bssid[6];

static void tell(uint8_t type, const void *bytes, size_t length) { frame_send(CHIP_RADIO, type, bytes, length); }
static void tell_byte(uint8_t type, uint8_t byte) { tell(type, &byte, 1); }

/* Something of the interface by one of the kernel's requests; false where there is none. */
static bool look_up(unsigned long request, struct ifreq *found) {
  if (ioctl_socket < 0) ioctl_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  memset(found, 0, sizeof *found);
  strncpy(found->ifr_name, interface, IFNAMSIZ - 1);
  return ioctl(ioctl_socket, (int)request, found) == 0;
}

/*
 * The kernel lets a monitor interface change its channel only while nothing else of its radio is up. So the managed one is down
 * while the unit listens. wpa_supplicant is given time to notice that it is up again: until then it refuses to scan.
 */
static void set_managed(bool up) {
  struct ifreq flags;
  char status[2048];
  if (!look_up(SIOCGIFFLAGS, &flags) || ((flags.ifr_flags & IFF_UP) != 0) == up) return;
  flags.ifr_flags = (short)(up ? flags.ifr_flags | IFF_UP : flags.ifr_flags & ~IFF_UP);
  ioctl(ioctl_socket, SIOCSIFFLAGS, &flags);
  for (int i = 0; up && i < READY_TRIES; i++) {
    if (wpa_ask("STATUS", status, sizeof status) && !strstr(status, "wpa_state=INTERFACE_DISABLED")) return;
    usleep(READY_MS * 1000u);
  }
}

/* Listens on the channel that the unit wants. A scan has the radio for as long as it takes; what is wanted meanwhile is done then. */
static void listen_now(void) {
  static bool told[256]; /* of a channel that some rule forbids, each is told once: the unit comes by again and again */
  unsigned mhz = dot11_mhz(channel);
  is_listening = false;
  if (is_scanning) return;
  if (mhz != 0 && state == APART) set_managed(false);
  int error = mhz ? monitor_tune(mhz) : 0;
  is_listening = mhz != 0 && error == 0;
  if (error == 0 || told[channel]) return;
  told[channel] = true;
  fprintf(stderr, "latchkey-unit: %u MHz can't be listened on: %s\n", mhz, strerror(error));
}

static void tell_frame(const struct data_frame *f, uint16_t mhz) {
  uint8_t out[HEARD_BYTES];
  int waiting = 0;
  ioctl(RADIO_FD, SIOCOUTQ, &waiting);
  if (waiting > LINE_BYTES_MOST) return;
  data_frame_told(f, chip_nanoseconds() / 1000u, dot11_channel(mhz), out);
  tell(FRAME, out, sizeof out);
}

static void take_frames(void) {
  uint8_t bytes[4096];
  struct data_frame frame;
  uint16_t mhz;
  for (int i = 0; i < FRAMES_A_TURN; i++) {
    ssize_t length = recv(monitor, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length < 0) return;
    if (is_listening && dot11_read(bytes, (size_t)length, &frame, &mhz)) tell_frame(&frame, mhz);
  }
}

static void tell_scan(void) {
  uint8_t out[FRAME_PAYLOAD_MOST];
  is_scanning = false;
  tell(SCANNED, out, scan_results(is_5_ghz, out, sizeof out));
  if (channel != 0) listen_now();
}

/*
 * A unit hears nobody while it scans: 2.4 GHz takes about 2 s, 5 GHz, where most channels may only be listened on, 4 s and more. So
 * the second scan and then one of six is of 5 GHz. What the scans before found in the other band is remembered, and wpa_supplicant
 * refuses a band that the radio lacks.
 */
static void scan(void) {
  static unsigned turn;
  if (is_scanning) return;
  is_listening = false;
  channel = 0;
  set_managed(true);
  is_5_ghz = turn++ % SCANS_A_ROUND == 1 && wpa_do("SCAN freq=5150-5895");
  is_scanning = is_5_ghz || wpa_do("SCAN freq=2400-2500");
  scan_until_ms = chip_milliseconds() + SCAN_MS;
  if (!is_scanning) tell_scan();
}

static void fail(uint8_t reason) {
  state = APART;
  wpa_leave();
  tell_byte(JOIN_FAILED, reason);
}

static void close_access_point(void) {
  if (state != OPENING && state != OPEN) return;
  bool was_open = state == OPEN;
  state = APART;
  access_point_close();
  wpa_leave();
  if (was_open) tell(SERVING, NULL, 0);
}

static void join(const uint8_t *payload, uint32_t length) {
  char known[KNOWN_BYTES];
  uint32_t ssid_bytes = length > 0 ? payload[0] : 255;
  uint32_t key_bytes = 1 + ssid_bytes < length ? payload[1 + ssid_bytes] : 255;
  is_listening = false;
  channel = 0;
  if (ssid_bytes > 32 || 2 + ssid_bytes + key_bytes != length) return;
  close_access_point();
  set_managed(true);
  scan_frequencies(payload + 1, ssid_bytes, known, sizeof known);
  if (!wpa_join(payload + 1, ssid_bytes, payload + 2 + ssid_bytes, key_bytes, known)) {
    fail(REFUSED);
    return;
  }
  state = JOINING;
  is_narrow = known[0] != 0;
  until_ms = chip_milliseconds() + JOIN_MS;
}

/* The unit's own access point, of an empty name none. wpa_supplicant tells when it is open. */
static void open_access_point(const uint8_t *payload, uint32_t length) {
  close_access_point();
  if (length < 2 || payload[0] > 32 || 1u + payload[0] != length) return;
  is_listening = false;
  channel = 0;
  set_managed(true);
  if (!wpa_open_access_point(payload + 1, payload[0])) {
    fprintf(stderr, "latchkey-unit: wpa_supplicant opens no access point (one with AP mode is wanted)\n");
    wpa_leave();
    return;
  }
  state = OPENING;
  until_ms = chip_milliseconds() + JOIN_MS;
}

static void serve(void) {
  if (access_point_open(interface)) {
    state = OPEN;
    tell(SERVING, access_point_address, 4);
    return;
  }
  fprintf(stderr, "latchkey-unit: the access point's ports or address can't be had: %s\n", strerror(errno));
  close_access_point();
}

static void leave(void) {
  close_access_point();
  bool was_together = state == TOGETHER;
  state = APART;
  wpa_leave();
  if (was_together) tell(LEFT, NULL, 0);
}

static void take_command(void) {
  uint8_t payload[FRAME_PAYLOAD_MOST];
  uint32_t length = 0;
  switch (frame_receive(CHIP_RADIO, payload, &length)) {
    case SCAN: scan(); break;
    case LISTEN:
      if (length != 1) break;
      channel = payload[0];
      listen_now();
      break;
    case JOIN: join(payload, length); break;
    case LEAVE: leave(); break;
    case ACCESS_POINT: open_access_point(payload, length); break;
    case COUNTRY:
      if (length == 2 && !wpa_country(payload)) fprintf(stderr, "latchkey-unit: wpa_supplicant does not take the unit's country; its own counts\n");
      break;
    default: break;
  }
  explicit_bzero(payload, sizeof payload);
}

static bool read_mac(const char *text, uint8_t out[6]) {
  unsigned b[6];
  if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6) return false;
  for (int i = 0; i < 6; i++) out[i] = (uint8_t)b[i];
  return true;
}

static void take_event(const char *text) {
  static const char connected[] = "CTRL-EVENT-CONNECTED - Connection to ";
  if (strncmp(text, "CTRL-EVENT-SCAN-RESULTS", 23) == 0 && is_scanning) tell_scan();
  if (strncmp(text, "CTRL-EVENT-SCAN-FAILED", 22) == 0 && is_scanning) tell_scan();
  if (strncmp(text, connected, sizeof connected - 1) == 0 && state == JOINING) {
    state = ADDRESSING;
    until_ms = chip_milliseconds() + ADDRESS_MS;
    read_mac(text + sizeof connected - 1, bssid);
  }
  if (strncmp(text, "AP-ENABLED", 10) == 0 && state == OPENING) serve();
  if (strncmp(text, "AP-DISABLED", 11) == 0 && state == OPEN) close_access_point();
  if (strncmp(text, "CTRL-EVENT-DISCONNECTED", 23) == 0 && (state == TOGETHER || state == ADDRESSING)) {
    if (state == TOGETHER) tell(LEFT, NULL, 0);
    else tell_byte(JOIN_FAILED, REFUSED);
    state = APART;
    wpa_leave();
  }
  /* Once: the channels that are known were looked at, and the network has moved. */
  if (strncmp(text, "CTRL-EVENT-NETWORK-NOT-FOUND", 28) == 0 && state == JOINING && is_narrow) {
    is_narrow = false;
    wpa_widen();
  }
  if (strncmp(text, "CTRL-EVENT-SSID-TEMP-DISABLED", 29) == 0 && state == JOINING) fail(REFUSED);
}

static void look_for_address(void) {
  struct ifreq address, mac;
  uint8_t out[16];
  if (!look_up(SIOCGIFADDR, &address) || !look_up(SIOCGIFHWADDR, &mac)) return;
  memcpy(out, &((struct sockaddr_in *)(void *)&address.ifr_addr)->sin_addr, 4);
  memcpy(out + 4, mac.ifr_hwaddr.sa_data, 6);
  memcpy(out + 10, bssid, 6);
  state = TOGETHER;
  tell(JOINED, out, sizeof out);
}

static void look_at_time(void) {
  uint64_t now_ms = chip_milliseconds();
  if (is_scanning && now_ms > scan_until_ms) tell_scan();
  if (state == ADDRESSING) look_for_address();
  if ((state == JOINING || state == ADDRESSING) && now_ms > until_ms) fail(state == JOINING ? NO_NETWORK : NO_ADDRESS);
  if (state == OPENING && now_ms > until_ms) close_access_point();
  access_point_poll();
}

int radio_run(const char *name, const char *wpa_folder) {
  char text[4096];
  interface = name;
  chip_listen();
  int events = wpa_open(wpa_folder, name);
  if (events < 0) stop("wpa_supplicant can't be reached; start it on this interface with a control socket", name);
  wpa_leave();
  monitor = monitor_open(name);
  if (monitor < 0) stop(strerror(errno), "monitor interface");
  struct pollfd files[3 + ACCESS_POINT_FILES] = {
      {.fd = RADIO_FD, .events = POLLIN}, {.fd = events, .events = POLLIN}, {.fd = monitor, .events = POLLIN}};
  for (;;) {
    access_point_watch(files + 3);
    poll(files, 3 + ACCESS_POINT_FILES, LOOK_MS);
    if (files[0].revents & (POLLHUP | POLLERR)) return 0;
    lines_poll();
    take_command();
    while (wpa_event(text, sizeof text)) take_event(text);
    take_frames();
    look_at_time();
  }
}
