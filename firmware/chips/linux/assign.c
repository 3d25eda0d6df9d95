#include "chips/linux/assign.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chips/linux/linux.h"
#include "port/io.h"

#define ASSIGN_MOST 32 /* lines of the file */

static struct assignment assignments[ASSIGN_MOST];
static unsigned count;

static void refuse(const char *path, unsigned row, const char *what) {
  char place[ASSIGN_WORD * 2];
  snprintf(place, sizeof place, "%s:%u", path, row);
  stop(what, place);
}

static bool take_flag(struct assignment *a, const char *word) {
  if (strcmp(word, "active-low") == 0) return a->active_low = true;
  if (strcmp(word, "pull-up") == 0) return a->pull_up = true;
  if (strcmp(word, "pull-down") == 0) return a->pull_down = true;
  if (strcmp(word, "open-drain") == 0) return a->open_drain = true;
  return false;
}

/* NAME DEVICE [LINE] [FLAG]... */
static void take_row(const char *path, unsigned row, char *text) {
  char *rest = NULL, *words[8];
  unsigned n = 0;
  text[strcspn(text, "#\n")] = 0;
  for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
    if (n == sizeof words / sizeof *words) refuse(path, row, "too many words (expected NAME DEVICE [LINE] [FLAG]...)");
    words[n++] = word;
  }
  if (n == 0) return;
  if (n < 2) refuse(path, row, "a device is missing (expected NAME DEVICE [LINE] [FLAG]...)");
  if (count == ASSIGN_MOST) refuse(path, row, "too many names (expected at most 32)");
  struct assignment *a = &assignments[count++];
  if (strlen(words[0]) >= ASSIGN_WORD || strlen(words[1]) >= ASSIGN_WORD) refuse(path, row, "a word of more than 63 letters");
  strcpy(a->name, words[0]);
  strcpy(a->device, words[1]);
  for (unsigned i = 2; i < n; i++) {
    char *end;
    unsigned long line = strtoul(words[i], &end, 10);
    if (i == 2 && *end == 0 && end != words[i] && line < 1024) a->line = (unsigned)line;
    else if (!take_flag(a, words[i]))
      refuse(path, row, "not a line's number nor a flag (expected active-low, pull-up, pull-down or open-drain)");
  }
}

static void read_file(const char *path) {
  char text[256];
  FILE *file = fopen(path, "re");
  if (file == NULL) stop(strerror(errno), path);
  for (unsigned row = 1; fgets(text, sizeof text, file); row++) take_row(path, row, text);
  fclose(file);
}

const struct assignment *assignment_of(const char *name) {
  static bool is_read;
  const char *path = getenv("LATCHKEY_PINS");
  if (!is_read && path != NULL) read_file(path);
  is_read = true;
  for (unsigned i = 0; i < count; i++)
    if (strcmp(assignments[i].name, name) == 0) return &assignments[i];
  return NULL;
}

const struct assignment *assignment_of_resource(int kind, unsigned number) {
  static const struct resource resources[] = {BOARD_IO};
  for (unsigned i = 0; i < sizeof resources / sizeof *resources; i++) {
    char pin[ASSIGN_WORD];
    if (resources[i].kind == kind && resources[i].number == number && sscanf(resources[i].name, "%*s %63s", pin) == 1)
      return assignment_of(pin);
  }
  return NULL;
}
