#include "tls/validity.h"
#include <stdint.h>

/* Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that a leap day comes last. */
static int32_t days(int32_t year, int32_t month, int32_t day) {
  year -= month <= 2;
  int32_t era = year / 400, of_era = year - era * 400;
  int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

double unix_seconds(const mbedtls_x509_time *t) {
  return days(t->year, t->mon, t->day) * 86400.0 + t->hour * 3600 + t->min * 60 + t->sec;
}
