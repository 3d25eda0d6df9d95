/*
 * native.io: the hardware that apps open by name (src/base/board-io.ts). What board.json does not list has no code here; the IO classes
 * call nothing that their hardware lacks.
 */
#include <string.h>
#include "chips/chip.h"
#include "chips/serial.h"
#include "port/i2c.h"
#include "port/io.h"
#include "port/js.h"

/* In the order of src/base/board-io.ts, which layout.ts writes down. */
static const struct resource resources[] = {BOARD_IO};
#define RESOURCES ((int32_t)(sizeof resources / sizeof *resources))
#define ROOM 40 /* of a name */

/* The resource of a number; NULL with a pending exception. */
static const struct resource *resource_of(JSContext *ctx, int32_t number) {
  if (number >= 0 && number < RESOURCES) return &resources[number];
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
#ifdef BOARD_BANK
    case IO_BANK: return (int32_t)chip_bank_get(resource->number);
#endif
#ifdef BOARD_PULSE
    case IO_PULSE: return chip_pulse_get(resource->number);
#endif
#ifdef BOARD_SERIAL
    case IO_SERIAL: return (int32_t)serial_available(CHIP_APP);
#endif
    default: return 0;
  }
}

static void set_value(const struct resource *resource, int32_t value) {
  if (resource->kind == IO_OUTPUT) chip_pin_write(resource->number, value != 0);
#ifdef BOARD_BANK
  if (resource->kind == IO_BANK) chip_bank_set(resource->number, (uint32_t)value);
#endif
#ifdef BOARD_PULSE
  if (resource->kind == IO_PULSE) chip_pulse_set(resource->number, value);
#endif
#ifdef BOARD_PWM
  if (resource->kind == IO_PWM) chip_pwm_write(resource->number, (unsigned)value);
#endif
}

