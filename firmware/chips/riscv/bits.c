/* What the compiler calls for a number's lowest bit: the allocator does, twice for each piece. libgcc's takes twice as long. */
#include <stdint.h>

int __ctzsi2(uint32_t number);

/* The five bits that a lone bit shifts to the top of a de Bruijn sequence say where it was. */
int __ctzsi2(uint32_t number) {
  static const uint8_t places[32] = {0,  1,  28, 2,  29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4,  8,
                                     31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6,  11, 5,  10, 9};
  return places[((number & -number) * 0x077cb531u) >> 27];
}
