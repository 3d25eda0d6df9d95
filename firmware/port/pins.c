/* native.pins: the board's named pins (from board.json), and the button with how long it was held. */
#include <string.h>
#include "chips/chip.h"
#include "port/js.h"

/* From board.json, in its order; outputs and inputs count separately. The button, when there is one, is input 0. */
static const char *const outputs[] = {BOARD_OUTPUTS NULL};
static const char *const inputs[] = {BOARD_INPUTS NULL};
static bool held;
static uint64_t held_since_ms;

static int find(JSContext *ctx, const char *const *names, JSValueConst value) {
  char name[24];
  if (!js_text(ctx, value, name, sizeof name)) return -1;
  for (int i = 0; names[i]; i++)
    if (strcmp(names[i], name) == 0) return i;
  return -2;
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  int32_t value;
  int pin = find(ctx, outputs, argv[0]);
  if (pin == -1 || JS_ToInt32(ctx, &value, argv[1])) return JS_EXCEPTION;
  if (pin < 0) return JS_ThrowRangeError(ctx, "no such output pin");
  chip_pin_write((unsigned)pin, value != 0);
  return JS_UNDEFINED;
}

JS_FUNCTION(read) {
  (void)self, (void)argc;
  int pin = find(ctx, inputs, argv[0]);
  if (pin == -1) return JS_EXCEPTION;
  if (pin < 0) {
    pin = find(ctx, outputs, argv[0]);
    if (pin < 0) return JS_ThrowRangeError(ctx, "no such pin");
    return JS_NewInt32(ctx, chip_pin_state((unsigned)pin));
  }
  return JS_NewInt32(ctx, chip_pin_read((unsigned)pin));
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("write", 2, write), JS_CFUNC_DEF("read", 1, read)};
  js_facet(ctx, native, "pins", entries, 2);
}

/* Input 0 is the button. The event comes when it is let go. */
static bool deliver(JSContext *ctx) {
  bool down = chip_pin_read(0) != 0;
  if (down == held) return false;
  held = down;
  if (down) {
    held_since_ms = chip_milliseconds();
    return false;
  }
  JSValue event = js_event(ctx, "button");
  js_set_int(ctx, event, "heldMs", (int64_t)(chip_milliseconds() - held_since_ms));
  js_send(ctx, event);
  return true;
}

const struct facet pins_facet = {install, deliver};
