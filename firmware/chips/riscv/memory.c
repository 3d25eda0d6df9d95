/* Memory set and copied by words: picolibc's functions for this core go byte by byte, six instructions for each. */
/* Without the second option the compiler sees memset in memset. */
#pragma GCC optimize("O2", "no-tree-loop-distribute-patterns")
#include <stdint.h>
#include <string.h>

#define WORD sizeof(uint32_t)

static size_t past_word(const void *p) { return (uintptr_t)p % WORD; }

void *memset(void *memory, int byte, size_t length) {
  uint8_t *to = memory;
  const uint32_t word = (uint8_t)byte * 0x01010101u;
  for (; length > 0 && past_word(to); length--) *to++ = (uint8_t)byte;
  for (; length >= 4 * WORD; length -= 4 * WORD, to += 4 * WORD) {
    uint32_t *words = (uint32_t *)(void *)to;
    words[0] = words[1] = words[2] = words[3] = word;
  }
  for (; length >= WORD; length -= WORD, to += WORD) *(uint32_t *)(void *)to = word;
  while (length-- > 0) *to++ = (uint8_t)byte;
  return memory;
}

/* From the lowest address on, so that what lies behind may overlap. */
static void copy_up(uint8_t *to, const uint8_t *from, size_t length) {
  if (past_word(to) == past_word(from)) {
    for (; length > 0 && past_word(to); length--) *to++ = *from++;
    for (; length >= 4 * WORD; length -= 4 * WORD, to += 4 * WORD, from += 4 * WORD) {
      uint32_t *words = (uint32_t *)(void *)to;
      const uint32_t *source = (const uint32_t *)(const void *)from;
      const uint32_t a = source[0], b = source[1], c = source[2], d = source[3];
      words[0] = a, words[1] = b, words[2] = c, words[3] = d;
    }
    for (; length >= WORD; length -= WORD, to += WORD, from += WORD)
      *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
  }
  while (length-- > 0) *to++ = *from++;
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t length) {
  to += length, from += length;
  if (past_word(to) == past_word(from)) {
    for (; length > 0 && past_word(to); length--) *--to = *--from;
    for (; length >= WORD; length -= WORD) {
      to -= WORD, from -= WORD;
      *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
    }
  }
  while (length-- > 0) *--to = *--from;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
  copy_up(to, from, length);
  return to;
}

void *memmove(void *to, const void *from, size_t length) {
  if ((uintptr_t)to - (uintptr_t)from < length) copy_down(to, from, length);
  else copy_up(to, from, length);
  return to;
}
