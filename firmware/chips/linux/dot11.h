/* Reads what a monitor interface captured: a radiotap header (www.radiotap.org), then an 802.11 frame (IEEE 802.11-2020, 9.3.2). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A data frame's header and length; the body is not looked at. */
struct dot11_frame {
  uint16_t mhz; /* on which it was heard; 0 where the capture does not tell */
  uint16_t sequence, body_bytes;
  bool retry, to_access_point, qos;
  uint8_t tid;
  const uint8_t *bssid, *source, *destination;
};

/* False for what is no whole data frame between a station and its access point, and for frames without a body. */
bool dot11_read(const uint8_t *bytes, size_t length, struct dot11_frame *frame);

/* The channel of a frequency; 0 where it has none in the bands of 2.4 and 5 GHz. */
uint8_t dot11_channel(unsigned mhz);
/* The frequency of a channel of 2.4 GHz, 1 to 14, or of 5 GHz, 32 to 177; 0 for others. */
unsigned dot11_mhz(uint8_t channel);
