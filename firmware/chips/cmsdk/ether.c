/* LAN9118 Ethernet controller of the MPS2 boards, polled, as an lwIP interface (SMSC LAN9118 data sheet). */
#include "port/ether.h"
#include <string.h>
#include "chips/cortex-m/scs.h"
#include "chips/irqs.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"

#define LAN(offset) REGISTER(0x40200000u + (offset))
#define RX_DATA LAN(0x00)
#define TX_DATA LAN(0x20)
#define RX_STATUS LAN(0x40)
#define TX_STATUS LAN(0x48)
#define IRQ_CFG LAN(0x54)
#define INT_STS LAN(0x58)
#define INT_EN LAN(0x5c)
#define BYTE_TEST LAN(0x64)
#define FIFO_INT LAN(0x68)
#define RX_CFG LAN(0x6c)
#define TX_CFG LAN(0x70)
#define HW_CFG LAN(0x74)
#define RX_FIFO_INF LAN(0x7c)
#define TX_FIFO_INF LAN(0x80)
#define MAC_CMD LAN(0xa4)
#define MAC_DATA LAN(0xa8)
#define RSFL (1u << 3)
#define FRAME_BYTES 1536u

static uint32_t frame[FRAME_BYTES / 4];

static void mac_write(uint32_t index, uint32_t value) {
  MAC_DATA = value;
  MAC_CMD = 0x80000000u | index;
  while (MAC_CMD & 0x80000000u) {
  }
}

static err_t send(struct netif *interface, struct pbuf *packet) {
  (void)interface;
  uint32_t length = pbuf_copy_partial(packet, frame, sizeof frame, 0);
  TX_DATA = (1u << 13) | (1u << 12) | length;
  TX_DATA = length;
  for (uint32_t i = 0; i < (length + 3) / 4; i++) TX_DATA = frame[i];
  while ((TX_FIFO_INF >> 16) & 0xff) (void)TX_STATUS;
  return ERR_OK;
}

/* Masked until the main loop has drained the controller, so that a waiting frame wakes the core but can't storm it. */
void ether_irq(void) { irq_disable(ETHER_IRQ); }

bool ether_poll(struct netif *interface) {
  INT_STS = RSFL; /* before draining: a frame that comes now raises it again */
  for (unsigned taken = 0; (RX_FIFO_INF >> 16) & 0xff; taken++) {
    if (taken == FRAMES_A_POLL) return true;
    uint32_t status = RX_STATUS, length = (status >> 16) & 0x3fff;
    for (uint32_t i = 0; i < (length + 3) / 4; i++) {
      uint32_t word = RX_DATA;
      if (i < FRAME_BYTES / 4) frame[i] = word;
    }
    if ((status & (1u << 15)) || length < 18 || length > FRAME_BYTES) continue;
    length -= 4; /* frame check sequence */
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
    if (packet == NULL) continue;
    pbuf_take(packet, frame, (u16_t)length);
    if (interface->input(packet, interface) != ERR_OK) pbuf_free(packet);
  }
  irq_enable(ETHER_IRQ);
  return false;
}

err_t ether_start(struct netif *interface) {
  if (BYTE_TEST != 0x87654321u) return ERR_IF;
  HW_CFG = 1;
  while (HW_CFG & 1) {
  }
  HW_CFG = (5u << 16) | (1u << 20);
  INT_STS = 0xffffffffu;
  IRQ_CFG = (1u << 8) | (1u << 4) | 1u;
  FIFO_INT = 0;
  const uint8_t *mac = interface->hwaddr;
  mac_write(3, mac[0] | mac[1] << 8 | mac[2] << 16 | (uint32_t)mac[3] << 24);
  mac_write(2, mac[4] | (uint32_t)mac[5] << 8);
  /* Receiver, transmitter, full duplex, all multicast: lwIP drops what no group here wants. */
  mac_write(1, (1u << 2) | (1u << 3) | (1u << 20) | (1u << 19));
  TX_CFG = 2;
  RX_CFG = 0;
  INT_EN = RSFL;
  interface->linkoutput = send;
  return ERR_OK;
}
