/* Control and status registers of machine mode (The RISC-V Instruction Set Manual, volume II, 20211203), and registers in memory. */
#pragma once
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define REGISTER_8(address) (*(volatile uint8_t *)(address))

#define CSR_READ(name, value) __asm volatile("csrr %0, " name : "=r"(value))
#define CSR_WRITE(name, value) __asm volatile("csrw " name ", %0" : : "r"(value) : "memory")
#define CSR_SET(name, bits) __asm volatile("csrs " name ", %0" : : "r"(bits) : "memory")
#define CSR_CLEAR(name, bits) __asm volatile("csrc " name ", %0" : : "r"(bits) : "memory")

#define MSTATUS_MIE (1u << 3)
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)
#define MCAUSE_INTERRUPT (1u << 31)
#define MCAUSE_TIMER 7u
