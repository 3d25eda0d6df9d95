/* Starts the boot stage again whenever a run of the unit ends, and tells it why. Its end is the unit's power cut. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chips/linux/confine.h"
#include "chips/linux/linux.h"
#include "chips/linux/radio.h"
#include "main/numbers.h"

#define CRASH_PAUSE_S 1 /* between a fault and the next start, so that a broken unit leaves others their processor */

static void put_at(int fd, int place) {
  if (fd == place) return;
  if (dup2(fd, place) < 0) stop(strerror(errno), "file numbers");
  close(fd);
}

/* Two supervisors on one flash would each undo what the other wrote. */
static void lock_flash(void) {
  const char *path = getenv("LATCHKEY_FLASH");
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) stop(strerror(errno), path);
  put_at(fd, LOCK_FD);
  if (flock(LOCK_FD, LOCK_EX | LOCK_NB) != 0) stop("another latchkey-unit runs on this flash; end it first", path);
}

static void make_kept(void) {
  int fd = memfd_create("latchkey-kept", 0);
  if (fd < 0 || ftruncate(fd, sizeof(struct kept)) != 0) stop(strerror(errno), "memory that a restart keeps");
  put_at(fd, KEPT_FD);
  kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED, KEPT_FD, 0);
  if (kept == MAP_FAILED) stop(strerror(errno), "memory that a restart keeps");
}

/* Where a line over TCP leads. -1, told on standard error, when nobody is there: the unit then runs without a radio. */
static int connect_air(char *place) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
  char *port = strrchr(place, ':');
  if (port == NULL) stop("expected HOST:PORT", place);
  *port = 0;
  int line = socket(AF_INET, SOCK_STREAM, 0), now = 1;
  bool reached = getaddrinfo(place, port + 1, &hints, &found) == 0 && connect(line, found->ai_addr, found->ai_addrlen) == 0;
  if (found) freeaddrinfo(found);
  setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
  if (reached) return line;
  fprintf(stderr, "latchkey-unit: %s:%s: no air can be reached there; the unit runs without a radio\n", place, port + 1);
  close(line);
  return -1;
}

static void open_radio(void) {
  char *air = getenv("LATCHKEY_AIR");
  const char *interface = getenv("LATCHKEY_RADIO"), *folder = getenv("LATCHKEY_WPA");
  int line[2], reached = air ? connect_air(air) : -1;
  if (reached >= 0) {
    put_at(reached, RADIO_FD);
    return;
  }
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, line) != 0) stop(strerror(errno), "radio line");
  pid_t radio = interface ? fork() : -1;
  if (radio == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(line[0]); /* which may have the very number that the other end gets */
    put_at(line[1], RADIO_FD);
    close(KEPT_FD);
    close(LOCK_FD);
    confine_radio();
    _exit(radio_run(interface, folder ? folder : "/run/wpa_supplicant"));
  }
  put_at(line[0], RADIO_FD);
  if (interface) close(line[1]); /* without an interface nobody answers, and nobody takes the line's end for a loss */
}

const char *watchdog_wanted(void) {
  const char *path = getenv("LATCHKEY_WATCHDOG");
  return path && *path ? path : NULL;
}

/* The supervisor holds it open, so that a restart of the unit is no end of the feeding. */
static void open_watchdog(void) {
  const char *path = watchdog_wanted();
  if (path == NULL) return;
  int fd = open(path, O_WRONLY);
  if (fd < 0) stop(strerror(errno), path);
  put_at(fd, WATCHDOG_FD);
}

/* Ended in order, by systemd or by hand: this letter tells the watchdog to stop (linux/watchdog.h, WDIOF_MAGICCLOSE). */
static void end(int signal_number) {
  (void)signal_number;
  if (watchdog_wanted()) (void)!write(WATCHDOG_FD, "V", 1);
  _exit(0);
}

/* A run that ended by itself said why. One that a signal ended is a fault of what ran, as a processor's would be. */
static void note_end(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_RESTART) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE) exit(EXIT_USAGE);
  struct handoff *h = &kept->handoff;
  if (!handoff_valid(h)) memset(h, 0, sizeof *h);
  h->magic = HANDOFF_MAGIC;
  h->reason = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? RESET_WATCHDOG : RESET_FAULT;
  h->check = handoff_check(h);
  sleep(CRASH_PAUSE_S);
}

int supervise(void) {
  signal(SIGPIPE, SIG_IGN);
  for (int fd = KEPT_FD; fd <= WATCHDOG_FD; fd++) close(fd);
  make_kept();
  open_radio();
  lock_flash();
  open_watchdog();
  signal(SIGTERM, end);
  setenv("LATCHKEY_ROLE", "boot", 1);
  for (;;) {
    int status;
    pid_t unit = fork();
    if (unit == 0) {
      signal(SIGTERM, SIG_DFL);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      confine_unit();
      execl("/proc/self/exe", "latchkey-unit", (char *)NULL);
      stop(strerror(errno), "/proc/self/exe");
    }
    if (unit < 0) stop(strerror(errno), "boot stage");
    while (waitpid(unit, &status, 0) != unit) {
    }
    note_end(status);
  }
}
