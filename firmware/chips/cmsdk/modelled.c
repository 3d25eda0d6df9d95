/*
 * An analogue input and a PWM output, which neither the MPS2 board nor QEMU has, and the digital inputs, which QEMU leaves out, as words of
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
#define OWN_HZ 1000u

int chip_pin_read(unsigned pin) { return (int)((~LOW_INPUTS >> pin) & 1u); }

unsigned chip_analog_read(unsigned input) { return ANALOG(input) & 0xfffu; }

void chip_pwm_write(unsigned output, unsigned duty) { DUTY(output) = duty; }

uint32_t chip_pwm_clock(unsigned output, uint32_t hz) { return HZ(output) = hz == 0 ? OWN_HZ : hz; }
#endif
