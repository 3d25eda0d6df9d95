/* native.radio: the co-processor on the second serial line (PROTOCOL 9.1), and the network that a join brings up. */
#include <string.h>
#include "chips/chip.h"
#include "port/frame.h"
#include "port/js.h"
#include "port/net.h"

#define ADDRESS_MS 15000u

enum { SCAN = 1, LISTEN, JOIN, LEAVE, ACCESS_POINT, COUNTRY, FRAME = 0x81, SCANNED, JOINED, JOIN_FAILED, LEFT, SERVING };

static uint8_t payload[FRAME_PAYLOAD_MOST];
static enum { APART, ASKING, TOGETHER } network;
static bool serving; /* our own access point is open */
static uint64_t asked_ms;
static uint8_t joined[16]; /* ipv4, mac, bssid */

static void send(uint8_t type, const uint8_t *bytes, size_t length) { frame_send(CHIP_RADIO, type, bytes, length); }

static bool refused; /* a join that can't even be asked for, still to be told */

/* At most `most` bytes behind their length; gives the number written, 0 for more than that or with a pending exception. */
static size_t counted(JSContext *ctx, JSValueConst value, uint8_t *out, size_t most) {
  size_t length;
  const uint8_t *bytes = js_bytes(ctx, value, &length);
  if (bytes == NULL || length > most) return 0;
  out[0] = (uint8_t)length;
  memcpy(out + 1, bytes, length);
  return length + 1;
}

/* An exception for what is no byte string; what is too long comes from outside, and is no reason to end the run. */
static JSValue too_long(JSContext *ctx) { return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNDEFINED; }

JS_FUNCTION(country) {
  (void)self, (void)argc;
  size_t length;
  const uint8_t *code = js_bytes(ctx, argv[0], &length);
  if (code == NULL) return JS_EXCEPTION;
  if (length == 2) send(COUNTRY, code, length);
  return JS_UNDEFINED;
}

JS_FUNCTION(scan) {
  (void)ctx, (void)self, (void)argc, (void)argv;
  send(SCAN, NULL, 0);
  return JS_UNDEFINED;
}

JS_FUNCTION(listen) {
  (void)self, (void)argc;
  uint32_t channel;
  if (JS_ToUint32(ctx, &channel, argv[0])) return JS_EXCEPTION;
  send(LISTEN, (const uint8_t[]){(uint8_t)channel}, 1);
  return JS_UNDEFINED;
}

JS_FUNCTION(join) {
  (void)self, (void)argc;
  uint8_t out[2 + 32 + 64];
  size_t ssid = counted(ctx, argv[0], out, 32);
  size_t passphrase = ssid ? counted(ctx, argv[1], out + ssid, 64) : 0;
  if (!passphrase) {
    refused = !JS_HasException(ctx);
    return too_long(ctx);
  }
  send(JOIN, out, ssid + passphrase);
  return JS_UNDEFINED;
}

static void part(void) {
  if (network != APART && !serving) net_leave();
  network = APART;
}

JS_FUNCTION(leave) {
  (void)ctx, (void)self, (void)argc, (void)argv;
  send(LEAVE, NULL, 0);
  return JS_UNDEFINED;
}

JS_FUNCTION(access_point) {
  (void)self, (void)argc;
  uint8_t out[33];
  size_t length = counted(ctx, argv[0], out, 32);
  if (!length) return too_long(ctx);
  send(ACCESS_POINT, out, length);
  return JS_UNDEFINED;
}

static void install(JSContext *ctx, JSValueConst native) {
  static const JSCFunctionListEntry entries[] = {
      JS_CFUNC_DEF("country", 1, country), JS_CFUNC_DEF("scan", 0, scan),   JS_CFUNC_DEF("listen", 1, listen),
      JS_CFUNC_DEF("join", 2, join),       JS_CFUNC_DEF("leave", 0, leave), JS_CFUNC_DEF("accessPoint", 1, access_point)};
  js_facet(ctx, native, "radio", entries, 6);
}

static JSValue frame_event(JSContext *ctx) {
  const uint8_t *p = payload;
  JSValue event = js_event(ctx, "radio-frame");
  uint64_t us;
  memcpy(&us, p, 8);
  js_set_int(ctx, event, "us", (int64_t)us);
  js_set_int(ctx, event, "channel", p[8]);
  js_set_bytes(ctx, event, "bssid", p + 14, 6);
  js_set_bytes(ctx, event, "sa", p + 20, 6);
  js_set_bytes(ctx, event, "da", p + 26, 6);
  js_set_int(ctx, event, "seq", p[10] | p[11] << 8);
  js_set_int(ctx, event, "bodyBytes", p[12] | p[13] << 8);
  JS_SetPropertyStr(ctx, event, "retry", JS_NewBool(ctx, p[9] & 1));
  js_set_text(ctx, event, "ds", p[9] & 2 ? "to" : "from");
  if (p[9] & 4) js_set_int(ctx, event, "tid", p[9] >> 4);
  return event;
}

