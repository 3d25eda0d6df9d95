/* native.flash: the whole flash as one address space. The bundle is trusted with all of it but the boot region. */
#include "chips/chip.h"
#include "port/js.h"

static bool range(JSContext *ctx, JSValueConst start, uint32_t *address, size_t length) {
  int64_t at;
  if (JS_ToInt64(ctx, &at, start)) return false;
  if (at < 0 || at > chip_flash_bytes || length > chip_flash_bytes - (size_t)at) {
    JS_ThrowRangeError(ctx, "outside the flash");
    return false;
  }
  *address = (uint32_t)at;
  return true;
}

JS_FUNCTION(read) {
  (void)self, (void)argc;
  uint32_t address, length;
  if (JS_ToUint32(ctx, &length, argv[1]) || !range(ctx, argv[0], &address, length)) return JS_EXCEPTION;
  uint8_t *room = NULL;
  JSValue array = js_new_room(ctx, length, &room);
  if (!JS_IsException(array)) chip_flash_read(address, room, length);
  return array;
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  size_t length;
  uint32_t address;
  const uint8_t *bytes = js_bytes(ctx, argv[1], &length);
  if (bytes == NULL || !range(ctx, argv[0], &address, length)) return JS_EXCEPTION;
  return JS_NewBool(ctx, chip_flash_write(address, bytes, length));
}

JS_FUNCTION(erase_sector) {
  (void)self, (void)argc;
  uint32_t address;
  if (!range(ctx, argv[0], &address, chip_flash_sector_bytes)) return JS_EXCEPTION;
  if (address % chip_flash_sector_bytes != 0) return JS_ThrowRangeError(ctx, "not the start of a sector");
  return JS_NewBool(ctx, chip_flash_erase(address));
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("read", 2, read), JS_CFUNC_DEF("write", 2, write),
                                                 JS_CFUNC_DEF("eraseSector", 1, erase_sector)};
  JSValue facet = js_facet(ctx, native, "flash", entries, 3);
  js_set_int(ctx, facet, "sectorBytes", chip_flash_sector_bytes);
  js_set_int(ctx, facet, "writeBytes", 1);
  js_set_int(ctx, facet, "byteLength", chip_flash_bytes);
}

const struct facet flash_facet = {install, NULL};
