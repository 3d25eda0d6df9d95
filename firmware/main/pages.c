#include "main/pages.h"
#include <stdlib.h>
#include <string.h>
#include "chips/chip.h"
#include "main/bundle.h"
#include "main/heap.h"
#include "main/report.h"
#include "main/sealed.h"

#define NAME_BYTES 64u
#define KEYWORD_BYTES 15u /* the longest of what stands before a name */
#define PIECE_BYTES 1536u /* so much of the other statements at once, and the rest of the last one */
/*
 * When more than CROWDED_BYTES are in use, the code that was loaded first is evicted until at most ROOMY_BYTES are:
 * what an event needs must still fit, in one piece where it needs one. If data alone takes more than that, WORK_BYTES
 * are left for code all the same; otherwise functions that call each other would be loaded again and again.
 */
#define CROWDED_BYTES (HEAP_BYTES / 3u * 2u)
#define ROOMY_BYTES (HEAP_BYTES / 9u * 5u)
#define WORK_BYTES (HEAP_BYTES / 10u)
/*
 * When more than this is in use, code is evicted before a byte string is allocated: an event that has loaded all of its
 * functions looks up no names, so nothing else would evict any.
 */
#define FULL_BYTES (HEAP_BYTES / 9u * 7u)

/* Functions and constants by the hashes of their names, then the other statements in order. In memory only while they aren't sealed. */
static struct row *rows;
static uint32_t named, count;
static bool sealed;
static JSAtom *present; /* names of those that are in memory, in the order in which they came */
static uint32_t present_count, present_room;
static size_t crowded = CROWDED_BYTES;

static struct row row_of(uint32_t index) { return sealed ? sealed_row(index) : rows[index]; }

static uint32_t hash_of(const char *name, size_t length) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  while (length--) hash = (hash ^ (uint8_t)*name++) * 16777619u;
  return hash * 2654435769u; /* of names of two letters only the low bits differ evenly; see search */
}

static bool in_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '_' || letter == '$';
}

/* What the declaration of a function or a constant begins with; its name follows. */
static const char *const declarations[] = {"const ", "function ", "function*", "async function "};

