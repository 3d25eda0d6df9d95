/* The two PCI devices of the board: its flash and its radio line. */
#pragma once
#define PCI_SERIAL 0x03001000u /* in the window of ports */
#define PCI_FLASH 0x41000000u

/* Gives both their addresses; anew after each reset. */
void pci_start(void);
