/* What the runtime finds on the host in place of network, radio and pins. */
#include "port/js.h"
#include "port/net.h"

void net_start(const uint8_t mac[6]) { (void)mac; }
bool net_poll(void) { return false; }

#define NOTHING(name)                                                                    \
  static void name##_install(JSContext *ctx, JSValueConst native) {                      \
    JS_SetPropertyStr(ctx, native, #name, JS_NewObject(ctx));                            \
  }                                                                                      \
  const struct facet name##_facet = {name##_install, NULL};

NOTHING(radio)
NOTHING(tcp)
NOTHING(udp)
NOTHING(pins)
NOTHING(io)

/* A board that cannot sleep has no such object. */
static void no_sleep(JSContext *ctx, JSValueConst native) { (void)ctx, (void)native; }
const struct facet sleep_facet = {no_sleep, NULL};
