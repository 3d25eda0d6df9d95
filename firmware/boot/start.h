/* Leaves the boot stage for an image in memory. */
#pragma once
#include <stdint.h>

void start_image(const uint32_t *vectors) __attribute__((noreturn));
