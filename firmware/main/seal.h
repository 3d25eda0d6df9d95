/* Compiles a bundle and writes the code to flash: once a bundle, before the engine starts that runs it. */
#pragma once
#include "engine/code.h"
#include "main/code.h"

/* At the start of the region. The tag is over all behind it, and is written last: without it nothing counts. */
struct code_head {
  uint8_t tag[CODE_TAG_PLACE];
  uint32_t bytes, zero;
  struct code code;
};

/* Ends the run when the bundle doesn't compile, or memory or flash has no room for it. The engine that compiled has then done its part. */
void seal(JSContext *ctx);
