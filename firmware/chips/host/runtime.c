/* What the runtime finds on the host in place of arena, network, radio and pins. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "main/heap.h"
#include "port/js.h"
#include "port/net.h"

static size_t used, peak;
bool heap_refused;
size_t heap_wanted;

void heap_start(void) {}
static void *counted(void *memory) {
  used += malloc_usable_size(memory);
  if (used > peak) peak = used;
  return memory;
}
void *heap_allocate(size_t bytes) { return bytes ? counted(malloc(bytes)) : NULL; }
void heap_free(void *memory) {
  used -= malloc_usable_size(memory);
  free(memory);
}
void *heap_resize(void *memory, size_t bytes) {
  if (memory == NULL) return heap_allocate(bytes);
  used -= malloc_usable_size(memory);
  if (bytes == 0) {
    free(memory);
    return NULL;
  }
  return counted(realloc(memory, bytes));
}
size_t heap_usable(const void *memory) { return malloc_usable_size((void *)memory); }
bool heap_has(size_t bytes) { return (void)bytes, true; }
size_t heap_used(void) { return used; }
size_t heap_peak(void) { return peak; }

void net_start(const uint8_t mac[6]) { (void)mac; }
bool net_poll(void) { return false; }

#define NOTHING(name)                                                                    \
  static void name##_install(JSContext *ctx, JSValueConst native) {                      \
    JS_SetPropertyStr(ctx, native, #name, JS_NewObject(ctx));                            \
  }                                                                                      \
  const struct facet name##_facet = {name##_install, NULL};

NOTHING(radio)
NOTHING(tcp)
NOTHING(udp)
NOTHING(pins)
NOTHING(io)
