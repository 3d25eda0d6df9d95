/* What JavaScript is told of a connection, and what it asks of one, whoever moves the bytes. */
#include "port/tcp-events.h"
#include "chips/chip.h"
#include "main/numbers.h"

#define WORK_MS 2000u /* longest that a server's data waits for an update's step */

bool tcp_must_wait(bool is_accepted) {
  static uint64_t heard_ms;
  uint64_t now_ms = chip_milliseconds();
  if (!is_accepted && clock_has_work() && now_ms - heard_ms < WORK_MS) return true;
  heard_ms = now_ms;
  return false;
}

JSValue tcp_event(JSContext *ctx, ptrdiff_t connection, const char *kind) {
  JSValue event = js_event(ctx, kind);
  js_set_int(ctx, event, "connection", connection);
  return event;
}

JSValue tcp_secure_data(JSContext *ctx, ptrdiff_t connection, struct tls *session, size_t length) {
  uint8_t *room = NULL;
  JSValue event = tcp_event(ctx, connection, "tcp-data"), array = js_new_room(ctx, length, &room);
  if (room) tls_read(session, room, length);
  JS_SetPropertyStr(ctx, event, "bytes", array);
  return event;
}

struct tls *tcp_secure(JSContext *ctx, JSValueConst wanted, void *connection, enum fault *fault, bool *understood) {
  char server_name[128];
  struct tls_wish wish = {.server_name = server_name};
  JSValue name = JS_GetPropertyStr(ctx, wanted, "serverName");
  JSValue certificate = JS_GetPropertyStr(ctx, wanted, "certificate");
  JSValue earliest = JS_GetPropertyStr(ctx, wanted, "earliestS"), latest = JS_GetPropertyStr(ctx, wanted, "latestS");
  bool usable = js_outer_text(ctx, name, server_name, sizeof server_name);
  *understood = (wish.certificate = js_bytes(ctx, certificate, &wish.certificate_bytes)) &&
                JS_ToFloat64(ctx, &wish.earliest_s, earliest) == 0 && JS_ToFloat64(ctx, &wish.latest_s, latest) == 0;
  struct tls *session = *understood && usable ? tls_begin(&wish, connection) : NULL;
  if (!session) *fault = usable ? tls_fault : FAULT_LINK_TLS_NAME;
  JS_FreeValue(ctx, name);
  JS_FreeValue(ctx, certificate);
  JS_FreeValue(ctx, earliest);
  JS_FreeValue(ctx, latest);
  return session;
}
