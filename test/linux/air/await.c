/*
 * Waits until files have words, by this machine's clock: `await any|all SECONDS FILE WORD [FILE WORD]...`. Says a dot a second, so that who
 * listens sees that it goes on. A shell that looked and slept would start a program for each look, beside what is timed.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOKS_A_SECOND 10

static bool has(const char *path, const char *word) {
  static char bytes[1 << 20];
  int file = open(path, O_RDONLY);
  ssize_t part, length = 0;
  if (file < 0) return false;
  while (length < (ssize_t)sizeof bytes - 1 && (part = read(file, bytes + length, sizeof bytes - 1 - (size_t)length)) > 0)
    length += part;
  close(file);
  return memmem(bytes, (size_t)length, word, strlen(word)) != NULL;
}

int main(int argc, char **argv) {
  if (argc < 5 || argc % 2 == 0 || (strcmp(argv[1], "any") != 0 && strcmp(argv[1], "all") != 0)) {
    fputs("usage: await any|all SECONDS FILE WORD [FILE WORD]...\n", stderr);
    return 2;
  }
  bool is_any = strcmp(argv[1], "any") == 0;
  for (int look = 0; look <= atoi(argv[2]) * LOOKS_A_SECOND; look++) {
    int had = 0;
    for (int i = 3; i < argc; i += 2) had += has(argv[i], argv[i + 1]);
    if (is_any ? had > 0 : had == (argc - 3) / 2) return 0;
    if (look % LOOKS_A_SECOND == 0 && write(1, ".", 1) < 0) return 2;
    nanosleep(&(struct timespec){.tv_nsec = 1000000000l / LOOKS_A_SECOND}, NULL);
  }
  printf("in vain: %s %s\n", argv[3], argv[4]);
  return 1;
}
