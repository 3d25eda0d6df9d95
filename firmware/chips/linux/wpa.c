#include "chips/linux/wpa.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MS 2000
#define PASSPHRASE_LEAST 8u
#define PASSPHRASE_MOST 63u
#define KEY_DIGITS 64u
#define ACCESS_POINT_MHZ "2437" /* channel 6, which every country has */

static int asking = -1, events = -1;
static char joining[16]; /* what wpa_supplicant calls the network that it was told of */

static int connect_to(const char *folder, const char *interface) {
  struct sockaddr_un own = {.sun_family = AF_UNIX}, there = {.sun_family = AF_UNIX};
  int length = snprintf(there.sun_path, sizeof there.sun_path, "%s/%s", folder, interface);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (length >= (int)sizeof there.sun_path) errno = ENAMETOOLONG;
  /* With no name of our own the kernel gives us one, to which the answers go. */
  else if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof own.sun_family) == 0 &&
           connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
    return fd;
  if (fd >= 0) close(fd);
  return -1;
}

bool wpa_ask(const char *command, char *answer, size_t room) {
  char old[256];
  while (recv(asking, old, sizeof old, MSG_DONTWAIT) >= 0) { /* an answer that came too late */
  }
  if (send(asking, command, strlen(command), 0) < 0) return false;
  if (poll(&(struct pollfd){.fd = asking, .events = POLLIN}, 1, ANSWER_MS) != 1) return false;
  ssize_t length = recv(asking, answer, room - 1, 0);
  if (length < 0) return false;
  answer[length] = 0;
  if (length > 0 && answer[length - 1] == '\n') answer[length - 1] = 0;
  return true;
}

bool wpa_do(const char *command) {
  char answer[64];
  return wpa_ask(command, answer, sizeof answer) && strcmp(answer, "OK") == 0;
}

int wpa_open(const char *folder, const char *interface) {
  asking = connect_to(folder, interface);
  events = asking < 0 ? -1 : connect_to(folder, interface);
  if (events < 0) return -1;
  int commands = asking;
  asking = events;
  bool attached = wpa_do("ATTACH");
  asking = commands;
  errno = EPROTO;
  return attached ? events : -1;
}

bool wpa_event(char *text, size_t room) {
  ssize_t length = recv(events, text, room - 1, MSG_DONTWAIT);
  if (length < 0) return false;
  text[length] = 0;
  const char *end = text[0] == '<' ? strchr(text, '>') : NULL;
  if (end) memmove(text, end + 1, strlen(end + 1) + 1);
  return true;
}

static void put_hex(char *out, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) sprintf(out + 2 * i, "%02x", bytes[i]);
}

/* What 802.11 allows (J.4.1): 8 to 63 printable characters, or a key of 64 hexadecimal digits. `digits` tells which. */
static bool is_passphrase(const uint8_t *bytes, size_t length, bool *digits) {
  *digits = length == KEY_DIGITS;
  if (length < PASSPHRASE_LEAST || length > KEY_DIGITS) return false;
  for (size_t i = 0; i < length; i++) {
    uint8_t letter = bytes[i] | 32;
    bool hex = (bytes[i] >= '0' && bytes[i] <= '9') || (letter >= 'a' && letter <= 'f');
    if (bytes[i] < 32 || bytes[i] > 126 || (*digits && !hex)) return false;
  }
  return true;
}

static bool set(const char *id, const char *name, const char *value) {
  char command[192];
  int length = snprintf(command, sizeof command, "SET_NETWORK %s %s %s", id, name, value);
  bool done = length < (int)sizeof command && wpa_do(command);
  explicit_bzero(command, sizeof command);
  return done;
}

/* wpa_supplicant's own choice leaves GCMP out, and one that was built without TKIP refuses a list that names it. */
static void add_ciphers(const char *id, const char *name) {
  if (!set(id, name, "CCMP GCMP TKIP")) set(id, name, "CCMP GCMP");
}

static bool set_credentials(const char *id, const uint8_t *passphrase, size_t length) {
  char value[KEY_DIGITS + 3];
  bool digits;
  if (length == 0) return set(id, "key_mgmt", "NONE");
  if (!is_passphrase(passphrase, length, &digits)) return false;
  snprintf(value, sizeof value, digits ? "%.*s" : "\"%.*s\"", (int)length, (const char *)passphrase);
  bool done = set(id, "psk", value);
  if (done && !digits) done = set(id, "sae_password", value);
  explicit_bzero(value, sizeof value);
  /* Management frames are protected where the network can (WPA3 demands it); a builtin without SAE refuses the first. */
  done = done && (set(id, "key_mgmt", "WPA-PSK WPA-PSK-SHA256 SAE") || set(id, "key_mgmt", "WPA-PSK WPA-PSK-SHA256"));
  add_ciphers(id, "pairwise");
  add_ciphers(id, "group");
  return done && set(id, "ieee80211w", "1");
}

bool wpa_country(const uint8_t code[2]) {
  char command[] = "SET country ??";
  memcpy(command + sizeof command - 3, code, 2);
  return wpa_do(command);
}

bool wpa_open_access_point(const uint8_t *ssid, size_t ssid_bytes) {
  char id[16], name[2 * 32 + 1] = "", command[40];
  wpa_leave();
  if (ssid_bytes > 32 || !wpa_ask("ADD_NETWORK", id, sizeof id)) return false;
  put_hex(name, ssid, ssid_bytes);
  bool done = set(id, "ssid", name) && set(id, "mode", "2") && set(id, "key_mgmt", "NONE") && set(id, "frequency", ACCESS_POINT_MHZ) &&
              set(id, "scan_freq", ACCESS_POINT_MHZ);
  snprintf(command, sizeof command, "SELECT_NETWORK %s", id);
  return done && wpa_do(command);
}

bool wpa_join(const uint8_t *ssid, size_t ssid_bytes, const uint8_t *passphrase, size_t passphrase_bytes, const char *mhz) {
  char name[2 * 32 + 1] = "", command[40];
  wpa_leave();
  if (ssid_bytes > 32 || !wpa_ask("ADD_NETWORK", joining, sizeof joining)) return false;
  put_hex(name, ssid, ssid_bytes);
  /* A hidden network answers only to its name. */
  bool done = set(joining, "ssid", name) && set(joining, "scan_ssid", "1") &&
              (mhz[0] == 0 || set(joining, "scan_freq", mhz)) &&
              set_credentials(joining, passphrase, passphrase_bytes);
  snprintf(command, sizeof command, "SELECT_NETWORK %s", joining);
  return done && wpa_do(command);
}

void wpa_widen(void) {
  set(joining, "scan_freq", "0");
  wpa_do("REASSOCIATE");
}

void wpa_leave(void) {
  wpa_do("REMOVE_NETWORK all");
  wpa_do("DISCONNECT");
}
