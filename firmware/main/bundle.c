#include "main/bundle.h"
#include <stdbool.h>
#include <string.h>
#include "chips/chip.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"

#define STEP_BYTES 256u
#define WORD_MARK 0x0bu  /* stands in front of each word of the list */
#define FIRST_PAIR 0xf8u /* from here on a word takes two bytes */
#define PAIRS 128u
#define DEPTH_MOST 8u
#define STEPS_MOST (4u * HEAP_BYTES) /* of one text, which must fit the arena */

const char *const bundle_declarations[BUNDLE_DECLARATIONS] = {"const ", "function ", "function*", "async function "};

static uint8_t *list; /* the words as the bundle holds them; NULL while they aren't needed */
static uint16_t *word_at; /* where each begins, and one behind the last */
static uint32_t word_count;
static uint32_t steps;

uint32_t bundle_bytes(void) {
  if (handoff.js_bytes == 0) report_and_restart(RESET_FAULT, "the boot stage named no bundle");
  return handoff.js_bytes;
}

void bundle_read(uint32_t place, void *bytes, uint32_t length) {
  chip_flash_read(handoff.js_address + place, bytes, length);
}

uint32_t bundle_statement_bytes(uint32_t place, uint32_t least) {
  uint8_t step[STEP_BYTES];
  uint32_t end = handoff.js_bytes;
  for (uint32_t at = place + least; at < end; at += sizeof step) {
    uint32_t part = end - at < sizeof step ? end - at : sizeof step;
    bundle_read(at, step, part);
    for (uint32_t i = 0; i < part; i++)
      if (step[i] == '\f') return at + i - place;
  }
  return end - place;
}

static uint32_t list_bytes(void) {
  uint8_t mark = 0;
  bundle_read(0, &mark, bundle_bytes() > 0 ? 1 : 0);
  return mark == WORD_MARK ? bundle_statement_bytes(0, 0) : 0;
}

uint32_t bundle_first(void) {
  uint32_t bytes = list_bytes();
  return bytes > 0 ? bytes + 1 : 0;
}

static bool take_words(void) {
  uint32_t bytes = list ? 0 : list_bytes(), count = 0;
  if (bytes == 0) return true;
  list = heap_allocate(bytes);
  if (list == NULL) return false;
  bundle_read(0, list, bytes);
  for (uint32_t i = 0; i < bytes; i++) count += list[i] == WORD_MARK;
  word_at = heap_allocate((count + 1) * sizeof *word_at);
  if (word_at == NULL) {
    bundle_let_words_go();
    return false;
  }
  word_count = 0;
  for (uint32_t i = 0; i < bytes; i++)
    if (list[i] == WORD_MARK) word_at[word_count++] = (uint16_t)(i + 1);
  word_at[word_count] = (uint16_t)(bytes + 1);
  return true;
}

void bundle_let_words_go(void) {
  heap_free(word_at);
  heap_free(list);
  list = NULL;
  word_at = NULL;
}

/* Writes what bytes stand for as far as there is room, and counts all of it. */
static uint32_t expand(const uint8_t *at, const uint8_t *end, char *text, uint32_t room, unsigned depth) {
  uint32_t done = 0;
  while (at < end) {
    /* Words of words can stand for more text than any memory holds, and empty ones for none in as many steps. */
    if (++steps > STEPS_MOST) report_and_restart(RESET_FAULT, "the words of the bundle stand for too much text");
    uint32_t code = *at++;
    if (list == NULL || code < BUNDLE_FIRST_WORD) {
      if (done < room) text[done] = (char)code;
      done++;
      continue;
    }
    if (code >= FIRST_PAIR) code = FIRST_PAIR + (code - FIRST_PAIR) * PAIRS + (at < end ? *at++ & (PAIRS - 1u) : 0);
    uint32_t word = code - BUNDLE_FIRST_WORD, left = done < room ? room - done : 0;
    const uint8_t *from, *to;
    if (word < BUNDLE_DECLARATIONS) {
      from = (const uint8_t *)bundle_declarations[word];
      to = from + strlen(bundle_declarations[word]);
    } else if (word - BUNDLE_DECLARATIONS < word_count && depth < DEPTH_MOST) {
      from = list + word_at[word - BUNDLE_DECLARATIONS];
      to = list + word_at[word - BUNDLE_DECLARATIONS + 1] - 1;
    } else {
      report_and_restart(RESET_FAULT, "the bundle names a word that it does not have");
    }
    done += expand(from, to, left > 0 ? text + done : NULL, left, depth + 1);
  }
  return done;
}

char *bundle_text(uint32_t place, uint32_t bytes, uint32_t *length) {
  uint8_t *packed = heap_allocate(bytes + 1);
  if (packed == NULL || !take_words()) {
    heap_free(packed);
    return NULL;
  }
  bundle_read(place, packed, bytes);
  steps = 0;
  *length = expand(packed, packed + bytes, NULL, 0, 0);
  char *text = heap_allocate(*length + 4);
  if (text) {
    steps = 0;
    expand(packed, packed + bytes, text + 1, *length, 0);
    text[*length + 1] = 0;
  }
  heap_free(packed);
  return text;
}
