/* The runtime: starts the facets and the engine, runs the bundle, then moves events until something ends the run. */
#include "chips/chip.h"
#include "main/engine.h"
#include "main/handoff.h"
#include "main/heap.h"
#include "main/report.h"
#include "port/entropy.h"
#include "port/js.h"
#include "port/net.h"

/* Asked in this order between events; the radio before the network, so that an answer waits for no traffic. */
const struct facet *const facets[] = {&clock_facet,   &radio_facet,  &console_facet, &pins_facet,  &tcp_facet,
                                      &udp_facet,     &crypto_facet, &flash_facet,   &system_facet, &io_facet,
#ifdef BOARD_SLEEP
                                      &sleep_facet,
#endif
#ifdef BOARD_CHIP_SECRET
                                      &secret_facet,
#endif
                                      &guard_facet, NULL};

static bool deliver_one(JSContext *ctx) {
  bool any = false;
  for (const struct facet *const *facet = facets; *facet; facet++)
    if ((*facet)->deliver && (*facet)->deliver(ctx)) any = true;
  return any;
}

/* Microseconds at work since the start, waiting aside. A debugger may read it (test/bench/boot-to-mqtt.ts). */
uint32_t main_busy_us;

/* Tells the most memory that was in use, whenever that has grown by some. */
static void report_peak(void) {
  static size_t told;
  if (heap_peak() < told + 2048u) return;
  told = heap_peak();
  report_number("latchkey: peak", (uint32_t)told);
}

static void wait(void) {
  static uint64_t waited_ns;
  uint64_t from = chip_nanoseconds();
  main_busy_us = (uint32_t)((from - waited_ns) / 1000u);
  chip_wait();
  waited_ns += chip_nanoseconds() - from;
}

int main(void) {
  static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}; /* the wire's; the radio has its own */
  chip_flash_start();
  chip_listen();
  entropy_start();
  net_start(mac);
  JSContext *ctx = engine_start();
  engine_run(ctx);
  report_number("latchkey: started, heap", (uint32_t)heap_used());
  report_number("latchkey: boot us", handoff.boot_us);
  report_number("latchkey: start us", handoff.boot_us + (uint32_t)(chip_nanoseconds() / 1000u));
  report_peak();
  for (;;) {
    bool more = net_poll();
    chip_watchdog_feed();
    if (!deliver_one(ctx) && !more) wait();
    report_peak();
  }
}
