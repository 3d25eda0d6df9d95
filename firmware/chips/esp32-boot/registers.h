/* Registers that the boot stage sets by itself; those that differ by chip are in CHIP_FILE. */
#pragma once
#include <stdint.h>
#include CHIP_FILE

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART_FIFO REGISTER(0x60000000u)
#define UART_STATUS REGISTER(0x6000001cu) /* received from bit 0, waiting to be sent from bit 16 */

#define CACHE_CONTROL REGISTER(CACHE_CONTROL_ADDRESS)
#define WATCHDOG_FEED REGISTER(WATCHDOG_FEED_ADDRESS)
#define WATCHDOG_LOCK REGISTER(WATCHDOG_LOCK_ADDRESS)

#define SYSTIMER_UPDATE REGISTER(SYSTIMER_ADDRESS + 0x04u)
#define SYSTIMER_HIGH REGISTER(SYSTIMER_ADDRESS + 0x40u)
#define SYSTIMER_LOW REGISTER(SYSTIMER_ADDRESS + 0x44u)
#define USB_FIFO REGISTER(USB_ADDRESS)
#define USB_STATE REGISTER(USB_ADDRESS + 0x04u) /* bit 0 sends what was written, 1 there is room, 2 something came */
