/* The boot stage: chooses a native image, verifies it, and starts it. */
#include "boot/start.h"

int main(void) { start_image((const uint32_t *)IMAGE_ADDRESS); }
