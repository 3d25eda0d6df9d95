/*
 * Pins: lines of the kernel's GPIO character device (linux/gpio.h, version 2 of its interface, Linux 5.10). A pin to which the file
 * of --pins gives no line is kept in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/assign.h"
#include "chips/linux/linux.h"

#define PINS 32

static const char *const output_names[] = {BOARD_OUTPUTS NULL};
static const struct input {
  const char *name;
  unsigned number;
} input_names[] = {BOARD_INPUTS{NULL, 0}};

/* Of each pin its line, -1 where it has none. */
static int outputs[PINS], inputs[PINS];

/* Ends the program when the kernel refuses: a lamp that stays dark without a word would be worse. */
static int request_line(const struct assignment *a, bool is_output, bool is_high) {
  char path[ASSIGN_WORD + 8];
  struct gpio_v2_line_request request = {.offsets = {a->line}, .num_lines = 1};
  uint64_t flags = is_output ? GPIO_V2_LINE_FLAG_OUTPUT : GPIO_V2_LINE_FLAG_INPUT;
  if (a->active_low) flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
  if (a->pull_up) flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_UP;
  if (a->pull_down) flags |= GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN;
  if (a->open_drain) flags |= GPIO_V2_LINE_FLAG_OPEN_DRAIN;
  request.config.flags = flags;
  if (is_output) {
    request.config.num_attrs = 1;
    request.config.attrs[0].mask = 1;
    request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    request.config.attrs[0].attr.values = is_high;
  }
  snprintf(request.consumer, sizeof request.consumer, "latchkey %.20s", a->name);
  snprintf(path, sizeof path, a->device[0] == '/' ? "%s" : "/dev/%s", a->device);
  int chip = open(path, O_RDWR | O_CLOEXEC);
  if (chip < 0) stop(strerror(errno), path);
  int done = ioctl(chip, (int)GPIO_V2_GET_LINE_IOCTL, &request), error = errno;
  close(chip);
  if (done != 0) stop(strerror(error), a->name);
  fcntl(request.fd, F_SETFD, FD_CLOEXEC);
  return request.fd;
}

void pins_open(void) {
  for (unsigned i = 0; i < PINS; i++) outputs[i] = inputs[i] = -1;
  for (unsigned i = 0; i < PINS && output_names[i]; i++) {
    const struct assignment *a = assignment_of(output_names[i]);
    if (a) outputs[i] = request_line(a, true, kept->outputs >> i & 1u);
  }
  for (const struct input *in = input_names; in->name; in++) {
    const struct assignment *a = assignment_of(in->name);
    if (a && in->number < PINS) inputs[in->number] = request_line(a, false, false);
  }
}

void chip_pin_write(unsigned pin, int value) {
  uint32_t bit = 1u << pin % PINS;
  kept->outputs = value ? kept->outputs | bit : kept->outputs & ~bit;
  struct gpio_v2_line_values values = {.bits = value != 0, .mask = 1};
  if (outputs[pin % PINS] >= 0) ioctl(outputs[pin % PINS], (int)GPIO_V2_LINE_SET_VALUES_IOCTL, &values);
}

int chip_pin_read(unsigned pin) {
  struct gpio_v2_line_values values = {.mask = 1};
  if (pin >= PINS || inputs[pin] < 0 || ioctl(inputs[pin], (int)GPIO_V2_LINE_GET_VALUES_IOCTL, &values) != 0) return 0;
  return (int)(values.bits & 1u);
}

int chip_pin_state(unsigned pin) { return (int)(kept->outputs >> pin % PINS & 1u); }
