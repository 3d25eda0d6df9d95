/* wpa_supplicant's control interface: a datagram socket that takes commands and tells of events (its README, "wpa_cli"). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connects to FOLDER/INTERFACE. @returns The socket on which events come; -1 with errno set. */
int wpa_open(const char *folder, const char *interface);
/* Asks and waits for the answer, a text without its last line feed. False when there was none within two seconds. */
bool wpa_ask(const char *command, char *answer, size_t room);
/* The same for a command that is to be answered by OK. */
bool wpa_do(const char *command);
/* The next event that has come, without its level, as CTRL-EVENT-CONNECTED ...; false when there is none. */
bool wpa_event(char *text, size_t room);
/* The rules of a country, by ISO 3166-1: wpa_supplicant asks the kernel, for all radios. False when it refuses. */
bool wpa_country(const uint8_t code[2]);
/*
 * Leaves every network, and joins this one, which it looks for on these frequencies alone, parted by blanks: a scan of every channel
 * takes up to eight seconds. Empty for all. False when wpa_supplicant refuses what it is told.
 */
bool wpa_join(const uint8_t *ssid, size_t ssid_bytes, const uint8_t *passphrase, size_t passphrase_bytes, const char *mhz);
/* Looks for it on every channel from now on. */
void wpa_widen(void);
/* Leaves every network, and opens one of this name, without a password. AP-ENABLED tells when it is open; wpa_leave closes it. */
bool wpa_open_access_point(const uint8_t *ssid, size_t ssid_bytes);
void wpa_leave(void);