/* The name of the function or constant that the statement there declares, in `start`; NULL when its first bytes declare none. */
static const char *declared(uint32_t place, size_t bytes, char start[NAME_BYTES + 1], size_t *length) {
  uint32_t there = bundle_bytes() - place, part = bytes < NAME_BYTES ? (uint32_t)bytes : NAME_BYTES;
  if (part > there) part = there;
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

static bool names(const struct row *row, const char *name, size_t length) {
  char start[NAME_BYTES + 1];
  size_t actual;
  const char *there = declared(row->source, length + KEYWORD_BYTES + 1, start, &actual);
  return there && actual == length && memcmp(there, name, length) == 0;
}

static void add_row(JSContext *ctx, uint32_t hash, uint32_t source) {
  if (count % 64 == 0) rows = js_realloc(ctx, rows, (count + 64) * sizeof *rows);
  if (rows == NULL) report_and_restart(RESET_OUT_OF_MEMORY, "no room for the list of functions");
  rows[count++] = (struct row){hash, source, 0, 0};
}

static int by_hash(const void *a, const void *b) {
  uint32_t x = ((const struct row *)a)->name_hash, y = ((const struct row *)b)->name_hash;
  return x < y ? -1 : x > y;
}

static void list(JSContext *ctx) {
  char start[NAME_BYTES + 1];
  const char *name;
  size_t length;
  uint32_t place = 0, end = bundle_bytes();
  while (place < end && (name = declared(place, NAME_BYTES, start, &length)) != NULL) {
    add_row(ctx, hash_of(name, length), place);
    place += bundle_statement_bytes(place, 0) + 1;
  }
  named = count;
  for (; place < end; place += bundle_statement_bytes(place, PIECE_BYTES) + 1) add_row(ctx, 0, place);
  qsort(rows, named, sizeof *rows, by_hash);
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

/* From source, for JS_EvalFunction, which gives the function or the constant's value. A bundle was made of modules, so all
 * of its code is strict. */
static JSValue compile(JSContext *ctx, uint32_t index, const struct row *row) {
  bool on_demand = index < named;
  uint32_t length = bundle_statement_bytes(row->source, on_demand ? 0 : PIECE_BYTES);
  char *text = bundle_text(row->source, length);
  if (text == NULL) return JS_ThrowOutOfMemory(ctx);
  if (on_demand) as_expression(text, length);
  JSValue script = JS_Eval(ctx, on_demand ? text : text + 1, on_demand ? length + 2 : length, "bundle",
                           JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT | JS_EVAL_FLAG_COMPILE_ONLY);
  heap_free(text);
  return script;
}

static JSValue take(JSContext *ctx, uint32_t index) {
  struct row row = row_of(index);
  size_t length;
  const uint8_t *code = sealed ? sealed_code(&row, &length) : NULL;
  if (code != NULL) {
    JSValue script = JS_ReadObject(ctx, code, length, JS_READ_OBJ_BYTECODE);
    sealed_close(code);
    return script;
  }
  return compile(ctx, index, &row);
}

/* Compiles all and writes it. What doesn't compile stays as source: its error comes when it is needed. */
static bool seal(JSContext *ctx) {
  if (!sealed_begin(count)) return false;
  for (uint32_t i = 0; i < count; i++) {
    JSValue script = compile(ctx, i, &rows[i]);
    size_t length = 0;
    uint8_t *code = JS_IsException(script) ? NULL : JS_WriteObject(ctx, &length, script, JS_WRITE_OBJ_BYTECODE);
    JS_FreeValue(ctx, script);
    JS_FreeValue(ctx, JS_GetException(ctx));
    bool held = code == NULL || sealed_put(&rows[i], code, length);
    js_free(ctx, code);
    if (!held) return false;
    chip_watchdog_feed();
  }
  return sealed_end(rows, named, count);
}

void pages_start(JSContext *ctx) {
  bool can_seal = sealed_start();
  if (can_seal && sealed_open(&named, &count)) {
    sealed = true;
    return;
  }
  named = count = 0;
  list(ctx);
  sealed = can_seal && seal(ctx) && sealed_open(&named, &count);
  if (!sealed) return;
  js_free(ctx, rows);
  rows = NULL;
}

bool pages_next(JSContext *ctx, JSValue *script) {
  static uint32_t next;
  if (named + next >= count) return false;
  *script = take(ctx, named + next++);
  return true;
}

/*
 * The function or constant of this name; `count` when there is none. Hashes lie evenly, so where one lies is guessed from
 * its value: three or four rows are read from flash, where halving reads ten.
 */
static uint32_t search(const char *name, size_t length) {
  uint32_t hash = hash_of(name, length), low = 0, high = named, below = 0, above = UINT32_MAX;
  while (low < high) { /* rows before low have less, at most `below`; rows from high on have no less, at least `above` */
    uint32_t guess = low + (uint32_t)((uint64_t)(hash - below) * (high - low) / ((uint64_t)above - below + 1u));
    struct row row = row_of(guess);
    if (row.name_hash == hash && names(&row, name, length)) return guess;
    if (row.name_hash < hash) {
      low = guess + 1;
      below = row.name_hash;
    } else {
      high = guess;
      above = row.name_hash;
    }
  }
  for (; low < named; low++) {
    struct row row = row_of(low);
    if (row.name_hash != hash) break;
    if (names(&row, name, length)) return low;
  }
  return count;
}

static bool note_present(JSContext *ctx, JSAtom name) {
  if (present_count == present_room) {
    JSAtom *more = js_realloc(ctx, present, (present_room + 16) * sizeof *present);
    if (more == NULL) return false;
    present = more;
    present_room += 16;
  }
  present[present_count++] = JS_DupAtom(ctx, name);
  return true;
}

JSValue pages_bring(JSContext *ctx, JSAtom name) {
  if (named == 0) return JS_UNDEFINED;
  const char *text = JS_AtomToCString(ctx, name);
  if (text == NULL) return JS_EXCEPTION;
  uint32_t index = search(text, strlen(text));
  JS_FreeCString(ctx, text);
  if (index == count) return JS_UNDEFINED;
  pages_relieve_crowded(ctx);
  JSValue script = take(ctx, index);
  if (JS_IsException(script)) return script;
  JSValue value = JS_EvalFunction(ctx, script);
  if (JS_IsException(value)) return value;
  JSValue global = JS_GetGlobalObject(ctx);
  int defined = JS_DefinePropertyValue(ctx, global, name, JS_DupValue(ctx, value),
                                       JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
  JS_FreeValue(ctx, global);
  if (defined >= 0 && note_present(ctx, name)) return value;
  JS_FreeValue(ctx, value);
  return JS_EXCEPTION;
}

void pages_relieve_crowded(JSContext *ctx) {
  if (heap_used() <= crowded) return;
  JS_RunGC(JS_GetRuntime(ctx));
  pages_relieve(ctx, ROOMY_BYTES);
  crowded = heap_used() + WORK_BYTES > CROWDED_BYTES ? heap_used() + WORK_BYTES : CROWDED_BYTES;
}

void pages_relieve(JSContext *ctx, size_t in_use_most) {
  JSValue global = JS_GetGlobalObject(ctx);
  uint32_t gone = 0;
  for (; gone < present_count && heap_used() > in_use_most; gone++) {
    JS_DeleteProperty(ctx, global, present[gone], 0);
    JS_FreeAtom(ctx, present[gone]);
  }
  JS_FreeValue(ctx, global);
  present_count -= gone;
  memmove(present, present + gone, present_count * sizeof *present);
}

void pages_make_room(JSContext *ctx, size_t bytes) {
  if (heap_used() + bytes > FULL_BYTES) pages_relieve(ctx, ROOMY_BYTES);
  if (heap_has(bytes)) return;
  JS_RunGC(JS_GetRuntime(ctx));
  while (present_count > 0 && !heap_has(bytes)) pages_relieve(ctx, heap_used() > bytes ? heap_used() - bytes : 0);
}
