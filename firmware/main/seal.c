#include "main/seal.h"
#include <string.h>
#include "chips/chip.h"
#include "main/bundle.h"
#include "main/engine.h"
#include "main/heap.h"
#include "main/report.h"

#define NAME_BYTES 64u
#define PIECE_BYTES 1536u /* so much of the statements that run once are compiled together, and the rest of the last one */
#define ALIGNED(bytes) (((bytes) + 7u) & ~7u)

static struct code_region region;
static uint32_t base;          /* the address that the region has for the program */
static uint32_t next, erased;  /* in flash: where the next piece goes, and how far it is blank */

uint32_t seal_next(void) { return base + (next - region.start); }

void seal_look(uint32_t address, void *bytes, uint32_t length) {
  chip_flash_read(region.start + (address - base), bytes, length);
}

static bool make_blank(uint32_t end) {
  if (end > region.start + region.bytes) return false;
  for (; erased < end; erased += chip_flash_sector_bytes) {
    if (!chip_flash_erase(erased)) return false;
    chip_watchdog_feed();
  }
  return true;
}

/* Writes whole words, the last one filled up. */
static bool write(uint32_t address, const void *bytes, uint32_t length) {
  uint8_t last[FLASH_WRITE_BYTES];
  uint32_t whole = length / FLASH_WRITE_BYTES * FLASH_WRITE_BYTES;
  memset(last, 0xff, sizeof last);
  memcpy(last, (const uint8_t *)bytes + whole, length - whole);
  if (whole > 0 && !chip_flash_write(address, bytes, whole)) return false;
  return length == whole || chip_flash_write(address + whole, last, sizeof last);
}

uint32_t seal_put(const void *bytes, uint32_t length) {
  uint32_t place = seal_next(), end = next + ALIGNED(chip_flash_padded(length));
  if (!make_blank(end) || !write(next, bytes, length)) return 0;
  next = end;
  return place;
}

static bool in_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '_' || letter == '$';
}

/* What the declaration of a function or a constant begins with; its name follows. */
static const char *const declarations[] = {"const ", "function ", "function*", "async function "};

/* The name of the function or constant that the statement there declares, in `start`; NULL when its first bytes declare none. */
static const char *declared(uint32_t place, char start[NAME_BYTES + 1], size_t *length) {
  uint32_t there = bundle_bytes() - place, part = there < NAME_BYTES ? there : NAME_BYTES;
  bundle_read(place, start, part);
  start[part] = 0;
  for (size_t i = 0; i < sizeof declarations / sizeof *declarations; i++) {
    size_t skip = strlen(declarations[i]);
    if (strncmp(start, declarations[i], skip) != 0) continue;
    const char *name = start + skip, *end = name;
    while (in_name(*end)) end++;
    if (end == start + part) return NULL;
    *length = (size_t)(end - name);
    return name;
  }
  return NULL;
}

/* Makes a declaration (from text + 1 on, with room for a bracket at either end) the expression of what it declares. */
static void as_expression(char *text, uint32_t length) {
  text[length + 1] = text[length] == ';' ? ' ' : ')';
  if (text[length] == ';') text[length] = ')';
  text[length + 2] = 0;
  char *value = text[1] == 'c' ? strchr(text + 1, '=') : text; /* const NAME=value; */
  if (value > text) memset(text, ' ', (size_t)(value - text));
  *value = '(';
}

/* A bundle was made of modules, so all of its code is strict. */
static uint32_t compile(JSContext *ctx, uint32_t place, uint32_t length, bool is_declaration) {
  char *text = bundle_text(place, length);
  if (text == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for a statement's text");
  bool is_function = is_declaration && text[1] != 'c';
  if (is_declaration) as_expression(text, length);
  JSValue script = JS_Eval(ctx, is_declaration ? text : text + 1, is_declaration ? length + 2 : length, "bundle",
                           JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT | JS_EVAL_FLAG_COMPILE_ONLY);
  heap_free(text);
  if (JS_IsException(script)) engine_end(ctx, JS_GetException(ctx));
  uint32_t statement = code_write_statement(ctx, script, is_function);
  if (statement == 0) report_and_restart(RESET_OUT_OF_MEMORY, "no room for compiled code");
  JS_FreeValue(ctx, script);
  chip_watchdog_feed();
  return statement;
}

static void compile_all(JSContext *ctx, struct code *made) {
  char start[NAME_BYTES + 1];
  const char *name;
  size_t name_length;
  uint32_t place = 0, end = bundle_bytes(), *other = NULL, others = 0;
  bool fits = code_write_begin(ctx);
  while (fits && place < end && (name = declared(place, start, &name_length)) != NULL) {
    uint32_t length = bundle_statement_bytes(place, 0);
    fits = code_write_name(ctx, name, name_length, compile(ctx, place, length, true));
    place += length + 1;
  }
  while (fits && place < end) {
    uint32_t length = bundle_statement_bytes(place, PIECE_BYTES);
    other = js_realloc(ctx, other, (others + 1) * sizeof *other);
    if (other == NULL) break;
    other[others++] = compile(ctx, place, length, false);
    place += length + 1;
  }
  fits = fits && place >= end && code_write_end(ctx, made);
  made->others = others;
  made->other = fits && others > 0 ? (const uint32_t *)(uintptr_t)seal_put(other, others * sizeof *other) : NULL;
  if (!fits || (others > 0 && made->other == NULL)) report_and_restart(RESET_OUT_OF_MEMORY, "no room for compiled code");
}

void seal(JSContext *ctx) {
  struct code_head head = {.zero = 0};
  region = code_region();
  base = (uint32_t)(uintptr_t)chip_code(region.start, 0);
  erased = region.start;
  next = region.start + ALIGNED(chip_flash_padded(sizeof head));
  compile_all(ctx, &head.code);
  head.bytes = next - region.start;
  bool held = write(region.start + CODE_TAG_PLACE, (uint8_t *)&head + CODE_TAG_PLACE, sizeof head - CODE_TAG_PLACE);
  const uint8_t *there = chip_code(region.start, head.bytes);
  code_tag(there + CODE_TAG_PLACE, head.bytes - CODE_TAG_PLACE, head.tag);
  held = held && write(region.start, head.tag, CODE_TAG_BYTES);
  if (!held) report_and_restart(RESET_FAULT, "the flash does not hold compiled code");
  report_number("latchkey: compiled", head.bytes);
}
