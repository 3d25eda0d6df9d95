/* Reads what a monitor interface captured: a radiotap header (www.radiotap.org), then an 802.11 frame (IEEE 802.11-2020, 9.3.2). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chips/data-frame.h"

/* The data frame that was captured, and on which frequency: 0 where the capture does not tell. False for anything else (data-frame.h). */
bool dot11_read(const uint8_t *bytes, size_t length, struct data_frame *frame, uint16_t *mhz);

/* The channel of a frequency; 0 where it has none in the bands of 2.4 and 5 GHz. */
uint8_t dot11_channel(unsigned mhz);
/* The frequency of a channel of 2.4 GHz, 1 to 14, or of 5 GHz, 32 to 177; 0 for others. */
unsigned dot11_mhz(uint8_t channel);
