/* The definitions that lwIP requires of the compiler and the platform. */
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include "main/report.h"

uint32_t entropy_word(void);
#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) report_and_restart(RESET_FAULT, "lwip: " x)
#define LWIP_RAND() entropy_word()
typedef uint32_t sys_prot_t;
