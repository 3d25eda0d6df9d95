#include "port/js.h"
#include <string.h>
#include "main/engine.h"

const uint8_t *js_bytes(JSContext *ctx, JSValueConst array, size_t *length) {
  size_t offset, width, whole;
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, array, &offset, length, &width);
  if (JS_IsException(buffer)) return NULL;
  uint8_t *bytes = JS_GetArrayBuffer(ctx, &whole, buffer);
  JS_FreeValue(ctx, buffer);
  static const uint8_t none;
  if (bytes == NULL && *length == 0) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    return &none;
  }
  return bytes == NULL ? NULL : bytes + offset;
}

const uint8_t *js_bytes_exactly(JSContext *ctx, JSValueConst array, size_t length) {
  size_t actual;
  const uint8_t *bytes = js_bytes(ctx, array, &actual);
  if (bytes == NULL || actual == length) return bytes;
  JS_ThrowRangeError(ctx, "want %d bytes", (int)length);
  return NULL;
}

/* Frees `source`: a buffer or a length. The engine's constructor looks at three arguments, however many it is told of. */
static JSValue typed(JSContext *ctx, JSValue source) {
  JSValueConst arguments[3] = {source, JS_UNDEFINED, JS_UNDEFINED};
  if (JS_IsException(source)) return source;
  JSValue array = JS_NewTypedArray(ctx, 3, arguments, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(ctx, source);
  return array;
}

JSValue js_new_bytes(JSContext *ctx, const void *bytes, size_t length) {
  return typed(ctx, JS_NewArrayBufferCopy(ctx, bytes, length));
}

JSValue js_new_room(JSContext *ctx, size_t length, uint8_t **bytes) {
  JSValue array = typed(ctx, JS_NewInt64(ctx, (int64_t)length));
  if (!JS_IsException(array)) *bytes = (uint8_t *)js_bytes(ctx, array, &length);
  return array;
}

bool js_text(JSContext *ctx, JSValueConst value, char *out, size_t room) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, value);
  if (text == NULL) return false;
  bool fits = length < room && memchr(text, 0, length) == NULL;
  if (fits) memcpy(out, text, length + 1);
  else JS_ThrowRangeError(ctx, "text is too long");
  JS_FreeCString(ctx, text);
  return fits;
}

/* Forgets the pending exception. */
static bool unusable(JSContext *ctx) {
  JS_FreeValue(ctx, JS_GetException(ctx));
  return false;
}

bool js_outer_text(JSContext *ctx, JSValueConst value, char *out, size_t room) {
  return js_text(ctx, value, out, room) || unusable(ctx);
}

bool js_outer_port(JSContext *ctx, JSValueConst value, uint32_t *port) {
  double number;
  if (JS_ToFloat64(ctx, &number, value)) return unusable(ctx);
  if (!(number >= 1 && number <= 65535)) return false;
  *port = (uint32_t)number;
  return *port == number;
}

JSValue js_event(JSContext *ctx, const char *kind) {
  JSValue event = JS_NewObject(ctx);
  js_set_text(ctx, event, "kind", kind);
  return event;
}

void js_set_int(JSContext *ctx, JSValueConst object, const char *name, int64_t value) {
  JS_SetPropertyStr(ctx, object, name, JS_NewInt64(ctx, value));
}

void js_set_text(JSContext *ctx, JSValueConst object, const char *name, const char *value) {
  JS_SetPropertyStr(ctx, object, name, JS_NewString(ctx, value));
}

void js_set_bytes(JSContext *ctx, JSValueConst object, const char *name, const void *bytes, size_t length) {
  JS_SetPropertyStr(ctx, object, name, js_new_bytes(ctx, bytes, length));
}

void js_send(JSContext *ctx, JSValue event) { engine_event(ctx, event); }

JSValue js_facet(JSContext *ctx, JSValueConst native, const char *name, const JSCFunctionListEntry *entries,
                 int count) {
  JSValue facet = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, facet, entries, count);
  JS_SetPropertyStr(ctx, native, name, JS_DupValue(ctx, facet));
  JS_FreeValue(ctx, facet); /* `native` keeps it alive */
  return facet;
}
