/* Our functions over memory against the host's, for every place in a word and many lengths. Prints what differs. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void *our_memset(void *memory, int byte, size_t length);
void *our_memcpy(void *to, const void *from, size_t length);
void *our_memmove(void *to, const void *from, size_t length);

#define ROOM 160
#define LENGTH_MAX 70

static uint8_t ours[ROOM], theirs[ROOM];

static void fill(void) {
  for (unsigned i = 0; i < ROOM; i++) ours[i] = theirs[i] = (uint8_t)(i * 37 + 11);
}

static void expect_same(const char *what, const void *given, const void *wanted, unsigned to, unsigned from, unsigned length) {
  if (given != wanted || memcmp(ours, theirs, ROOM) != 0) printf("%s to %u from %u, %u bytes\n", what, to, from, length);
  fill();
}

int main(void) {
  fill();
  for (unsigned length = 0; length < LENGTH_MAX; length++)
    for (unsigned to = 1; to < 80; to++) {
      memset(theirs + to, 0x1ab, length);
      expect_same("set", our_memset(ours + to, 0x1ab, length), ours + to, to, 0, length);
      for (unsigned from = 1; from < 80; from++) {
        memmove(theirs + to, theirs + from, length);
        expect_same("move", our_memmove(ours + to, ours + from, length), ours + to, to, from, length);
        if (to < from + length && from < to + length) continue;
        memcpy(theirs + to, theirs + from, length);
        expect_same("copy", our_memcpy(ours + to, ours + from, length), ours + to, to, from, length);
      }
    }
  puts("end");
  return 0;
}
