/* Time, waiting, serial lines and watchdog. */
#include "chips/chip.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "chips/linux/linux.h"
#include "chips/serial.h"
#include "port/js.h"

#define WATCHDOG_S 12u
#define IDLE_MS 50u   /* nobody tells of a pin, nor of an hour that has come */
#define SHORTLY_MS 1u /* for what no file tells of */
#define READ_BYTES 512u

static int events = -1;
static bool is_short, hears[CHIP_LINES];
static const int inputs[CHIP_LINES] = {[CHIP_CONSOLE] = STDIN_FILENO, [CHIP_RADIO] = RADIO_FD};
static const int outputs[CHIP_LINES] = {[CHIP_CONSOLE] = STDOUT_FILENO, [CHIP_RADIO] = RADIO_FD};

uint64_t chip_nanoseconds(void) {
  static uint64_t began_ns;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  if (began_ns == 0) began_ns = ns;
  return ns - began_ns;
}

uint64_t chip_milliseconds(void) { return chip_nanoseconds() / 1000000u; }

void chip_start(void) {}

void wait_watch(int fd) {
  if (events < 0) events = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
  epoll_ctl(events, EPOLL_CTL_ADD, fd, &event); /* refused for what is always ready, as a plain file */
}

void wait_shortly(void) { is_short = true; }

/* The runtime alone listens; the boot stage does so once it recovers (see chip_serial_buffer). */
void chip_listen(void) {
  chip_nanoseconds();
  for (int line = 0; line < CHIP_LINES; line++) {
    hears[line] = true;
    wait_watch(inputs[line]);
  }
}

/* Moves what came into the ring. What finds no room there waits here, and holds the sender up. */
static void read_line(int line) {
  static struct {
    uint8_t bytes[READ_BYTES];
    ssize_t have, given;
  } buffers[CHIP_LINES], *b;
  b = &buffers[line];
  while (hears[line] && chip_serial_room(line)) {
    while (b->given < b->have && chip_serial_room(line)) chip_serial_received(line, b->bytes[b->given++]);
    if (b->given < b->have || poll(&(struct pollfd){.fd = inputs[line], .events = POLLIN}, 1, 0) != 1) return;
    b->have = read(inputs[line], b->bytes, READ_BYTES);
    b->given = 0;
    if (b->have > 0) continue;
    hears[line] = b->have < 0 && (errno == EINTR || errno == EAGAIN);
    return;
  }
}

void lines_poll(void) {
  for (int line = 0; line < CHIP_LINES; line++) read_line(line);
}

void chip_serial_resume(int line) { (void)line; }
void chip_serial_buffer(int line) { hears[line] = true; }

void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(outputs[line], bytes, length);
    if (written < 0 && errno == EAGAIN) poll(&(struct pollfd){.fd = outputs[line], .events = POLLOUT}, 1, 1000);
    else if (written < 0 && errno != EINTR) return; /* nobody is there to hear it */
    if (written > 0) bytes += written, length -= (size_t)written;
  }
}

void chip_wait(void) {
  struct epoll_event event;
  uint64_t now_us = chip_nanoseconds() / 1000u, wake_us = clock_wake_us();
  uint64_t most_ms = is_short ? SHORTLY_MS : IDLE_MS;
  if (wake_us < now_us + most_ms * 1000u) most_ms = wake_us <= now_us ? 0 : (wake_us - now_us + 999u) / 1000u;
  is_short = false;
  if (events < 0) wait_watch(STDIN_FILENO);
  epoll_wait(events, &event, 1, (int)most_ms);
  lines_poll();
}

/* A service manager restarts a unit that it does not hear of (sd_notify(3)). */
static void tell_manager(void) {
  const char *path = getenv("NOTIFY_SOCKET");
  static const char words[] = "READY=1\nWATCHDOG=1";
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t length = path ? strlen(path) : 0;
  if (length == 0 || length >= sizeof to.sun_path) return;
  memcpy(to.sun_path, path, length);
  if (to.sun_path[0] == '@') to.sun_path[0] = 0;
  int line = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sendto(line, words, sizeof words - 1, MSG_DONTWAIT, (struct sockaddr *)&to,
         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
  close(line);
}

/* The kernel's alarm ends a run that stands still; the supervisor takes that for a watchdog. */
void chip_watchdog_feed(void) {
  static uint64_t fed_ms;
  uint64_t now_ms = chip_milliseconds();
  if (fed_ms != 0 && now_ms - fed_ms < 1000u) return;
  fed_ms = now_ms + (now_ms == 0);
  alarm(WATCHDOG_S);
  if (watchdog_wanted()) (void)!write(WATCHDOG_FD, "1", 1);
  tell_manager();
}
