/* Reads a serial line: the number of bytes received, any one of them, and removal of the oldest ones. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SERIAL_RING_BYTES 2048u /* of the console and the radio; a power of two: the counts wrap */

size_t serial_available(int line);
uint8_t serial_peek(int line, size_t offset);
void serial_drop(int line, size_t length);
