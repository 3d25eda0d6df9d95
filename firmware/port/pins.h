/* Inputs by the names of board.json, for facets other than native.pins. */
#pragma once
#include "port/js.h"

/* The chip's number of an input; negative when there is none of this name, with a pending exception when it is no text. */
int pins_input(JSContext *ctx, JSValueConst name);
