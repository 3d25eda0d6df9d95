/* native.pins: the pins that board.json names, and the button with how long it was held. */
#include <string.h>
#include "chips/chip.h"
#include "port/pins.h"

struct input {
  const char *name;
  unsigned number; /* by which the chip knows it */
};

/* Outputs in the order of board.json, inputs by their numbers there. */
static const char *const outputs[] = {BOARD_OUTPUTS NULL};
static const struct input inputs[] = {BOARD_INPUTS{NULL, 0}};

enum { UNREADABLE = -1, UNKNOWN = -2 };

static int find_output(JSContext *ctx, JSValueConst value) {
  char name[24];
  if (!js_text(ctx, value, name, sizeof name)) return UNREADABLE;
  for (int i = 0; outputs[i]; i++)
    if (strcmp(outputs[i], name) == 0) return i;
  return UNKNOWN;
}

int pins_input(JSContext *ctx, JSValueConst value) {
  char name[24];
  if (!js_text(ctx, value, name, sizeof name)) return UNREADABLE;
  for (int i = 0; inputs[i].name; i++)
    if (strcmp(inputs[i].name, name) == 0) return (int)inputs[i].number;
  return UNKNOWN;
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  int32_t value;
  int pin = find_output(ctx, argv[0]);
  if (pin == UNREADABLE || JS_ToInt32(ctx, &value, argv[1])) return JS_EXCEPTION;
  if (pin < 0) return JS_ThrowRangeError(ctx, "no such output pin");
  chip_pin_write((unsigned)pin, value != 0);
  return JS_UNDEFINED;
}

JS_FUNCTION(read) {
  (void)self, (void)argc;
  int pin = pins_input(ctx, argv[0]);
  if (pin == UNREADABLE) return JS_EXCEPTION;
  if (pin < 0) {
    pin = find_output(ctx, argv[0]);
    if (pin < 0) return JS_ThrowRangeError(ctx, "no such pin");
    return JS_NewInt32(ctx, chip_pin_state((unsigned)pin));
  }
  return JS_NewInt32(ctx, chip_pin_read((unsigned)pin));
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("write", 2, write), JS_CFUNC_DEF("read", 1, read)};
  js_facet(ctx, native, "pins", entries, 2);
}

#ifdef BOARD_BUTTON
/* The event is sent when the button is released. */
static bool deliver(JSContext *ctx) {
  static bool held;
  static uint64_t held_since_ms;
  bool down = chip_pin_read(BOARD_BUTTON) != 0;
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
#else
const struct facet pins_facet = {install, NULL};
#endif
