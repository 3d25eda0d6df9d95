/* I2C and SPI by the kernel's devices (linux/i2c-dev.h, linux/spi/spidev.h). */
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/assign.h"
#include "chips/linux/linux.h"
#include "port/i2c.h"
#include "port/io.h"

#define I2C_BYTES_MOST 256u /* of one transfer (src/app/io/i2c.ts) */
#define BUSES 4

/* The file of a bus, opened once; -1 when there is none. */
static int bus_file(int kind, unsigned number, int files[BUSES]) {
  char path[ASSIGN_WORD + 8];
  if (number >= BUSES) return -1;
  if (files[number] != 0) return files[number];
  files[number] = -1;
  const struct assignment *a = assignment_of_resource(kind, number);
  if (a == NULL) return -1;
  snprintf(path, sizeof path, a->device[0] == '/' ? "%s" : "/dev/%s", a->device);
  files[number] = open(path, O_RDWR | O_CLOEXEC);
  if (files[number] < 0) fprintf(stderr, "latchkey-unit: %s: %s\n", path, strerror(errno));
  return files[number];
}

/* The bus has the clock that the system gave it. */
uint32_t i2c_clock(uint32_t hz) { return hz; }

/* The kernel ends what it is given with a stop, so a write without one waits for what follows. */
static struct {
  bool waits;
  unsigned bus;
  uint16_t length, address;
  uint8_t bytes[I2C_BYTES_MOST];
} before;

static bool i2c_transfer(unsigned bus, struct i2c_msg *message) {
  static int files[BUSES];
  struct i2c_msg messages[2] = {{.addr = before.address, .len = before.length, .buf = before.bytes}, *message};
  bool joined = before.waits && before.bus == bus;
  struct i2c_rdwr_ioctl_data all = {.msgs = joined ? messages : messages + 1, .nmsgs = joined ? 2 : 1};
  int file = bus_file(IO_I2C, bus, files);
  before.waits = false;
  return file >= 0 && ioctl(file, I2C_RDWR, &all) == (int)all.nmsgs;
}

bool i2c_write(unsigned bus, uint32_t address, const uint8_t *bytes, size_t length, bool stop) {
  struct i2c_msg message = {.addr = (uint16_t)address, .len = (uint16_t)length, .buf = (uint8_t *)(uintptr_t)bytes};
  if (length > I2C_BYTES_MOST) return false;
  if (stop) return i2c_transfer(bus, &message);
  before.waits = true;
  before.bus = bus;
  before.address = message.addr;
  before.length = message.len;
  memcpy(before.bytes, bytes, length);
  return true;
}

bool i2c_read(unsigned bus, uint32_t address, uint8_t *bytes, size_t length, bool stop) {
  (void)stop;
  struct i2c_msg message = {.addr = (uint16_t)address, .flags = I2C_M_RD, .len = (uint16_t)length, .buf = bytes};
  return length <= I2C_BYTES_MOST && i2c_transfer(bus, &message);
}

static int spi_files[BUSES];

uint32_t chip_spi_clock(unsigned bus, uint32_t hz, unsigned mode) {
  int file = bus_file(IO_SPI, bus, spi_files);
  uint8_t bits = (uint8_t)(mode & 3u);
  if (file < 0 || ioctl(file, SPI_IOC_WR_MODE, &bits) != 0 || ioctl(file, SPI_IOC_WR_MAX_SPEED_HZ, &hz) != 0) return 0;
  return ioctl(file, (int)SPI_IOC_RD_MAX_SPEED_HZ, &hz) == 0 ? hz : 0;
}

/* One message: the device's own select line is active from its first byte to its last. */
bool chip_spi_message(unsigned bus, const uint8_t *out, uint8_t *in, size_t length) {
  struct spi_ioc_transfer transfer = {.tx_buf = (uintptr_t)out, .rx_buf = (uintptr_t)in, .len = (uint32_t)length};
  int file = bus_file(IO_SPI, bus, spi_files);
  return file >= 0 && ioctl(file, SPI_IOC_MESSAGE(1), &transfer) >= 0;
}
