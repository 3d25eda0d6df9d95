/* native.secret: bytes that the chip derives from a key in its fuses, for what is sealed in flash (src/device/sealed-key.ts). */
#ifdef BOARD_CHIP_SECRET
#include "chips/chip.h"
#include "port/js.h"
#include "port/sodium.h"

/* Undefined where the fuses hold no such key. */
JS_FUNCTION(secret) {
  (void)self, (void)argc, (void)argv;
  uint8_t bytes[CHIP_SECRET_BYTES];
  if (!chip_secret("latchkey 1 device key", bytes)) return JS_UNDEFINED;
  JSValue array = js_new_bytes(ctx, bytes, sizeof bytes);
  sodium_memzero(bytes, sizeof bytes);
  return array;
}

static void install(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "secret", JS_NewCFunction(ctx, secret, "secret", 0));
}

const struct facet secret_facet = {install, NULL};
#endif
