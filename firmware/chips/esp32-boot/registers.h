/* Registers that the boot stage sets by itself; addresses as in the vendor's reference manuals and the crates esp32c3 and esp32c6. */
#pragma once
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART_FIFO REGISTER(0x60000000u)
#define UART_STATUS REGISTER(0x6000001cu) /* received from bit 0, waiting to be sent from bit 16 */

#ifdef CHIP_ESP32C3
#define SYSTIMER 0x60023000u
#define USB 0x60043000u
#define CACHE_CONTROL REGISTER(0x600c4004u)
#define WATCHDOG_FEED REGISTER(0x600080a4u)
#define WATCHDOG_LOCK REGISTER(0x600080a8u)
#else
#define SYSTIMER 0x6000a000u
#define USB 0x6000f000u
#define CACHE_CONTROL REGISTER(0x600c8004u)
#define WATCHDOG_FEED REGISTER(0x600b1c14u)
#define WATCHDOG_LOCK REGISTER(0x600b1c18u)
#endif

#define SYSTIMER_UPDATE REGISTER(SYSTIMER + 0x04u)
#define SYSTIMER_HIGH REGISTER(SYSTIMER + 0x40u)
#define SYSTIMER_LOW REGISTER(SYSTIMER + 0x44u)
#define USB_FIFO REGISTER(USB)
#define USB_STATE REGISTER(USB + 0x04u) /* bit 0 sends what was written, 1 there is room, 2 something came */
