/*
 * native.sleep: rests until time, a pin or the button ends it, then starts the chip again. A few bytes stay in memory that a restart does not
 * clear (retained.h). How deep the rest is, the chip knows.
 */
#ifdef BOARD_SLEEP
#include "chips/chip.h"
#include "main/report.h"
#include "port/js.h"
#include "port/pins.h"
#include "port/retained.h"

#define NEVER_MS 1e15

static const char *const names[] = {"start", "timer", "pin", "button"};

#ifdef BOARD_BUTTON
static bool is_button_down(void) { return chip_pin_read(BOARD_BUTTON) != 0; }
#else
static bool is_button_down(void) { return false; }
#endif

#ifdef CHIP_DEEP_SLEEP
/* The reset that ends it finds everything written down. */
static void rest_once(double left_ms, int pin, int before) {
  retained_wake(WAKE_BY_RESET);
  report_keep_reason(RESET_REQUESTED);
  chip_deep_sleep(left_ms < NEVER_MS ? (uint64_t)left_ms + 1 : 0, pin, before);
}
#else
static void rest_once(double left_ms, int pin, int before) {
  (void)left_ms, (void)pin, (void)before;
  chip_rest();
}
#endif

static enum wake rest(double for_ms, int pin) {
  uint64_t from_ms = chip_milliseconds();
  int before = pin >= 0 ? chip_pin_read((unsigned)pin) : 0;
  for (;;) {
    chip_watchdog_feed();
    if (is_button_down()) return WAKE_BUTTON;
    if (pin >= 0 && chip_pin_read((unsigned)pin) != before) return WAKE_PIN;
    double left_ms = for_ms < NEVER_MS ? for_ms - (double)(chip_milliseconds() - from_ms) : for_ms;
    if (left_ms <= 0) return WAKE_TIMER;
    rest_once(left_ms, pin, before);
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
  if (length > RETAINED_BYTES) return JS_ThrowRangeError(ctx, "want at most %u bytes", RETAINED_BYTES);
  if (is_button_down()) return JS_UNDEFINED;
  retained_keep(bytes, length);
  retained_wake(rest(for_ms, pin));
  restart_with(RESET_REQUESTED);
}

JS_FUNCTION(kept) {
  (void)self, (void)argc, (void)argv;
  size_t length;
  const uint8_t *bytes = retained_bytes(&length);
  return js_new_bytes(ctx, bytes, length);
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("enter", 3, enter), JS_CFUNC_DEF("kept", 0, kept)};
  enum wake woken_by = retained_take();
  JSValue facet = js_facet(ctx, native, "sleep", entries, 2);
  js_set_text(ctx, facet, "wokenBy", names[woken_by]);
}

const struct facet sleep_facet = {install, NULL};
#endif
