/* native.flash: the whole flash as one address space. The bundle is trusted with all of it but the boot region. */
#include <string.h>
#include "chips/chip.h"
#include "port/js.h"

/* False for what isn't whole within the flash. */
static bool range(JSContext *ctx, JSValueConst start, uint32_t *address, size_t length) {
  double at;
  if (JS_ToFloat64(ctx, &at, start) || !(at >= 0 && at <= chip_flash_bytes)) return false;
  *address = (uint32_t)at;
  return length <= chip_flash_bytes - *address;
}

/* What lies outside reads as erased. */
JS_FUNCTION(read) {
  (void)self, (void)argc;
  uint32_t address, length;
  uint8_t *room = NULL;
  if (JS_ToUint32(ctx, &length, argv[1])) return JS_EXCEPTION;
  JSValue array = js_new_room(ctx, length, &room);
  if (JS_IsException(array)) return array;
  if (range(ctx, argv[0], &address, length)) chip_flash_read(address, room, length);
  else memset(room, 0xff, length);
  return array;
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  size_t length;
  uint32_t address;
  const uint8_t *bytes = js_bytes(ctx, argv[1], &length);
  if (bytes == NULL) return JS_EXCEPTION;
  return JS_NewBool(ctx, range(ctx, argv[0], &address, length) && chip_flash_write(address, bytes, (uint32_t)length));
}

JS_FUNCTION(erase_sector) {
  (void)self, (void)argc;
  uint32_t address;
  return JS_NewBool(ctx, range(ctx, argv[0], &address, chip_flash_sector_bytes) &&
                             address % chip_flash_sector_bytes == 0 && chip_flash_erase(address));
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {JS_CFUNC_DEF("read", 2, read), JS_CFUNC_DEF("write", 2, write),
                                                 JS_CFUNC_DEF("eraseSector", 1, erase_sector)};
  JSValue facet = js_facet(ctx, native, "flash", entries, 3);
  js_set_int(ctx, facet, "sectorBytes", chip_flash_sector_bytes);
  js_set_int(ctx, facet, "writeBytes", FLASH_WRITE_BYTES);
  js_set_int(ctx, facet, "byteLength", chip_flash_bytes);
}

const struct facet flash_facet = {install, NULL};
