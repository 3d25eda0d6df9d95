#include "chips/data-frame.h"
#include <string.h>

#define HEADER_BYTES 24u
#define QOS_BYTES 2u
#define HT_CONTROL_BYTES 4u

static uint16_t u16_at(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

bool data_frame_read(const uint8_t *p, size_t left, struct data_frame *frame) {
  size_t header = HEADER_BYTES;
  if (left < HEADER_BYTES) return false;
  unsigned type = p[0] >> 2 & 3, subtype = p[0] >> 4, ds = p[1] & 3;
  bool is_data = (p[0] & 3) == 0 && type == 2, has_body = !(subtype & 4);
  if (!is_data || !has_body || (ds != 1 && ds != 2)) return false;
  bool qos = subtype & 8, to_access_point = ds == 1;
  if (qos) header += QOS_BYTES + (p[1] & 0x80 ? HT_CONTROL_BYTES : 0);
  if (left <= header || left - header > UINT16_MAX) return false;
  *frame = (struct data_frame){
      .sequence = u16_at(p + 22) >> 4,
      .body_bytes = (uint16_t)(left - header),
      .retry = p[1] >> 3 & 1,
      .to_access_point = to_access_point,
      .qos = qos,
      .tid = qos ? p[24] & 15 : 0,
      .bssid = p + (to_access_point ? 4 : 10),
      .source = p + (to_access_point ? 10 : 16),
      .destination = p + (to_access_point ? 16 : 4),
  };
  return true;
}

void data_frame_told(const struct data_frame *f, uint64_t us, uint8_t channel, uint8_t out[HEARD_BYTES]) {
  memcpy(out, &us, 8);
  out[8] = channel;
  out[9] = (uint8_t)(f->retry | f->to_access_point << 1 | f->qos << 2 | f->tid << 4);
  out[10] = (uint8_t)f->sequence;
  out[11] = (uint8_t)(f->sequence >> 8);
  out[12] = (uint8_t)f->body_bytes;
  out[13] = (uint8_t)(f->body_bytes >> 8);
  memcpy(out + 14, f->bssid, 6);
  memcpy(out + 20, f->source, 6);
  memcpy(out + 26, f->destination, 6);
}
