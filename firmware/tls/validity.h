/* The validity times of certificates. */
#pragma once
#include "mbedtls/x509.h"

/* Unix seconds of a moment in UTC, also for years that a 32-bit number of seconds can't name. */
double unix_seconds(const mbedtls_x509_time *time);
