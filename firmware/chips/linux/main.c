/*
 * One program, four roles: the supervisor, which a service manager starts; the boot stage, which the supervisor starts for each
 * start of the unit; the runtime, which the boot stage starts from the verified image in a sealed memory file; and the radio
 * (radio.c), the only one that needs capabilities.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/linux/confine.h"
#include "chips/linux/linux.h"
#include "chips/linux/radio.h"

static const char usage[] =
    "latchkey-unit --flash FILE [--radio INTERFACE | --air HOST:PORT] [--wpa FOLDER] [--pins FILE] [--watchdog DEVICE]\n"
    "  --flash FILE       the unit's flash, made by the line: a file, or a NOR chip's MTD device as /dev/mtd0\n"
    "  --radio INTERFACE  the Wi-Fi interface that listens and joins, as wlan0\n"
    "  --wpa FOLDER       where wpa_supplicant has its control sockets (default: /run/wpa_supplicant)\n"
    "  --air HOST:PORT    a radio line over TCP (PROTOCOL 9.1) in place of an interface\n"
    "  --pins FILE        which line, bus or output of this machine each name of board.json is\n"
    "  --watchdog DEVICE  the machine's watchdog, as /dev/watchdog: it restarts the machine when this program stands still\n";

void stop(const char *what, const char *name) {
  fprintf(stderr, "latchkey-unit: %s%s%s\n", name, *name ? ": " : "", what);
  exit(EXIT_USAGE);
}

static void take_options(int argc, char **argv) {
  static const struct option options[] = {{"flash", 1, NULL, 'f'}, {"radio", 1, NULL, 'r'}, {"air", 1, NULL, 'a'},
                                          {"wpa", 1, NULL, 'w'},   {"pins", 1, NULL, 'p'},  {"watchdog", 1, NULL, 'd'},
                                          {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
  static const char *const names[] = {['f'] = "LATCHKEY_FLASH", ['r'] = "LATCHKEY_RADIO", ['a'] = "LATCHKEY_AIR",
                                      ['w'] = "LATCHKEY_WPA",   ['p'] = "LATCHKEY_PINS",
                                      ['d'] = "LATCHKEY_WATCHDOG"};
  int option;
  while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
    if (option == 'h') {
      fputs(usage, stdout);
      exit(0);
    }
    if (option == '?') {
      fputs(usage, stderr);
      exit(EXIT_USAGE);
    }
    setenv(names[option], optarg, 1);
  }
  if (getenv("LATCHKEY_FLASH") == NULL) stop("name the unit's flash file with --flash FILE", "no flash");
}

int main(int argc, char **argv) {
  const char *role = getenv("LATCHKEY_ROLE");
  if (role == NULL) {
    take_options(argc, argv);
    return supervise();
  }
  kept_open();
  confine_unit(); /* each program starts as open to the look of others */
  if (strcmp(role, "runtime") != 0) return boot_main();
  pins_open();
  return runtime_main();
}
