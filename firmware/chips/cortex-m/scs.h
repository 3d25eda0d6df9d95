/* System control space of an ARMv7-M core (ARM DDI 0403E, B3.2). */
#pragma once
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define NVIC_ISER(n) REGISTER(0xE000E100u + 4u * (n))
#define NVIC_ICER(n) REGISTER(0xE000E180u + 4u * (n))
#define SCB_ICSR REGISTER(0xE000ED04u)
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_AIRCR REGISTER(0xE000ED0Cu)
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_BFAR REGISTER(0xE000ED38u)
#define MPU_CTRL REGISTER(0xE000ED94u)
#define MPU_RNR REGISTER(0xE000ED98u)
#define MPU_RBAR REGISTER(0xE000ED9Cu)
#define MPU_RASR REGISTER(0xE000EDA0u)

static inline void irq_enable(unsigned irq) { NVIC_ISER(irq / 32) = 1u << (irq % 32); }
static inline void irq_disable(unsigned irq) { NVIC_ICER(irq / 32) = 1u << (irq % 32); }
