/*
 * An analogue input, a PWM output and a pulse counter, which neither the MPS2 board nor QEMU has, and digital inputs, which QEMU leaves out, as words of
 * memory that the emulator shares with its file: in the last sector of the 16 MB, which the flash map leaves free. Test builds alone contain this; what lies above it
 * is what would drive real ones. boards/qemu-mps2/host/modelled-io.ts is the other side.
 */
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"

#ifdef BOARD_MODELLED
#define MODEL(offset) REGISTER(0x21fff000u + (offset))
#define ANALOG(input) MODEL(4u * (input))
#define DUTY(output) MODEL(0x80u + 8u * (output))
#define HZ(output) MODEL(0x84u + 8u * (output))
/* A bit for each input, 0 where it is high: erased memory is no pressed button. */
#define LOW_INPUTS MODEL(0x100u)
/* The same for the switches of a bank, and a counter's pulses as their complement. */
#define LOW_SWITCHES MODEL(0x104u)
#define PULSES(counter) ((int32_t)~MODEL(0x108u + 4u * (counter)))
#define OWN_HZ 1000u

int chip_pin_read(unsigned pin) { return (int)((~LOW_INPUTS >> pin) & 1u); }

uint32_t model_switches(void);
uint32_t model_switches(void) { return ~LOW_SWITCHES & 0xffu; }

static int32_t counted_from[1];
int32_t chip_pulse_get(unsigned counter) { return PULSES(counter) - counted_from[counter]; }
void chip_pulse_set(unsigned counter, int32_t count) { counted_from[counter] = PULSES(counter) - count; }

unsigned chip_analog_read(unsigned input) { return ANALOG(input) & 0xfffu; }

void chip_pwm_write(unsigned output, unsigned duty) { DUTY(output) = duty; }

uint32_t chip_pwm_clock(unsigned output, uint32_t hz) { return HZ(output) = hz == 0 ? OWN_HZ : hz; }
#endif
