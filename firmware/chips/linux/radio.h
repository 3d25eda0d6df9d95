/* The radio: a process of its own, which listens and joins through one Wi-Fi interface and speaks PROTOCOL 9.1 with the unit. */
#pragma once

/* Serves the line on RADIO_FD until it is closed. @returns The exit code. */
int radio_run(const char *interface, const char *wpa_folder);
