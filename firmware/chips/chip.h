/* The interface between a chip and the firmware. One folder below chips/ implements it; the rest of the firmware
 * doesn't depend on which. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts serial lines and watchdog. Called once, after memory is set up. */
void chip_start(void);
/* Takes what comes from now on. The boot stage does not, so that nothing which is sent meanwhile is lost with it. */
void chip_listen(void);

/* Serial lines. A read gives -1 when nothing has come; what comes is buffered by interrupt (serial.c). */
#ifdef BOARD_SERIAL
enum { CHIP_CONSOLE = 0, CHIP_RADIO = 1, CHIP_APP = 2, CHIP_LINES = 3 };
/* Opens the app's line, what waits in it dropped; gives its baud rate. Nothing is received there before. */
uint32_t chip_serial_open(uint32_t baud);
#else
enum { CHIP_CONSOLE = 0, CHIP_RADIO = 1, CHIP_LINES = 2 };
#endif
void chip_serial_write(int line, const uint8_t *bytes, size_t length);
/* For the chip's interrupt handlers: a byte that came, taken only while there is room. Without room the handler masks
 * its interrupt, which leaves the sender waiting, until chip_serial_resume. */
bool chip_serial_room(int line);
void chip_serial_received(int line, uint8_t byte);
void chip_serial_resume(int line);
/* Puts a chip's own buffer before a line on which much will come. What waits in it is dropped. */
void chip_serial_buffer(int line);

/* Nanoseconds since the start, and whole milliseconds. 64 bits each: neither wraps within the life of a unit. */
uint64_t chip_nanoseconds(void);
uint64_t chip_milliseconds(void);

/* Sleeps until an interrupt; at most one tick (1 ms). */
void chip_wait(void);
/* What ended a sleep. */
enum wake { WAKE_START, WAKE_TIMER, WAKE_PIN, WAKE_BUTTON };
#ifdef CHIP_DEEP_SLEEP
/*
 * In place of chip_rest, on chips whose deep sleep ends in a reset: until so much time has gone by (0: time does not end it), until the
 * input has another value than `before` (-1: no input ends it), or until the button is pressed, where the chip can see it asleep.
 * Comes back when what it would wait for may be there already.
 */
void chip_deep_sleep(uint64_t for_ms, int pin, int before);
/* Of the sleep before this start; WAKE_START when there was none. */
enum wake chip_woken_by(void);
#endif
/*
 * Rests while the unit sleeps: as deep as the chip can with its memory kept, and with time, pins and button able to end it. It may return at
 * any time, and is then called again. Chips without a deeper sleep wait for the next tick.
 */
void chip_rest(void);

/*
 * Flash. Addresses count from its start. Write and erase give false when the flash does not hold the result.
 * FLASH_WRITE_BYTES is writeBytes of board.json: the size and the alignment of a word. Where it is above 1, a word is written
 * once between two erases, so callers write whole words and fill up the last one with 0xff.
 */
static inline uint32_t chip_flash_padded(uint32_t bytes) {
  return (bytes + FLASH_WRITE_BYTES - 1u) / FLASH_WRITE_BYTES * FLASH_WRITE_BYTES;
}
extern const uint32_t chip_flash_bytes;
extern const uint32_t chip_flash_sector_bytes;
/* Writes and erases since power came, at the very start of the memory that a restart keeps: what a cut is counted in. */
extern uint32_t chip_flash_operations;
void chip_flash_start(void);
void chip_flash_read(uint32_t address, void *bytes, uint32_t length);
bool chip_flash_write(uint32_t address, const void *bytes, uint32_t length);
bool chip_flash_erase(uint32_t address);
/*
 * Where this part of flash, a region of compiled code, can be read in place until the next call: mapped, or copied to the memory
 * that native images run from. The address is the same at each start; with a length of 0 it is only told.
 */
const void *chip_code(uint32_t address, uint32_t length);

/*
 * On boards whose board.json has `chipSecret`: bytes that this chip alone can compute, others for each purpose, always the same ones.
 * False where nothing in the chip holds a key for that.
 */
#define CHIP_SECRET_BYTES 32u
bool chip_secret(const char *purpose, uint8_t secret[CHIP_SECRET_BYTES]);

/* Pins by number, as the board's table gives them. */
void chip_pin_write(unsigned pin, int value);
int chip_pin_read(unsigned pin);
int chip_pin_state(unsigned pin); /* of an output */

/* What apps may have besides, on boards whose board.json lists it under `io`, by the numbers there. */
enum { CHIP_I2C_CLOCK = 0, CHIP_I2C_DATA = 1 };
void chip_i2c_set(unsigned bus, int line, bool high); /* low, or open: pulled up unless a device holds it */
bool chip_i2c_get(unsigned bus, int line);
/* Clock polarity is bit 1 of the mode, phase bit 0. Gives the clock that it has. */
uint32_t chip_spi_clock(unsigned bus, uint32_t hz, unsigned mode);
uint8_t chip_spi_exchange(unsigned bus, uint8_t out);
/* In its place where CHIP_SPI_MESSAGES is defined, all bytes at once; zeros out without `out`. False when there is no such bus. */
bool chip_spi_message(unsigned bus, const uint8_t *out, uint8_t *in, size_t length);
uint32_t chip_bank_get(unsigned bank); /* a bit for each pin; of outputs what was set last */
void chip_bank_set(unsigned bank, uint32_t value);
int32_t chip_pulse_get(unsigned counter);
void chip_pulse_set(unsigned counter, int32_t count);
unsigned chip_analog_read(unsigned input);
void chip_pwm_write(unsigned output, unsigned duty); /* of 2^bits - 1 */
uint32_t chip_pwm_clock(unsigned output, uint32_t hz); /* 0 for its own; gives what it is */

/* Resets the chip when it isn't fed for twelve seconds: longer than the engine lets one event take. */
void chip_watchdog_feed(void);
void chip_restart(void) __attribute__((noreturn));
/* Lets code be run where an image is copied to; needed once, by the boot stage. */
void chip_open_image_memory(void);
