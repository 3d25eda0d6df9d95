/* An image without TLS. */
#include "port/tls.h"

enum fault tls_fault;

bool tls_begin(const struct tls_wish *wish, void *connection) {
  (void)wish, (void)connection;
  tls_fault = FAULT_LINK_TLS_ABSENT;
  return false;
}
enum tls_progress tls_step(void) { return TLS_OVER; }
int tls_available(void) { return -1; }
void tls_read(uint8_t *bytes, size_t length) { (void)bytes, (void)length; }
bool tls_write(const uint8_t *bytes, size_t length) {
  (void)bytes, (void)length;
  return false;
}
void tls_end(bool is_connected) { (void)is_connected; }
