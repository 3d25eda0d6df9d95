/* Reports of the radio co-processor of any content, until they are events of JavaScript. */
#include <stddef.h>
#include <stdlib.h>
#include "chips/chip.h"
#include "fuzz/bed.h"
#include "main/engine.h"
#include "port/js.h"
#include "engine/code.h"
#include "port/net.h"

static bool is_ready;

void net_join(const uint8_t ipv4[4]) { (void)ipv4; }
void net_leave(void) {}
bool net_ready(void) { return is_ready; }
const char *net_time_server(unsigned place) { return place < 2 ? "192.0.2.1" : NULL; }
void engine_event(JSContext *ctx, JSValue event) { JS_FreeValue(ctx, event); }

/* In place of main/code.c: there is no bundle. */
JSValue code_bring(JSContext *ctx, JSAtom name) { return (void)ctx, (void)name, JS_UNDEFINED; }
void code_make_room(JSContext *ctx, size_t bytes) { (void)ctx, (void)bytes; }

static JSContext *context(void) {
  static JSContext *ctx;
  if (ctx == NULL) ctx = JS_NewContext(JS_NewRuntime());
  return ctx;
}

static void body(struct input *in) {
  is_ready = input_byte(in) & 1;
  while (in->left > 0) {
    uint8_t type = input_byte(in);
    struct input payload = input_chunk(in, 512);
    bed_send_frame(CHIP_RADIO, (uint8_t)(0x80u + type % 8u), &payload);
    while (radio_facet.deliver(context())) {
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { return bed_run(body, bytes, length); }
