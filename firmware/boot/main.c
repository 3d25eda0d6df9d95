/* The boot stage: chooses a native image, verifies it, and starts it. */
#include "boot/start.h"
#include "chips/chip.h"

int main(void) {
  chip_open_image_memory();
  start_image((const uint32_t *)IMAGE_ADDRESS);
}
