/* native.console: the serial console, both ways. */
#include "chips/chip.h"
#include "chips/serial.h"
#include "port/js.h"

#define CHUNK_BYTES 512u

JS_FUNCTION(write) {
  (void)self, (void)argc;
  size_t length;
  const uint8_t *bytes = js_bytes(ctx, argv[0], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  chip_serial_write(CHIP_CONSOLE, bytes, length);
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("write", 1, write)};
  js_facet(ctx, native, "console", entries, 1);
}

static bool deliver(JSContext *ctx) {
  uint8_t bytes[CHUNK_BYTES];
  size_t length = serial_available(CHIP_CONSOLE);
  if (length == 0) return false;
  if (length > CHUNK_BYTES) length = CHUNK_BYTES;
  for (size_t i = 0; i < length; i++) bytes[i] = serial_peek(CHIP_CONSOLE, i);
  serial_drop(CHIP_CONSOLE, length);
  JSValue event = js_event(ctx, "console-data");
  js_set_bytes(ctx, event, "bytes", bytes, length);
  js_send(ctx, event);
  return true;
}

const struct facet console_facet = {install, deliver};
