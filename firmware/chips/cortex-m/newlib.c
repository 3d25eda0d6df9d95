/* What newlib's own functions ask for when they want memory: it has none of ours. */
#include <reent.h>
#include <stddef.h>
#include <stdlib.h>

void *_malloc_r(struct _reent *reent, size_t bytes) {
  (void)reent, (void)bytes;
  return NULL;
}
void *_realloc_r(struct _reent *reent, void *memory, size_t bytes) {
  (void)reent, (void)memory, (void)bytes;
  return NULL;
}
void _free_r(struct _reent *reent, void *memory) { (void)reent, (void)memory; }
