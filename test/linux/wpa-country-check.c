/*
 * wpa-country-check FOLDER CODE: names a country to a wpa_supplicant of this program's own, on FOLDER/wlan9, which knows DE alone. Prints
 * what it was told, a line each, then whether it took the country.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chips/linux/wpa.h"

static void answer(int served) {
  char command[256];
  struct sockaddr_un from;
  for (;;) {
    socklen_t length = sizeof from;
    ssize_t bytes = recvfrom(served, command, sizeof command - 1, 0, (struct sockaddr *)&from, &length);
    if (bytes < 0) return;
    command[bytes] = 0;
    printf("%s\n", command);
    fflush(stdout);
    const char *said = strncmp(command, "SET", 3) == 0 && strcmp(command, "SET country DE") != 0 ? "FAIL\n" : "OK\n";
    sendto(served, said, strlen(said), 0, (struct sockaddr *)&from, length);
    if (strncmp(command, "SET", 3) == 0) return;
  }
}

int main(int argc, char **words) {
  struct sockaddr_un there = {.sun_family = AF_UNIX};
  if (argc != 3) return 2;
  snprintf(there.sun_path, sizeof there.sun_path, "%s/wlan9", words[1]);
  int served = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(served, (struct sockaddr *)&there, sizeof there) != 0) return 3;
  pid_t child = fork();
  if (child == 0) {
    answer(served);
    _exit(0);
  }
  if (wpa_open(words[1], "wlan9") < 0) return 4;
  bool taken = wpa_country((const uint8_t *)words[2]);
  waitpid(child, NULL, 0);
  puts(taken ? "taken" : "refused");
  return 0;
}