static JSValue scan_event(JSContext *ctx, uint32_t length) {
  static const char *const ciphers[] = {"open", "wep", "ccmp", "tkip", "mixed", "gcmp"};
  JSValue event = js_event(ctx, "radio-scan"), list = JS_NewArray(ctx);
  const uint8_t *p = payload + 1, *end = payload + length;
  for (uint32_t i = 0; i < payload[0] && p < end && p + 10 + p[0] <= end; i++, p += 10 + p[0]) {
    const uint8_t *rest = p + 1 + p[0];
    JSValue one = JS_NewObject(ctx);
    js_set_bytes(ctx, one, "ssid", p + 1, p[0]);
    js_set_bytes(ctx, one, "bssid", rest, 6);
    js_set_int(ctx, one, "channel", rest[6]);
    js_set_int(ctx, one, "rssiDbm", (int8_t)rest[7]);
    js_set_text(ctx, one, "cipher", ciphers[rest[8] < 6 ? rest[8] : 2]);
    JS_SetPropertyUint32(ctx, list, i, one);
  }
  JS_SetPropertyStr(ctx, event, "accessPoints", list);
  return event;
}

static JSValue failed_event(JSContext *ctx, uint8_t reason) {
  static const char *const reasons[] = {"no-network", "refused", "no-address"};
  JSValue event = js_event(ctx, "radio-join-failed");
  js_set_text(ctx, event, "reason", reasons[reason >= 1 && reason <= 3 ? reason - 1 : 2]);
  return event;
}

static JSValue ipv4_event(JSContext *ctx, const char *kind, const uint8_t *address);

/* The unit's own access point opened at an address, or closed. */
static JSValue serving_event(JSContext *ctx, uint32_t length) {
  bool open = length == 4;
  if (open && !serving && network == APART) net_join(payload);
  if (!open && serving && network == APART) net_leave();
  serving = open;
  return ipv4_event(ctx, "radio-access-point", open ? payload : NULL);
}

static void put_number(char **at, unsigned number) {
  if (number >= 100) *(*at)++ = (char)('0' + number / 100);
  if (number >= 10) *(*at)++ = (char)('0' + number / 10 % 10);
  *(*at)++ = (char)('0' + number % 10);
}

static JSValue ipv4_event(JSContext *ctx, const char *kind, const uint8_t *address) {
  char ipv4[16], *at = ipv4;
  for (int i = 0; address && i < 4; i++) {
    if (i) *at++ = '.';
    put_number(&at, address[i]);
  }
  *at = 0;
  JSValue event = js_event(ctx, kind);
  js_set_text(ctx, event, "ipv4", ipv4);
  return event;
}

/* The address that the co-processor's network knows the unit by; our own below it may be another (QEMU's is). */
static JSValue joined_event(JSContext *ctx) {
  JSValue event = ipv4_event(ctx, "radio-joined", joined);
  js_set_bytes(ctx, event, "mac", joined + 4, 6);
  js_set_bytes(ctx, event, "bssid", joined + 10, 6);
  JSValue servers = JS_NewArray(ctx);
  const char *server;
  for (unsigned i = 0; (server = net_time_server(i)) != NULL; i++)
    JS_SetPropertyUint32(ctx, servers, i, JS_NewString(ctx, server));
  JS_SetPropertyStr(ctx, event, "timeServers", servers);
  return event;
}

static bool deliver(JSContext *ctx) {
  JSValue event;
  uint32_t length;
  if (refused) {
    refused = false;
    event = failed_event(ctx, 2);
  } else if (network == ASKING && net_ready()) {
    network = TOGETHER;
    event = joined_event(ctx);
  } else if (network == ASKING && chip_milliseconds() - asked_ms > ADDRESS_MS) {
    part();
    send(LEAVE, NULL, 0);
    event = failed_event(ctx, 3);
  } else {
    switch (frame_receive(CHIP_RADIO, payload, &length)) {
      case FRAME:
        if (length != 32) return false;
        event = frame_event(ctx);
        break;
      case SCANNED:
        if (length < 1) return false;
        event = scan_event(ctx, length);
        break;
      case JOINED:
        if (length < sizeof joined) return false; /* servers of the time may follow: our own lease tells of those */
        memcpy(joined, payload, sizeof joined);
        if (network == APART && !serving) net_join(joined);
        network = ASKING;
        asked_ms = chip_milliseconds();
        return false;
      case JOIN_FAILED:
        event = failed_event(ctx, length == 1 ? payload[0] : 0);
        break;
      case SERVING:
        if (length != 0 && length != 4) return false;
        event = serving_event(ctx, length);
        break;
      case LEFT:
        part();
        event = js_event(ctx, "radio-left");
        break;
      default:
        return false;
    }
  }
  js_send(ctx, event);
  return true;
}

const struct facet radio_facet = {install, deliver};
