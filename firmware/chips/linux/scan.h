/* The networks that wpa_supplicant's last scans found, as PROTOCOL 9.1 tells a unit of them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Asks for what a scan of one band found, and writes a SCANNED report's payload of that and of what the last scan of the other band
 * found, strongest first, as many as fit. @returns Its length.
 */
size_t scan_results(bool is_5_ghz, uint8_t *out, size_t room);
/* Writes the frequencies on which they found networks of a name, in MHz, parted by blanks; nothing where it found none. */
void scan_frequencies(const uint8_t *ssid, size_t ssid_bytes, char *out, size_t room);
