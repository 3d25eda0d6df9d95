/* The networks that wpa_supplicant's last scan found, as PROTOCOL 9.1 tells a unit of them. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Writes a SCANNED report's payload of as many as fit, strongest first. @returns Its length. */
size_t scan_results(uint8_t *out, size_t room);
