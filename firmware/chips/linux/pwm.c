/* PWM by the kernel's files (Documentation/driver-api/pwm.rst). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/assign.h"
#include "chips/linux/linux.h"
#include "port/io.h"

#define OWN_HZ 1000u
#define OUTPUTS 4
#define STEPS 1023u /* of 10 bits, as board.json says */

static struct {
  uint32_t period_ns;
  unsigned duty;
  bool is_open;
} state[OUTPUTS];

/* Writes a number into a file of the output, or of its chip. */
static bool put(const struct assignment *a, const char *file, bool of_chip, uint32_t number) {
  char path[160], text[16];
  int length = snprintf(text, sizeof text, "%u", number);
  if (of_chip) snprintf(path, sizeof path, "/sys/class/pwm/%s/%s", a->device, file);
  else snprintf(path, sizeof path, "/sys/class/pwm/%s/pwm%u/%s", a->device, a->line, file);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool done = fd >= 0 && write(fd, text, (size_t)length) == length;
  if (fd >= 0) close(fd);
  return done;
}

static const struct assignment *output_of(unsigned number) {
  return number < OUTPUTS ? assignment_of_resource(IO_PWM, number) : NULL;
}

static void show(unsigned output, const struct assignment *a) {
  uint64_t on = (uint64_t)state[output].period_ns * state[output].duty / STEPS;
  put(a, "duty_cycle", false, (uint32_t)on);
  put(a, "enable", false, 1);
}

uint32_t chip_pwm_clock(unsigned output, uint32_t hz) {
  const struct assignment *a = output_of(output);
  if (hz == 0) hz = OWN_HZ;
  if (a == NULL) return hz;
  if (!state[output].is_open) put(a, "export", true, a->line);
  state[output].is_open = true;
  /* A period below the time that is on would be refused. */
  put(a, "duty_cycle", false, 0);
  uint32_t period_ns = 1000000000u / hz;
  if (!put(a, "period", false, period_ns)) {
    fprintf(stderr, "latchkey-unit: %s: %s has no output %u with %u Hz that this program may set\n", a->name, a->device, a->line, hz);
    return 0;
  }
  state[output].period_ns = period_ns;
  show(output, a);
  return hz;
}

void chip_pwm_write(unsigned output, unsigned duty) {
  const struct assignment *a = output_of(output);
  if (a == NULL) return;
  state[output].duty = duty > STEPS ? STEPS : duty;
  if (state[output].period_ns == 0) chip_pwm_clock(output, 0);
  else show(output, a);
}
