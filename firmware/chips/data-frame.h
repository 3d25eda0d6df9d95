/* An 802.11 data frame's header (IEEE 802.11-2020, 9.3.2), as monitor mode gives it. The body is not looked at. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct data_frame {
  uint16_t sequence, body_bytes;
  bool retry, to_access_point, qos;
  uint8_t tid;
  const uint8_t *bssid, *source, *destination;
};

/* False for what is no whole data frame between a station and its access point, and for frames without a body. `length` is without FCS. */
bool data_frame_read(const uint8_t *bytes, size_t length, struct data_frame *frame);

#define HEARD_BYTES 32u
/* The payload of the radio line's FRAME (PROTOCOL 9.1). */
void data_frame_told(const struct data_frame *frame, uint64_t us, uint8_t channel, uint8_t out[HEARD_BYTES]);
