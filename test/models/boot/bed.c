/*
 * What lies below the boot stage, for Frama-C's Eva: flash that may hold anything at every reading, a console that may say
 * anything, signatures that may be good or bad. What is passed to it is checked: memory must be valid as far as the length says.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "__fc_builtin.h"
#include "chips/chip.h"
#include "chips/serial.h"
#include "crypto_hash_sha256.h"
#include "crypto_sign_ed25519.h"
#include "main/handoff.h"
#include "main/report.h"

const uint32_t chip_flash_bytes = EVA_FLASH_BYTES;
const uint32_t chip_flash_sector_bytes = 4096;
struct handoff handoff;

void chip_flash_start(void) {}
void chip_open_image_memory(void) {}
void chip_watchdog_feed(void) {}
void chip_wait(void) {}
void chip_listen(void) {}
void chip_serial_buffer(int line) { (void)line; }
uint64_t chip_nanoseconds(void) { return (uint64_t)Frama_C_unsigned_long_long_interval(0, 1ull << 62); }
uint64_t chip_milliseconds(void) { return (uint64_t)Frama_C_unsigned_long_long_interval(0, 1ull << 52); }

/* Any number of bytes waits, and each may be any. */
uint32_t any_waiting(void) { return (uint32_t)Frama_C_interval(0, 4096); }
size_t serial_available(int line) { return (void)line, any_waiting(); }
uint8_t serial_peek(int line, size_t at) {
  (void)line;
  /*@ assert within_buffer: at < 4096; */
  return (uint8_t)Frama_C_interval(0, 255);
}
void serial_drop(int line, size_t length) { (void)line, (void)length; }
void chip_serial_write(int line, const uint8_t *bytes, size_t length) {
  (void)line;
  /*@ assert readable: length == 0 || \valid_read(bytes + (0 .. length - 1)); */
}

void chip_flash_read(uint32_t address, void *bytes, uint32_t length) {
  /*@ assert in_flash: address + length <= EVA_FLASH_BYTES; */
  /*@ assert writable: length == 0 || \valid((uint8_t *)bytes + (0 .. length - 1)); */
  if (length > 0) Frama_C_make_unknown((char *)bytes, length);
}
bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length) {
  /*@ assert in_flash: address + length <= EVA_FLASH_BYTES; */
  /*@ assert readable: length == 0 || \valid_read((uint8_t *)bytes + (0 .. length - 1)); */
  return Frama_C_interval(0, 1);
}
bool chip_flash_erase(uint32_t address) {
  /*@ assert in_flash: address < EVA_FLASH_BYTES; */
  return Frama_C_interval(0, 1);
}

int crypto_hash_sha256_init(crypto_hash_sha256_state *state) {
  Frama_C_make_unknown((char *)state, sizeof *state);
  return 0;
}
int crypto_hash_sha256_update(crypto_hash_sha256_state *state, const unsigned char *in, unsigned long long length) {
  (void)state;
  /*@ assert readable: length == 0 || \valid_read(in + (0 .. length - 1)); */
  return 0;
}
int crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out) {
  (void)state;
  Frama_C_make_unknown((char *)out, 32);
  return 0;
}
int crypto_hash_sha256(unsigned char *out, const unsigned char *in, unsigned long long length) {
  /*@ assert readable: length == 0 || \valid_read(in + (0 .. length - 1)); */
  Frama_C_make_unknown((char *)out, 32);
  return 0;
}
int crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                        unsigned long long length, const unsigned char *key) {
  /*@ assert readable: \valid_read(signature + (0 .. 63)) && \valid_read(message + (0 .. length - 1)) && \valid_read(key + (0 .. 31)); */
  return Frama_C_interval(-1, 0);
}

#ifdef SETTINGS_ALONE
#include "boot/settings.h"
void read_settings(void) {
  struct settings settings;
  settings_read(&settings);
}
#endif

void report_line(const char *text) { (void)text; }
void report_number(const char *text, uint32_t number) { (void)text, (void)number; }
void report_boot(int native_slot, int js_slot, int is_trial, enum reset_reason reason) {
  (void)native_slot, (void)js_slot, (void)is_trial, (void)reason;
}
enum reset_reason report_take_reason(void) { return (enum reset_reason)Frama_C_interval(0, RESET_REASONS - 1); }
void restart_with(enum reset_reason reason) {
  (void)reason;
  for (;;) {}
}
void start_image(const uint32_t *vectors) {
  (void)vectors;
  for (;;) {}
}
