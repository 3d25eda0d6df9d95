/*
 * The access point that the unit was joined to last, in memory that restarts and deep sleep keep and a power cut loses: a unit that
 * starts again asks it directly, which saves a scan of all channels.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_point {
  uint8_t channel, bssid[6];
};

void last_network_keep(const uint8_t *ssid, size_t length, const struct access_point *at);
/* False when the last network had another name, or none is known. */
bool last_network_find(const uint8_t *ssid, size_t length, struct access_point *at);
void last_network_forget(void);
/* Forgets it unless it is recalled in this run: a unit leaves its network before it sleeps. */
void last_network_set_aside(void);
void last_network_recall(void);
