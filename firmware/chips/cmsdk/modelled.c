/*
 * An analogue input and a PWM output, which neither the MPS2 board nor QEMU has, as words of memory that the emulator shares with its
 * file: in the last sector of the 16 MB, which the flash map leaves free. Test builds alone contain this; what lies above it
 * is what would drive real ones. boards/qemu-mps2/host/modelled-io.ts is the other side.
 */
#include "chips/chip.h"
#include "chips/cortex-m/scs.h"

#ifdef BOARD_MODELLED
#define MODEL(offset) REGISTER(0x21fff000u + (offset))
#define ANALOG(input) MODEL(4u * (input))
#define DUTY(output) MODEL(0x80u + 8u * (output))
#define HZ(output) MODEL(0x84u + 8u * (output))
#define OWN_HZ 1000u

unsigned chip_analog_read(unsigned input) { return ANALOG(input) & 0xfffu; }

void chip_pwm_write(unsigned output, unsigned duty) { DUTY(output) = duty; }

uint32_t chip_pwm_clock(unsigned output, uint32_t hz) { return HZ(output) = hz == 0 ? OWN_HZ : hz; }
#endif
