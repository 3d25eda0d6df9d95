/*
 * QEMU's `virt` machine has one serial line and flash of 256 KB sectors. So the radio line is `pci-serial` in slot 1, and the flash
 * memory of a file, `ivshmem-plain` in slot 2. Both want an address (PCI Local Bus Specification 3.0, section 6.2).
 */
#include "chips/virt/pci.h"
#include "chips/riscv/csr.h"

#define CONFIGURATION(slot, offset) REGISTER(0x30000000u + ((slot) << 15) + (offset))
#define COMMAND 0x04u
#define BASE(number) (0x10u + 4u * (number))
#define PORTS_ON 1u
#define MEMORY_ON 2u
#define PORTS_WINDOW 0x03000000u

void pci_start(void) {
  CONFIGURATION(1u, BASE(0u)) = PCI_SERIAL - PORTS_WINDOW;
  CONFIGURATION(1u, COMMAND) = PORTS_ON;
  CONFIGURATION(2u, BASE(0u)) = 0x40000000u; /* its doorbells, which nobody rings */
  CONFIGURATION(2u, BASE(2u)) = PCI_FLASH; /* 64 bits wide, the upper ones are 0 */
  CONFIGURATION(2u, BASE(3u)) = 0;
  CONFIGURATION(2u, COMMAND) = MEMORY_ON;
}
