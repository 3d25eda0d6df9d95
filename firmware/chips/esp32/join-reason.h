/* What a disconnection means to a unit that is joining a network. */
#pragma once
#include <stdint.h>

enum join_verdict { JOIN_AGAIN_ELSE_REFUSED, JOIN_AGAIN_ELSE_NO_NETWORK, JOIN_NO_NETWORK, JOIN_REFUSED };

/* By the driver's wifi_err_reason_t: those of 802.11 (table 9-79) below 200, the driver's own from there. */
enum join_verdict join_verdict(uint16_t reason);
