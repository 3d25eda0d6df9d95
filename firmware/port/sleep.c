/*
 * native.sleep: rests until time, a pin or the button ends it, then starts the chip again. A few bytes stay in memory that a restart does not
 * clear (sections.ld). How deep the rest is, the chip knows.
 */
#ifdef BOARD_SLEEP
#include <string.h>
#include "chips/chip.h"
#include "main/handoff.h"
#include "main/report.h"
#include "port/crc32.h"
#include "port/pins.h"

#define MAGIC 0x50454c53u
#define KEPT_BYTES 256u
#define NEVER_MS 1e15

enum wake { WAKE_START, WAKE_TIMER, WAKE_PIN, WAKE_BUTTON };
static const char *const names[] = {"start", "timer", "pin", "button"};

/* Right for one start only: the one that ends the sleep. */
static struct {
  uint32_t magic, woken_by, length, check;
  uint8_t bytes[KEPT_BYTES];
} retained __attribute__((section(".retained")));

static enum wake woken_by;

static uint32_t check(void) {
  uint32_t head[] = {retained.magic, retained.woken_by, retained.length};
  return crc32_more(crc32_more(0, head, sizeof head), retained.bytes, KEPT_BYTES);
}

#ifdef BOARD_BUTTON
static bool is_button_down(void) { return chip_pin_read(BOARD_BUTTON) != 0; }
#else
static bool is_button_down(void) { return false; }
#endif

static enum wake rest(double for_ms, int pin) {
  uint64_t from_ms = chip_milliseconds();
  int before = pin >= 0 ? chip_pin_read((unsigned)pin) : 0;
  for (;;) {
    chip_watchdog_feed();
    if (is_button_down()) return WAKE_BUTTON;
    if (pin >= 0 && chip_pin_read((unsigned)pin) != before) return WAKE_PIN;
    if (for_ms < NEVER_MS && (double)(chip_milliseconds() - from_ms) >= for_ms) return WAKE_TIMER;
    chip_rest();
  }
}

/* enter(milliseconds, pin, kept); returns only while the button is held, whose release the runtime is to see */
JS_FUNCTION(enter) {
  (void)self, (void)argc;
  double for_ms;
  char name[24];
  size_t length;
  if (JS_ToFloat64(ctx, &for_ms, argv[0]) || !js_text(ctx, argv[1], name, sizeof name)) return JS_EXCEPTION;
  const uint8_t *bytes = js_bytes(ctx, argv[2], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  int pin = name[0] == 0 ? -1 : pins_input(ctx, argv[1]);
  if (name[0] != 0 && pin < 0) return JS_ThrowRangeError(ctx, "no such input pin");
  if (length > KEPT_BYTES) return JS_ThrowRangeError(ctx, "want at most %u bytes", KEPT_BYTES);
  if (is_button_down()) return JS_UNDEFINED;
  memset(retained.bytes, 0, KEPT_BYTES);
  memcpy(retained.bytes, bytes, length);
  retained.magic = MAGIC;
  retained.length = (uint32_t)length;
  retained.woken_by = rest(for_ms, pin);
  retained.check = check();
  restart_with(RESET_REQUESTED);
}

JS_FUNCTION(kept) {
  (void)self, (void)argc, (void)argv;
  return js_new_bytes(ctx, retained.bytes, woken_by == WAKE_START ? 0 : retained.length);
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("enter", 3, enter), JS_CFUNC_DEF("kept", 0, kept)};
  bool is_ours = retained.magic == MAGIC && retained.length <= KEPT_BYTES && retained.woken_by <= WAKE_BUTTON &&
                 retained.check == check();
  woken_by = is_ours ? (enum wake)retained.woken_by : WAKE_START;
  retained.magic = 0;
  JSValue facet = js_facet(ctx, native, "sleep", entries, 2);
  js_set_text(ctx, facet, "wokenBy", names[woken_by]);
}

const struct facet sleep_facet = {install, NULL};
#endif
