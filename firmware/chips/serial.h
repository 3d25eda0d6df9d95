/* Reading a serial line: how much is there, a look at any byte of it, and letting go of the oldest. */
#pragma once
#include <stddef.h>
#include <stdint.h>

size_t serial_available(int line);
uint8_t serial_peek(int line, size_t offset);
void serial_drop(int line, size_t length);
