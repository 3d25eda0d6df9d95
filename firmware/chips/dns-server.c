#include "chips/dns-server.h"
#include <string.h>

#define HEAD 12u
#define RECORD 16u
#define NAME_MOST 255u

enum { RESPONSE = 0x80, QUERY_KIND = 0x78, AUTHORITATIVE = 0x04, RECURSION_WANTED = 0x01, RECURSION_THERE = 0x80 };
enum { TYPE_A = 1, CLASS_IN = 1 };

size_t dns_answer(const uint8_t *asked, size_t length, const uint8_t own[4], uint8_t out[DNS_MESSAGE_MOST]) {
  if (length < HEAD || (asked[2] & (RESPONSE | QUERY_KIND)) || asked[4] != 0 || asked[5] != 1) return 0;
  size_t end = HEAD;
  while (end < length && asked[end] != 0) {
    if (asked[end] > 63) return 0; /* a question's name has no pointers */
    end += 1u + asked[end];
  }
  end += 5; /* the root, type and class */
  if (end > length || end - HEAD > NAME_MOST + 4 || end + RECORD > DNS_MESSAGE_MOST) return 0;
  const uint8_t *type = asked + end - 4;
  int is_address = type[0] == 0 && type[1] == TYPE_A && type[2] == 0 && type[3] == CLASS_IN;
  memcpy(out, asked, end);
  out[2] = (uint8_t)(RESPONSE | AUTHORITATIVE | (asked[2] & RECURSION_WANTED));
  out[3] = RECURSION_THERE;
  memset(out + 6, 0, 6);
  if (!is_address) return end; /* the name is there, and has nothing of this kind */
  out[7] = 1;
  /* Its name is the question's; no time to live, since the phone soon asks other servers for the same name. */
  const uint8_t record[RECORD] = {0xc0, HEAD, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, 0, 0, 4, own[0], own[1], own[2], own[3]};
  memcpy(out + end, record, RECORD);
  return end + RECORD;
}
