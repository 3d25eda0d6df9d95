/*
 * The chip that a host's own processor plays, for runs by the thousand: boot stage and runtime are two programs that
 * start one another in the same process, flash is a file, and time passes only while nothing is to be done.
 */
#include "chips/chip.h"
#include "chips/serial.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "boot/start.h"
#include "main/handoff.h"
#include "main/report.h"

#define IMAGE_BYTES_MOST (1u << 20)
#define LIFE_NS_MAX (3600u * 1000000000ull)

static uint64_t now_ns;

static const char *told(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) {
    fprintf(stderr, "host chip: wants %s\n", name);
    exit(2);
  }
  return value;
}

/* Memory that a restart keeps goes from program to program through the environment. */
static void start_program(const char *name) {
  char kept[2 * sizeof handoff + 1];
  for (size_t i = 0; i < sizeof handoff; i++) sprintf(kept + 2 * i, "%02x", ((uint8_t *)&handoff)[i]);
  setenv("CHIP_KEPT", kept, 1);
  const char *path = told(name);
  execl(path, path, (char *)NULL);
  perror(path);
  exit(2);
}

__attribute__((constructor)) static void take_kept(void) {
  const char *kept = getenv("CHIP_KEPT");
  for (size_t i = 0; kept && i < sizeof handoff && kept[2 * i]; i++) {
    char digits[3] = {kept[2 * i], kept[2 * i + 1], 0};
    ((uint8_t *)&handoff)[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
}

void chip_restart(void) {
  start_program("CHIP_BOOT");
  __builtin_unreachable();
}

/* The copied image is judged by its first word alone: this processor can't run it, and the program that it stands for can. */
void start_image(const uint32_t *vectors) {
  if (memcmp(vectors, "dead", 4) == 0) restart_with(RESET_FAULT);
  start_program("CHIP_MAIN");
  __builtin_unreachable();
}

void chip_power_lost(void) {
  memset(&handoff, 0, sizeof handoff);
  printf("power lost\n");
  fflush(stdout);
  start_program("CHIP_BOOT");
}

void chip_open_image_memory(void) {
  void *wanted = (void *)(uintptr_t)IMAGE_ADDRESS;
  if (mmap(wanted, IMAGE_BYTES_MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == wanted)
    return;
  perror("host chip: image memory");
  exit(2);
}

void chip_start(void) {}

/* With CHIP_CONSOLE_IN set the console's input is standard input, read while the program waits. */
static bool listens;
void chip_listen(void) { listens = getenv("CHIP_CONSOLE_IN") != NULL; }

/* Takes what came on standard input; waits for it at most so long. The sender may be slow: the unit's millisecond then
 * takes longer than one of this machine. */
#define LISTEN_MS 20
static void listen_for_input(void) {
  static uint8_t bytes[4096];
  static ssize_t have, given;
  struct pollfd input = {STDIN_FILENO, POLLIN, 0};
  if (given == have && poll(&input, 1, LISTEN_MS) > 0) {
    have = read(STDIN_FILENO, bytes, sizeof bytes);
    given = 0;
    if (have <= 0) exit(0); /* the station is gone */
  }
  while (given < have && chip_serial_room(CHIP_CONSOLE)) chip_serial_received(CHIP_CONSOLE, bytes[given++]);
}
void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  if (line != CHIP_CONSOLE) return;
  fwrite(bytes, 1, length, stdout);
  fflush(stdout);
}
void chip_serial_resume(int line) { (void)line; }
void chip_serial_buffer(int line) { (void)line; }
uint64_t chip_nanoseconds(void) { return now_ns; }
uint64_t chip_milliseconds(void) { return now_ns / 1000000u; }
/* A program that waited for an hour of its own time waits for something that never comes. */
void chip_wait(void) {
  if (listens) listen_for_input();
  now_ns += 1000000u;
  if (now_ns < LIFE_NS_MAX) return;
  printf("out of time\n");
  exit(3);
}
void chip_pin_write(unsigned pin, int value) { (void)pin, (void)value; }
int chip_pin_read(unsigned pin) { return (void)pin, 0; }
int chip_pin_state(unsigned pin) { return (void)pin, 0; }
void chip_watchdog_feed(void) {}
