/* Starts, restarts and faults of boot stage and runtime, and the memory that lies between them. */
#include "boot/start.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "chips/chip.h"
#include "chips/linux/linux.h"
#include "main/report.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* from Linux 6.3 on */
#endif
#define IMAGE_BYTES_MOST REGION_NATIVEA_BYTES

struct kept *kept;
static int image = -1;

void kept_open(void) {
  kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED, KEPT_FD, 0);
  if (kept == MAP_FAILED) stop("start it without LATCHKEY_ROLE", "no supervisor");
  handoff = kept->handoff;
  chip_flash_operations = kept->flash_operations;
}

void chip_restart(void) {
  kept->handoff = handoff;
  _exit(EXIT_RESTART);
}

/* The boot stage copies the native image here and verifies the copy: what was verified is what runs. */
void chip_open_image_memory(void) {
  image = memfd_create("latchkey-image", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (image < 0 && errno == EINVAL) image = memfd_create("latchkey-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (image < 0 || ftruncate(image, IMAGE_BYTES_MOST) != 0) stop(strerror(errno), "memory for the image");
  void *wanted = (void *)(uintptr_t)IMAGE_ADDRESS;
  if (mmap(wanted, IMAGE_BYTES_MOST, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, image, 0) != wanted)
    stop(strerror(errno), "memory for the image");
}

/* After the seals nobody can change it any more, with whatever right. */
void start_image(const uint32_t *vectors) {
  static char name[] = "latchkey-unit";
  extern char **environ;
  munmap((void *)(uintptr_t)vectors, IMAGE_BYTES_MOST);
  if (fcntl(image, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    stop(strerror(errno), "seals of the image");
  kept->handoff = handoff;
  setenv("LATCHKEY_ROLE", "runtime", 1);
  fexecve(image, (char *[]){name, NULL}, environ);
  report_and_restart(RESET_FAULT, "the image is not a program for this machine");
}
