/*
 * The boundary between C and the Rust crate (src/), both ways. What the crate offers is what needs the vendor's libraries or its
 * start-up code; all that another chip would need too is C. Calls come from the main task unless said otherwise.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offered by the crate. */
uint64_t esp32_microseconds(void); /* since the start */
void esp32_wait(uint32_t us);      /* lets the vendor's tasks run meanwhile */
void esp32_watchdog_feed(void);
void esp32_restart(void) __attribute__((noreturn));
/*
 * Deep sleep, which ends in a reset: after so much time (0: never), or at the level of a pin of `pins`, a bit for each, which is high for
 * those of `high`; pins that the chip does not see asleep are left out. Stops the radio. Comes back when time or level is there
 * already, or when nothing could end it: pins that can't end a sleep are disconnected then.
 */
void esp32_sleep(uint64_t us, uint32_t pins, uint32_t high);
/* Of the sleep before this start: false after any other. */
bool esp32_woken_by_time(void);
bool esp32_woken_by_pin(unsigned pin);
/* 32 bits from the hardware's generator: noise only while the radio is on. */
uint32_t esp32_random(void);
/* HMAC-SHA-256 by the fuses' key of this number, 0 to 5. False when its purpose is another one. */
bool esp32_hmac(uint32_t key, const uint8_t *message, size_t length, uint8_t result[32]);

/* Console: UART 0 and USB-Serial-JTAG at once. Without a listener on USB nothing waits for one. */
void esp32_console_write(const uint8_t *bytes, size_t length);
void esp32_console_listen(bool on);

void esp32_pin_open(unsigned pin, bool is_output);
void esp32_pin_set(unsigned pin, bool high);
void esp32_pin_open_drain(unsigned pin); /* high, which is open and pulled up */
bool esp32_pin_get(unsigned pin); /* the level at an input, which is pulled up, and at an open drain; what was set last at an output */

/* Parts of the chip on pins, which they take from whoever had them. */
unsigned esp32_analog_read(unsigned channel); /* 12 bits */
/* A duty of 10 bits. 0 for a frequency of the chip's own; gives what it is, 0 for more outputs than there are timers. */
uint32_t esp32_pwm_clock(unsigned pin, uint32_t hz);
void esp32_pwm_write(unsigned pin, unsigned duty);
uint32_t esp32_spi_open(unsigned clock, unsigned out, unsigned in, uint32_t hz, unsigned mode); /* gives the clock */
bool esp32_spi_message(const uint8_t *out, uint8_t *in, size_t length); /* zeros out where `out` is NULL */
uint32_t esp32_serial_open(unsigned receive, unsigned transmit, uint32_t baud); /* gives the baud rate */
void esp32_serial_listen(void); /* from now on, and again after there was no room */
void esp32_serial_write(const uint8_t *bytes, size_t length);

/* Wi-Fi. Each gives whether the driver took it. */
bool esp32_radio_start(void);
/* ISO 3166-1; kept until an access point that the unit joins tells other rules (802.11d). At first, and when one is not known: "01", the most careful. */
bool esp32_radio_country(const uint8_t code[2]);
bool esp32_radio_scan(void);
bool esp32_radio_listen(uint8_t channel); /* of 2.4 GHz; 0 stops */
/* Any access point of that name; with a channel that one there alone, without a scan of the others. */
bool esp32_radio_join(const uint8_t *ssid, size_t ssid_length, const uint8_t *key, size_t key_length, uint8_t channel,
                      const uint8_t bssid[6]);
bool esp32_radio_leave(void);
bool esp32_radio_serve(const uint8_t *ssid, size_t length); /* an open access point; closed with a length of 0 */
void esp32_radio_save_power(bool on);                       /* between beacons, while joined */
void esp32_radio_mac(bool of_access_point, uint8_t mac[6]);

struct esp32_network {
  uint8_t ssid[32], ssid_bytes, bssid[6], channel;
  int8_t rssi_dbm;
  uint8_t auth, pairwise, group; /* the driver's wifi_auth_mode_t and wifi_cipher_type_t */
};
/* What the scan found, as often as asked for: the driver forgets it with the first call. */
size_t esp32_radio_networks(struct esp32_network *out, size_t most);

enum { ESP32_NOTHING, ESP32_SCANNED, ESP32_CONNECTED, ESP32_DISCONNECTED, ESP32_SERVING, ESP32_CLOSED };
struct esp32_event {
  uint8_t kind, bssid[6], channel; /* of a connection */
  uint16_t reason;                 /* of a disconnection, as wifi_err_reason_t */
};
/* The oldest event that was not taken yet. */
void esp32_radio_event(struct esp32_event *event);

/* Ethernet frames of the station, or of the access point. Taking gives the length, 0 when none has come. */
size_t esp32_frame_take(bool of_access_point, uint8_t *out, size_t room);
bool esp32_frame_send(bool of_access_point, const uint8_t *frame, size_t length);

/* Offered by C. */
int runtime_main(void);
/* A frame heard in monitor mode, without its FCS, in the driver's task: copies what counts and returns. */
void radio_heard(uint8_t channel, const uint8_t *frame, size_t length);
/* The console's interrupt calls chip_serial_room and chip_serial_received of chips/chip.h; the start calls chip_start. */
/* The crates panicked, or the processor faulted: says so and restarts. */
void chip_panicked(void) __attribute__((noreturn));
