/*
 * What the unit's own access point needs besides the radio: the interface's address, addresses for stations, an answer to every name, and
 * a way from port 80 to the portal's port, which a process without capabilities can open.
 */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum { ACCESS_POINT_FILES = 3 };

extern const uint8_t access_point_address[4];

/* @returns Whether its ports and its address can be had; errno says why not. */
bool access_point_open(const char *interface);
void access_point_close(void);
/* What to wait for; files of -1 while it is closed. */
void access_point_watch(struct pollfd files[ACCESS_POINT_FILES]);
/* Answers what has come. */
void access_point_poll(void);
