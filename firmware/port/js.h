/* Between the engine and the facets: byte strings both ways, events, and what each facet file offers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "quickjs.h"

/* The bytes of a Uint8Array, valid while the array lives; NULL with a pending TypeError when it isn't one. */
const uint8_t *js_bytes(JSContext *ctx, JSValueConst array, size_t *length);
/* The same, but exactly so many: RangeError otherwise. */
const uint8_t *js_bytes_exactly(JSContext *ctx, JSValueConst array, size_t length);
/* A new Uint8Array holding a copy. */
JSValue js_new_bytes(JSContext *ctx, const void *bytes, size_t length);
/* A new Uint8Array of so many bytes, zero, to be filled through `*bytes`. */
JSValue js_new_room(JSContext *ctx, size_t length, uint8_t **bytes);
/* Copies text of at most room - 1 bytes; false with a pending exception when it is longer or no text. */
bool js_text(JSContext *ctx, JSValueConst value, char *out, size_t room);

/*
 * The same, for what may come from outside the unit: an address, a name, a port. What is not usable gives false and no exception,
 * since an exception of a native function ends the run.
 */
bool js_outer_text(JSContext *ctx, JSValueConst value, char *out, size_t room);
bool js_outer_port(JSContext *ctx, JSValueConst value, uint32_t *port);

/* An event to be: a plain object with its kind. Properties are set on it, then it is sent. */
JSValue js_event(JSContext *ctx, const char *kind);
void js_set_int(JSContext *ctx, JSValueConst object, const char *name, int64_t value);
void js_set_text(JSContext *ctx, JSValueConst object, const char *name, const char *value);
void js_set_bytes(JSContext *ctx, JSValueConst object, const char *name, const void *bytes, size_t length);
/* Calls the receiver with the event and frees it. An exception ends the run. */
void js_send(JSContext *ctx, JSValue event);

#define JS_FUNCTION(name) static JSValue name(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
/* Adds an object of functions under a name. */
JSValue js_facet(JSContext *ctx, JSValueConst native, const char *name, const JSCFunctionListEntry *entries, int count);

/* A facet: what it adds to `native`, what it does between events, and whether it had an event to send. */
struct facet {
  void (*install)(JSContext *ctx, JSValueConst native);
  bool (*deliver)(JSContext *ctx);
};
/* Whether JavaScript asked to go on at once (wakeAt 0): it is in the middle of an update. */
bool clock_has_work(void);
/* When the timer is due, in microseconds since the start; UINT64_MAX when nobody asked for it. */
uint64_t clock_wake_us(void);
extern const struct facet clock_facet, crypto_facet, flash_facet, radio_facet, tcp_facet, udp_facet, pins_facet, io_facet,
    console_facet, system_facet, sleep_facet, guard_facet, secret_facet;
