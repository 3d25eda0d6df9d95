#include "chips/esp32/join-reason.h"

/* src/radio.rs holds these against the driver's own. */
enum {
  AUTH_EXPIRE = 2, /* also how an access point of WPA3 answers a wrong passphrase */
  ASSOC_TOO_MANY = 5,
  INACTIVITY = 4,
  HANDSHAKE_TIMEOUT = 15, /* of WPA2: the passphrase is wrong, or frames were lost */
  TIMEOUT = 39,
  BEACON_TIMEOUT = 200,
  NO_AP_FOUND = 201,
  ASSOC_FAIL = 203,
  CONNECTION_FAIL = 205,
  NO_AP_RSSI = 212
};

/*
 * NO_AP_FOUND_W_COMPATIBLE_SECURITY (210) and _IN_AUTHMODE_THRESHOLD (211) are refusals: the name is there, but the network is open
 * and there is a passphrase, or the other way about.
 */
enum join_verdict join_verdict(uint16_t reason) {
  switch (reason) {
    case AUTH_EXPIRE:
    case INACTIVITY:
    case ASSOC_TOO_MANY:
    case HANDSHAKE_TIMEOUT:
    case TIMEOUT:
    case ASSOC_FAIL:
    case CONNECTION_FAIL:
      return JOIN_AGAIN_ELSE_REFUSED;
    case BEACON_TIMEOUT:
    case NO_AP_FOUND:
      return JOIN_AGAIN_ELSE_NO_NETWORK; /* a scan can miss its beacons, and a hidden network's answer */
    case NO_AP_RSSI:
      return JOIN_NO_NETWORK;
    default:
      return JOIN_REFUSED;
  }
}