static int32_t configure(const struct resource *resource, uint32_t hz, unsigned mode) {
  switch (resource->kind) {
#ifdef BOARD_I2C
    case IO_I2C: return (int32_t)i2c_clock(hz);
#endif
#ifdef BOARD_SPI
    case IO_SPI: return (int32_t)chip_spi_clock(resource->number, hz, mode);
#endif
#ifdef BOARD_SERIAL
    case IO_SERIAL: return (int32_t)chip_serial_open(hz);
#endif
#ifdef BOARD_PWM
    case IO_PWM: return (int32_t)chip_pwm_clock(resource->number, hz);
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

/*
 * Watched resources, a bit each, and the values that were told of last. A read sets a serial line's to 0: by the next look as many bytes
 * may wait as before, and the app has to hear of them.
 */
static uint32_t watched;
static int32_t told[RESOURCES];
_Static_assert(RESOURCES <= 32, "a bit for each resource");

enum operation { GET, SET, WATCH, BITS, CONFIGURE };

/* All functions of numbers: the resource's, then up to two more. */
static JSValue operate(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int operation) {
  (void)self, (void)argc;
  int32_t number, value, mode;
  if (JS_ToInt32(ctx, &number, argv[0]) || JS_ToInt32(ctx, &value, argv[1]) || JS_ToInt32(ctx, &mode, argv[2]))
    return JS_EXCEPTION;
  const struct resource *resource = resource_of(ctx, number);
  if (resource == NULL) return JS_EXCEPTION;
  switch (operation) {
    case GET: return JS_NewInt32(ctx, value_of(resource));
    case BITS: return JS_NewInt32(ctx, resource->bits);
    case CONFIGURE: return JS_NewInt32(ctx, configure(resource, (uint32_t)value, (unsigned)mode));
    case SET: set_value(resource, value); return JS_UNDEFINED;
    default:
      told[number] = resource->kind == IO_SERIAL ? 0 : value_of(resource);
      watched = (watched & ~(1u << number)) | (value != 0 ? 1u << number : 0);
      return JS_UNDEFINED;
  }
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

#if defined BOARD_I2C || defined BOARD_SPI || defined BOARD_SERIAL
#define BYTES_MAX 4096 /* of one transfer; the classes allow no more (src/app/io) */

enum transfer { READ, WRITE, TRANSFER };

/* Zeros out where there is nothing to write. What comes in is dropped where there is no room for it. */
static bool exchange(const struct resource *resource, const uint8_t *out, uint8_t *in, size_t length) {
#ifdef CHIP_SPI_MESSAGES
  return chip_spi_message(resource->number, out, in, length);
#elif defined BOARD_SPI
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = chip_spi_exchange(resource->number, out == NULL ? 0 : out[i]);
    if (in != NULL) in[i] = byte;
  }
#endif
  return true;
}

#ifdef BOARD_SERIAL
/* Sends all of it, or takes what has come: the caller asks for no more. */
static bool converse(const uint8_t *out, uint8_t *in, size_t length) {
  if (out != NULL) {
    chip_serial_write(CHIP_APP, out, length);
    return true;
  }
  if (length > serial_available(CHIP_APP)) return false;
  for (size_t i = 0; i < length; i++) in[i] = serial_peek(CHIP_APP, i);
  serial_drop(CHIP_APP, length);
  return true;
}
#endif

/* read(resource, address, length, stop), write(resource, address, bytes, stop), transfer(resource, bytes) */
static JSValue transfer(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int kind) {
  (void)self, (void)argc;
  int32_t number;
  uint32_t address = 0, length = 0;
  size_t bytes = 0;
  const uint8_t *out = NULL;
  uint8_t *in = NULL;
  JSValue array = JS_UNDEFINED;
  if (JS_ToInt32(ctx, &number, argv[0])) return JS_EXCEPTION;
  if (kind != TRANSFER && JS_ToUint32(ctx, &address, argv[1])) return JS_EXCEPTION;
  if (kind == READ && JS_ToUint32(ctx, &length, argv[2])) return JS_EXCEPTION;
  if (kind != READ && (out = js_bytes(ctx, argv[kind == WRITE ? 2 : 1], &bytes)) == NULL) return JS_EXCEPTION;
  if (kind == READ) bytes = length;
  const struct resource *resource = resource_of(ctx, number);
  if (resource == NULL) return JS_EXCEPTION;
  if (bytes > BYTES_MAX) return JS_ThrowRangeError(ctx, "want at most %d bytes", BYTES_MAX);
  if (kind != WRITE && JS_IsException(array = js_new_room(ctx, bytes, &in))) return array;
  bool stop = JS_ToBool(ctx, argv[3]), held;
#ifdef BOARD_SERIAL
  if (resource->kind == IO_SERIAL) {
    held = converse(out, in, bytes);
    if (length > 0) told[number] = 0;
  } else
#endif
  if (resource->kind != IO_I2C) held = exchange(resource, out, in, bytes);
  else if (kind == READ) held = i2c_read(resource->number, address, in, bytes, stop);
  else held = i2c_write(resource->number, address, out, bytes, stop);
  if (kind == WRITE) return JS_NewBool(ctx, held);
  if (held) return array;
  JS_FreeValue(ctx, array);
  return JS_UNDEFINED;
}
#endif

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {
      JS_CFUNC_DEF("find", 1, find),
      JS_CFUNC_MAGIC_DEF("get", 3, operate, GET),
      JS_CFUNC_MAGIC_DEF("set", 3, operate, SET),
      JS_CFUNC_MAGIC_DEF("watch", 3, operate, WATCH),
      JS_CFUNC_MAGIC_DEF("bits", 3, operate, BITS),
      JS_CFUNC_MAGIC_DEF("configure", 3, operate, CONFIGURE),
#if defined BOARD_I2C || defined BOARD_SPI || defined BOARD_SERIAL
      JS_CFUNC_MAGIC_DEF("read", 4, transfer, READ),
      JS_CFUNC_MAGIC_DEF("write", 4, transfer, WRITE),
      JS_CFUNC_MAGIC_DEF("transfer", 4, transfer, TRANSFER),
#endif
  };
  js_facet(ctx, native, "io", entries, (int)(sizeof entries / sizeof *entries));
}

const struct facet io_facet = {install, deliver};
