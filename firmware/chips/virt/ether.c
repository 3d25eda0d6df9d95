/* virtio network device behind the first memory-mapped transport (Virtual I/O Device 1.2, 4.2 and 5.1), as an lwIP interface. */
#include "port/ether.h"
#include "chips/irqs.h"
#include "chips/riscv/csr.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"

#define DEVICE(offset) REGISTER(0x10001000u + (offset))
#define MAGIC DEVICE(0x000)
#define VERSION DEVICE(0x004)
#define KIND DEVICE(0x008)
#define OUR_FEATURES DEVICE(0x020)
#define OUR_FEATURES_WORD DEVICE(0x024)
#define QUEUE DEVICE(0x030)
#define QUEUE_SIZE DEVICE(0x038)
#define QUEUE_READY DEVICE(0x044)
#define NOTIFY DEVICE(0x050)
#define INTERRUPTS DEVICE(0x060)
#define ACKNOWLEDGE DEVICE(0x064)
#define STATUS DEVICE(0x070)
#define DESCRIPTORS DEVICE(0x080)
#define AVAILABLE DEVICE(0x090)
#define USED DEVICE(0x0a0)
#define NETWORK 1u
#define VERSION_1 1u /* of the features' second word: bit 32 */
#define FOUND 3u /* acknowledged, and with a driver */
#define FEATURES_OK 8u
#define DRIVER_OK 4u
#define DEVICE_WRITES 2u

#define FRAMES 4u
#define FRAME_BYTES 1536u
#define HEADER_BYTES 12u

struct descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};

struct queue {
  struct descriptor descriptors[FRAMES] __attribute__((aligned(16)));
  struct {
    uint16_t flags, index, ring[FRAMES];
  } available;
  struct {
    volatile uint16_t flags, index;
    struct {
      uint32_t descriptor, length;
    } ring[FRAMES];
  } used __attribute__((aligned(4)));
};

enum { RECEIVE = 0, SEND = 1 };
static struct queue queues[2];
static uint8_t received[FRAMES][HEADER_BYTES + FRAME_BYTES], sent[HEADER_BYTES + FRAME_BYTES];
static uint16_t taken;

static void fence(void) { __asm volatile("fence" ::: "memory"); }

static void offer(unsigned number, unsigned descriptor) {
  struct queue *queue = &queues[number];
  queue->available.ring[queue->available.index % FRAMES] = (uint16_t)descriptor;
  fence();
  queue->available.index++;
  fence();
  NOTIFY = number;
}

static void open_queue(unsigned number) {
  struct queue *queue = &queues[number];
  QUEUE = number;
  QUEUE_SIZE = FRAMES;
  DESCRIPTORS = (uint32_t)queue->descriptors;
  AVAILABLE = (uint32_t)&queue->available;
  USED = (uint32_t)&queue->used;
  QUEUE_READY = 1;
}

static err_t send(struct netif *interface, struct pbuf *packet) {
  (void)interface;
  uint32_t length = pbuf_copy_partial(packet, sent + HEADER_BYTES, FRAME_BYTES, 0);
  queues[SEND].descriptors[0].length = HEADER_BYTES + length;
  offer(SEND, 0);
  while (queues[SEND].used.index != queues[SEND].available.index) {
  }
  return ERR_OK;
}

/* Masked until the main loop has drained the queue, so that a waiting frame wakes the core but can't storm it. */
void ether_irq(void) { irq_disable(ETHER_IRQ); }

bool ether_poll(struct netif *interface) {
  ACKNOWLEDGE = INTERRUPTS; /* before draining: a frame that comes now raises it again */
  for (unsigned now = 0; taken != queues[RECEIVE].used.index; now++) {
    if (now == FRAMES_A_POLL) return true;
    fence();
    uint32_t descriptor = queues[RECEIVE].used.ring[taken % FRAMES].descriptor;
    uint32_t length = queues[RECEIVE].used.ring[taken % FRAMES].length - HEADER_BYTES;
    struct pbuf *packet = length <= FRAME_BYTES ? pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL) : NULL;
    if (packet) pbuf_take(packet, received[descriptor] + HEADER_BYTES, (u16_t)length);
    taken++;
    offer(RECEIVE, descriptor);
    if (packet && interface->input(packet, interface) != ERR_OK) pbuf_free(packet);
  }
  irq_enable(ETHER_IRQ);
  return false;
}

err_t ether_start(struct netif *interface) {
  if (MAGIC != 0x74726976u || VERSION != 2 || KIND != NETWORK) return ERR_IF;
  STATUS = 0;
  STATUS = FOUND;
  OUR_FEATURES_WORD = 0;
  OUR_FEATURES = 0;
  OUR_FEATURES_WORD = 1;
  OUR_FEATURES = VERSION_1;
  STATUS = FOUND | FEATURES_OK;
  if (!(STATUS & FEATURES_OK)) return ERR_IF;
  open_queue(RECEIVE);
  open_queue(SEND);
  queues[SEND].descriptors[0].address = (uint32_t)sent;
  STATUS = FOUND | FEATURES_OK | DRIVER_OK;
  for (unsigned i = 0; i < FRAMES; i++) {
    queues[RECEIVE].descriptors[i] =
        (struct descriptor){.address = (uint32_t)received[i], .length = sizeof received[i], .flags = DEVICE_WRITES};
    offer(RECEIVE, i);
  }
  interface->linkoutput = send;
  return ERR_OK;
}
