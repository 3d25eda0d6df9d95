/* Deep sleep: which pins end it at which level, and what ended it. */
#ifdef BOARD_SLEEP
#include "chips/chip.h"
#include "chips/esp32/esp32.h"
#include "chips/esp32/inputs.h"
#include "chips/esp32/last-network.h"

#define PINS 32u
#ifdef BOARD_BUTTON
#define BUTTON (1u << BOARD_BUTTON) /* it closes to ground */
#else
#define BUTTON 0u
#endif

void chip_deep_sleep(uint64_t for_ms, int pin, int before) {
  uint32_t pins = BUTTON, high = 0;
  if (pin >= 0) pins |= 1u << pin;
  if (pin >= 0 && before == 0) high = 1u << pin;
  last_network_recall();
  esp32_sleep(for_ms * 1000u, pins, high);
  inputs_open();
}

enum wake chip_woken_by(void) {
  enum wake woken_by = esp32_woken_by_time() ? WAKE_TIMER : WAKE_START;
  for (unsigned pin = 0; pin < PINS; pin++) {
    if (!esp32_woken_by_pin(pin)) continue;
    if (BUTTON == 1u << pin) return WAKE_BUTTON;
    woken_by = WAKE_PIN;
  }
  return woken_by;
}
#endif
