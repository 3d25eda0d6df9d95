/* The limit on the memory of TLS, over an arena that gives a little more than it was asked for, as the real one does. */
#include <stdio.h>
#include <stdlib.h>
#include "main/heap.h"
#include "tls/memory.h"

#define MORE_BYTES 1024u /* exaggerated, so that one piece is enough */

static size_t sizes[64], count;
static void *pieces[64];

void *heap_allocate(size_t bytes) {
  sizes[count] = bytes + MORE_BYTES;
  return pieces[count++] = malloc(bytes + MORE_BYTES);
}
void heap_free(void *memory) { free(memory); }
size_t heap_usable(const void *memory) {
  for (size_t i = 0; i < count; i++)
    if (pieces[i] == memory) return sizes[i];
  return 0;
}

static void say(const char *what, const void *memory) { printf("%s %s\n", what, memory ? "given" : "refused"); }

int main(void) {
  void *most = tls_allocate(1, TLS_BYTES_MAX);
  say("the whole limit", most);
  printf("in use %s the limit\n", tls_memory_used() > TLS_BYTES_MAX ? "above" : "below");
  say("one more byte", tls_allocate(1, 1));
  say("a megabyte more", tls_allocate(1024, 1024));
  tls_release(most);
  say("a product that overflows", tls_allocate((size_t)-1 / 2, 4));
  say("a byte above the limit", tls_allocate(1, TLS_BYTES_MAX + 1));
  say("a little", tls_allocate(4, 16));
  return 0;
}
