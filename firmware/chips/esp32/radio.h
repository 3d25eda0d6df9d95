/* The radio line of PROTOCOL 9.1, whose co-processor is this chip's own driver. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void radio_start(void);
bool radio_is_on(void);
/* What the unit writes to the line. */
void radio_command(const uint8_t *bytes, size_t length);
/* Tells the unit what has happened, as far as the line has room. */
void radio_poll(void);
/* Whether the access point is open: frames are its, not the station's. */
bool radio_is_serving(void);
/* An address that DHCP gives the unit: port/radio.c reports the one that JOINED names. False while it was not told yet. */
bool radio_tell_address(const uint8_t ipv4[4]);
