/* One AES-128 block (FIPS 197). */
#pragma once
#include <stdint.h>

void aes128_encrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);
void aes128_decrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);
