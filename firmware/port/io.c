/*
 * native.io: the hardware that apps open by name (src/base/board-io.ts). A board has only the functions that its hardware
 * needs: the IO classes call no others.
 */
#include <string.h>
#include "chips/chip.h"
#include "port/i2c.h"
#include "port/js.h"

enum kind { IO_OUTPUT, IO_INPUT, IO_ANALOG, IO_PWM, IO_I2C, IO_SPI };

struct resource {
  const char *name;
  uint8_t kind, number, bits;
};

/* In the order of src/base/board-io.ts, which layout.ts writes down. */
static const struct resource resources[] = {BOARD_IO};
#define RESOURCES ((int32_t)(sizeof resources / sizeof *resources))
#define ROOM 40 /* of a name */

/* The resource that an argument numbers; NULL with a pending exception. */
static const struct resource *resource_of(JSContext *ctx, JSValueConst argument, int32_t *number) {
  if (JS_ToInt32(ctx, number, argument)) return NULL;
  if (*number >= 0 && *number < RESOURCES) return &resources[*number];
  JS_ThrowRangeError(ctx, "no such resource");
  return NULL;
}

static int32_t value_of(const struct resource *resource) {
  switch (resource->kind) {
    case IO_OUTPUT: return chip_pin_state(resource->number);
    case IO_INPUT: return chip_pin_read(resource->number);
#ifdef BOARD_ANALOG
    case IO_ANALOG: return (int32_t)chip_analog_read(resource->number);
#endif
    default: return 0;
  }
}

JS_FUNCTION(find) {
  (void)self, (void)argc;
  char name[ROOM];
  if (!js_text(ctx, argv[0], name, sizeof name)) return JS_EXCEPTION;
  int32_t i = RESOURCES - 1;
  while (i >= 0 && strcmp(resources[i].name, name) != 0) i--;
  return JS_NewInt32(ctx, i);
}

JS_FUNCTION(get) {
  (void)self, (void)argc;
  int32_t number;
  const struct resource *resource = resource_of(ctx, argv[0], &number);
  return resource == NULL ? JS_EXCEPTION : JS_NewInt32(ctx, value_of(resource));
}

JS_FUNCTION(set) {
  (void)self, (void)argc;
  int32_t number, value;
  const struct resource *resource = resource_of(ctx, argv[0], &number);
  if (resource == NULL || JS_ToInt32(ctx, &value, argv[1])) return JS_EXCEPTION;
  if (resource->kind == IO_OUTPUT) chip_pin_write(resource->number, value != 0);
#ifdef BOARD_PWM
  if (resource->kind == IO_PWM) chip_pwm_write(resource->number, (unsigned)value);
#endif
  return JS_UNDEFINED;
}

/* Watched resources, a bit each, and the values that were told of last. */
static uint32_t watched;
static int32_t told[RESOURCES];
_Static_assert(RESOURCES <= 32, "a bit for each resource");

JS_FUNCTION(watch) {
  (void)self, (void)argc;
  int32_t number;
  const struct resource *resource = resource_of(ctx, argv[0], &number);
  if (resource == NULL) return JS_EXCEPTION;
  told[number] = value_of(resource);
  watched = JS_ToBool(ctx, argv[1]) ? watched | 1u << number : watched & ~(1u << number);
  return JS_UNDEFINED;
}

static bool deliver(JSContext *ctx) {
  for (int32_t i = 0; watched >> i != 0; i++) {
    int32_t value;
    if (((watched >> i) & 1u) == 0 || (value = value_of(&resources[i])) == told[i]) continue;
    told[i] = value;
    JSValue event = js_event(ctx, "io");
    js_set_int(ctx, event, "resource", i);
    js_set_int(ctx, event, "value", value);
    js_send(ctx, event);
    return true;
  }
  return false;
}

#if defined BOARD_ANALOG || defined BOARD_PWM
#define WITH_BITS 1
JS_FUNCTION(bits) {
  (void)self, (void)argc;
  int32_t number;
  const struct resource *resource = resource_of(ctx, argv[0], &number);
  return resource == NULL ? JS_EXCEPTION : JS_NewInt32(ctx, resource->bits);
}
#else
#define WITH_BITS 0
#endif

