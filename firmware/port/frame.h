/* Frames on a serial line (PROTOCOL 9.1.1), both ways: the radio's line, and the console in recovery. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define FRAME_PAYLOAD_MOST 512u

void frame_send(int line, uint8_t type, const uint8_t *bytes, size_t length);
/* Takes one whole frame whose CRC holds: its type, or 0 when there is none yet. */
uint8_t frame_receive(int line, uint8_t payload[FRAME_PAYLOAD_MOST], uint32_t *length);
