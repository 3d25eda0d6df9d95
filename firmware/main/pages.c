#include "main/pages.h"
#include <string.h>
#include "chips/chip.h"
#include "main/heap.h"
#include "main/report.h"

#define NAME_BYTES 64u
/* Beyond this a function is brought in only after the others were let go of. */
#define CROWDED_BYTES (HEAP_BYTES - 36u * 1024u)

struct page {
  uint32_t name_hash, address;
  JSAtom name; /* while it is in memory, else JS_ATOM_NULL */
};

static struct page *pages;
static uint32_t count, room;
uint32_t pages_brought;

static uint32_t hash_of(const char *name, size_t length) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  while (length--) hash = (hash ^ (uint8_t)*name++) * 16777619u;
  return hash;
}

/* The name of the function or constant that a statement declares; NULL when it declares none. */
static const char *declared(const char *statement, size_t *length) {
  static const char *const starts[] = {"const ", "function ", "function*", "async function "};
  for (unsigned i = 0; i < 4; i++) {
    size_t skip = strlen(starts[i]);
    if (strncmp(statement, starts[i], skip) != 0) continue;
    const char *name = statement + skip, *end = strchr(name, i == 0 ? '=' : '(');
    if (end == NULL) return NULL;
    *length = (size_t)(end - name);
    return name;
  }
  return NULL;
}

void pages_find(JSContext *ctx, struct bundle *bundle) {
  char start[NAME_BYTES + 1];
  size_t length;
  while (bundle->at < bundle->end) {
    uint32_t there = bundle->end - bundle->at, part = there < NAME_BYTES ? there : NAME_BYTES;
    chip_flash_read(bundle->at, start, part);
    start[part] = 0;
    const char *name = declared(start, &length);
    if (name == NULL) return;
    if (count == room) {
      room += 64;
      pages = js_realloc(ctx, pages, room * sizeof *pages);
      if (pages == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for the list of functions");
    }
    pages[count++] = (struct page){hash_of(name, length), bundle->at, 0};
    bundle->at += bundle_statement_bytes(bundle) + 1;
  }
}

static bool names(const struct page *page, const char *name, size_t length) {
  char start[NAME_BYTES + 1];
  size_t actual;
  chip_flash_read(page->address, start, NAME_BYTES);
  start[NAME_BYTES] = 0;
  const char *there = declared(start, &actual);
  return there && actual == length && memcmp(there, name, length) == 0;
}

/* Compiles the declaration as an expression, which gives the function, or the constant's value. */
static JSValue compile(JSContext *ctx, const struct page *page) {
  struct bundle at = bundle_from(page->address);
  uint32_t length = bundle_statement_bytes(&at);
  char *text = js_malloc(ctx, length + 3);
  if (text == NULL) return JS_EXCEPTION;
  chip_flash_read(page->address, text + 1, length);
  text[length + 1] = text[length] == ';' ? ' ' : ')';
  if (text[length] == ';') text[length] = ')';
  text[length + 2] = 0;
  char *value = text[1] == 'c' ? strchr(text + 1, '=') : text; /* const NAME=value; */
  if (value > text) memset(text, ' ', (size_t)(value - text));
  *value = '(';
  JSValue function = JS_Eval(ctx, text, length + 2, "bundle", PAGES_EVAL);
  js_free(ctx, text);
  pages_brought++;
  return function;
}

JSValue pages_bring(JSContext *ctx, JSAtom name) {
  if (count == 0) return JS_UNDEFINED;
  size_t length;
  const char *text = JS_AtomToCString(ctx, name);
  if (text == NULL) return JS_EXCEPTION;
  length = strlen(text);
  uint32_t hash = hash_of(text, length), i = 0;
  while (i < count && !(pages[i].name_hash == hash && names(&pages[i], text, length))) i++;
  JS_FreeCString(ctx, text);
  if (i == count) return JS_UNDEFINED;
  pages_relieve(ctx, CROWDED_BYTES);
  JSValue function = compile(ctx, &pages[i]);
  if (JS_IsException(function)) return function;
  JSValue global = JS_GetGlobalObject(ctx);
  int defined = JS_DefinePropertyValue(ctx, global, name, JS_DupValue(ctx, function),
                                       JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
  JS_FreeValue(ctx, global);
  if (defined < 0) {
    JS_FreeValue(ctx, function);
    return JS_EXCEPTION;
  }
  pages[i].name = JS_DupAtom(ctx, name);
  return function;
}

void pages_relieve(JSContext *ctx, size_t in_use_most) {
  if (heap_used() <= in_use_most) return;
  JSValue global = JS_GetGlobalObject(ctx);
  for (uint32_t i = 0; i < count; i++) {
    if (pages[i].name == 0) continue;
    JS_DeleteProperty(ctx, global, pages[i].name, 0);
    JS_FreeAtom(ctx, pages[i].name);
    pages[i].name = 0;
  }
  JS_FreeValue(ctx, global);
  JS_RunGC(JS_GetRuntime(ctx));
}
