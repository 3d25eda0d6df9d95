/* Ethernet frames of the vendor's driver, the station's or the access point's, as an lwIP interface. */
#include "port/ether.h"
#include <string.h>
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/own-network.h"
#include "chips/esp32/radio.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"

#define FRAME_BYTES 1536u

static uint8_t frame[FRAME_BYTES], answer[OWN_FRAME_BYTES];
static uint8_t held[OWN_FRAME_BYTES]; /* a frame for lwIP at a later turn */
static size_t held_bytes;

static void hold(const uint8_t *bytes, size_t length) {
  if (length > sizeof held) return;
  memcpy(held, bytes, length);
  held_bytes = length;
}

/* What the unit asks its own network is answered at the next turn, since lwIP is within its request now. */
static err_t send(struct netif *interface, struct pbuf *packet) {
  size_t length = pbuf_copy_partial(packet, frame, sizeof frame, 0);
  size_t answered = radio_is_serving() ? own_network_answer(frame, length, interface->hwaddr, answer) : 0;
  if (answered > 0) hold(answer, answered);
  else if (!esp32_frame_send(radio_is_serving(), frame, length)) return ERR_MEM; /* the driver's queue is full; TCP sends it again */
  return ERR_OK;
}

static void give(struct netif *interface, const uint8_t *bytes, size_t length) {
  struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
  if (packet == NULL) return;
  pbuf_take(packet, bytes, (u16_t)length);
  if (interface->input(packet, interface) != ERR_OK) pbuf_free(packet);
}

/* A lease waits until the radio's line has told its address. */
static void give_held(struct netif *interface) {
  const uint8_t *given = held_bytes ? own_network_given(held, held_bytes) : NULL;
  if (held_bytes == 0 || (given && !radio_is_serving() && !radio_tell_address(given))) return;
  size_t length = held_bytes;
  held_bytes = 0;
  give(interface, held, length);
}

static void take_own_mac(struct netif *interface, bool serving) {
  static bool was_serving, is_known;
  if (is_known && was_serving == serving) return;
  esp32_radio_mac(serving, interface->hwaddr);
  was_serving = serving;
  is_known = true;
}

bool ether_poll(struct netif *interface) {
  radio_poll();
  bool serving = radio_is_serving();
  take_own_mac(interface, serving);
  give_held(interface);
  for (unsigned taken = 0; taken < FRAMES_A_POLL; taken++) {
    size_t length = esp32_frame_take(serving, frame, sizeof frame), answered;
    if (length == 0) return false;
    if (serving && (answered = own_network_answer(frame, length, interface->hwaddr, answer)) > 0) esp32_frame_send(true, answer, answered);
    else if (!serving && own_network_given(frame, length)) hold(frame, length);
    else give(interface, frame, length);
  }
  return true;
}

err_t ether_start(struct netif *interface) {
  interface->linkoutput = send;
  return ERR_OK;
}