#if defined BOARD_I2C || defined BOARD_PWM || defined BOARD_SPI
#define WITH_CONFIGURE 1
JS_FUNCTION(configure) {
  (void)self, (void)argc;
  int32_t number, hz;
  const struct resource *resource = resource_of(ctx, argv[0], &number);
  if (resource == NULL || JS_ToInt32(ctx, &hz, argv[1])) return JS_EXCEPTION;
#ifdef BOARD_I2C
  if (resource->kind == IO_I2C) hz = (int32_t)i2c_clock((uint32_t)hz);
#endif
#ifdef BOARD_SPI
  int32_t mode;
  if (JS_ToInt32(ctx, &mode, argv[2])) return JS_EXCEPTION;
  if (resource->kind == IO_SPI) hz = (int32_t)chip_spi_clock(resource->number, (uint32_t)hz, (unsigned)mode);
#endif
#ifdef BOARD_PWM
  if (resource->kind == IO_PWM) hz = (int32_t)chip_pwm_clock(resource->number, (uint32_t)hz);
#endif
  return JS_NewInt32(ctx, hz);
}
#else
#define WITH_CONFIGURE 0
#endif

#if defined BOARD_I2C || defined BOARD_SPI
#define BYTES_MAX 4096 /* of one transfer; the classes allow no more (src/app/io) */

/* Zeros out where there is nothing to write. What comes in is dropped where there is no room for it. */
static bool exchange(const struct resource *resource, const uint8_t *out, uint8_t *in, size_t length) {
#ifdef BOARD_SPI
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = chip_spi_exchange(resource->number, out == NULL ? 0 : out[i]);
    if (in != NULL) in[i] = byte;
  }
#endif
  return true;
}

JS_FUNCTION(read) {
  (void)self, (void)argc;
  int32_t number;
  uint32_t address, length;
  uint8_t *bytes;
  const struct resource *resource = resource_of(ctx, argv[0], &number);
  if (resource == NULL || JS_ToUint32(ctx, &address, argv[1]) || JS_ToUint32(ctx, &length, argv[2]))
    return JS_EXCEPTION;
  if (length > BYTES_MAX) return JS_ThrowRangeError(ctx, "want at most %d bytes", BYTES_MAX);
  JSValue array = js_new_room(ctx, length, &bytes);
  if (JS_IsException(array)) return array;
  bool held = resource->kind == IO_I2C ? i2c_read(resource->number, address, bytes, length, JS_ToBool(ctx, argv[3]))
                                       : exchange(resource, NULL, bytes, length);
  if (held) return array;
  JS_FreeValue(ctx, array);
  return JS_UNDEFINED;
}

JS_FUNCTION(write) {
  (void)self, (void)argc;
  int32_t number;
  uint32_t address;
  size_t length;
  const uint8_t *bytes = js_bytes(ctx, argv[2], &length);
  const struct resource *resource = bytes == NULL ? NULL : resource_of(ctx, argv[0], &number);
  if (resource == NULL || JS_ToUint32(ctx, &address, argv[1])) return JS_EXCEPTION;
  bool held = resource->kind == IO_I2C ? i2c_write(resource->number, address, bytes, length, JS_ToBool(ctx, argv[3]))
                                       : exchange(resource, bytes, NULL, length);
  return JS_NewBool(ctx, held);
}
#endif

#ifdef BOARD_SPI
JS_FUNCTION(transfer) {
  (void)self, (void)argc;
  int32_t number;
  size_t length;
  uint8_t *in;
  const uint8_t *out = js_bytes(ctx, argv[1], &length);
  const struct resource *resource = out == NULL ? NULL : resource_of(ctx, argv[0], &number);
  if (resource == NULL) return JS_EXCEPTION;
  JSValue array = js_new_room(ctx, length, &in);
  if (JS_IsException(array)) return array;
  exchange(resource, out, in, length);
  return array;
}
#endif

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {
    JS_CFUNC_DEF("find", 1, find), JS_CFUNC_DEF("get", 1, get), JS_CFUNC_DEF("set", 2, set),
    JS_CFUNC_DEF("watch", 2, watch),
#if WITH_BITS
    JS_CFUNC_DEF("bits", 1, bits),
#endif
#if WITH_CONFIGURE
    JS_CFUNC_DEF("configure", 3, configure),
#endif
#if defined BOARD_I2C || defined BOARD_SPI
    JS_CFUNC_DEF("read", 4, read), JS_CFUNC_DEF("write", 4, write),
#endif
#ifdef BOARD_SPI
    JS_CFUNC_DEF("transfer", 2, transfer),
#endif
  };
  js_facet(ctx, native, "io", entries, (int)(sizeof entries / sizeof *entries));
}

const struct facet io_facet = {install, deliver};
