/* SmartFusion2 Ethernet MAC with its descriptor rings (Microsemi UG0331, chapter 9), polled, as an lwIP interface. */
#include "port/ether.h"
#include "chips/cortex-m/scs.h"
#include "chips/irqs.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"

#define MAC(offset) REGISTER(0x40041000u + (offset))
#define CONFIG MAC(0x000)
#define FRAME_MOST MAC(0x010)
#define ADDRESS_HIGH MAC(0x040)
#define ADDRESS_LOW MAC(0x044)
#define TX_CONTROL MAC(0x180)
#define TX_DESCRIPTOR MAC(0x184)
#define TX_STATUS MAC(0x188)
#define RX_CONTROL MAC(0x18c)
#define RX_DESCRIPTOR MAC(0x190)
#define RX_STATUS MAC(0x194)
#define DMA_IRQ MAC(0x198)
#define EMPTY (1u << 31)
#define FRAME_BYTES 1536u
#define FRAMES 4u

struct descriptor {
  volatile uint32_t address, size, next;
};

static struct descriptor receiving[FRAMES], sending[2];
static uint8_t received[FRAMES][FRAME_BYTES] __attribute__((aligned(4)));
static uint8_t sent[FRAME_BYTES] __attribute__((aligned(4)));
static unsigned turn;

static err_t send(struct netif *interface, struct pbuf *packet) {
  (void)interface;
  uint32_t length = pbuf_copy_partial(packet, sent, sizeof sent, 0);
  sending[0].address = (uint32_t)sent;
  sending[0].next = (uint32_t)&sending[1];
  sending[1].size = EMPTY;
  sending[1].next = (uint32_t)&sending[0];
  __asm volatile("dmb" ::: "memory");
  sending[0].size = length;
  TX_DESCRIPTOR = (uint32_t)&sending[0];
  TX_CONTROL = 1;
  while (!(sending[0].size & EMPTY)) {
  }
  TX_STATUS = 3;
  return ERR_OK;
}

/* Masked until the main loop has drained the ring, so that a waiting frame wakes the core but can't storm it. */
void ether_irq(void) { irq_disable(ETHER_IRQ); }

bool ether_poll(struct netif *interface) {
  for (unsigned taken = 0; !(receiving[turn].size & EMPTY); taken++) {
    if (taken == FRAMES_A_POLL) return true;
    uint32_t length = receiving[turn].size & 0x7ff;
    struct pbuf *packet = length <= FRAME_BYTES ? pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL) : NULL;
    if (packet) pbuf_take(packet, received[turn], (u16_t)length);
    __asm volatile("dmb" ::: "memory");
    receiving[turn].size = EMPTY;
    turn = (turn + 1) % FRAMES;
    RX_STATUS = 1;
    if (packet && interface->input(packet, interface) != ERR_OK) pbuf_free(packet);
  }
  if (RX_STATUS & 4) { /* the ring was full: reception stopped and has to be set going again */
    RX_STATUS = 4;
    RX_DESCRIPTOR = (uint32_t)&receiving[turn];
    RX_CONTROL = 1;
  }
  irq_enable(ETHER_IRQ);
  return false;
}

err_t ether_start(struct netif *interface) {
  const uint8_t *mac = interface->hwaddr;
  CONFIG = 0x80000000u;
  CONFIG = 0;
  ADDRESS_HIGH = (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
  ADDRESS_LOW = (uint32_t)mac[4] << 24 | (uint32_t)mac[5] << 16;
  FRAME_MOST = FRAME_BYTES;
  for (unsigned i = 0; i < FRAMES; i++) {
    receiving[i].address = (uint32_t)received[i];
    receiving[i].size = EMPTY;
    receiving[i].next = (uint32_t)&receiving[(i + 1) % FRAMES];
  }
  turn = 0;
  CONFIG = 5;
  RX_DESCRIPTOR = (uint32_t)&receiving[0];
  DMA_IRQ = 1u << 4;
  RX_CONTROL = 1;
  interface->linkoutput = send;
  return ERR_OK;
}
