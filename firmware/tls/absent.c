/* An image without TLS. */
#include "port/tls.h"

enum fault tls_fault;

struct tls *tls_begin(const struct tls_wish *wish, void *connection) {
  (void)wish, (void)connection;
  tls_fault = FAULT_LINK_TLS_ABSENT;
  return NULL;
}
enum tls_progress tls_step(struct tls *session) {
  (void)session;
  return TLS_OVER;
}
int tls_available(struct tls *session) {
  (void)session;
  return -1;
}
void tls_read(struct tls *session, uint8_t *bytes, size_t length) { (void)session, (void)bytes, (void)length; }
bool tls_write(struct tls *session, const uint8_t *bytes, size_t length) {
  (void)session, (void)bytes, (void)length;
  return false;
}
void tls_end(struct tls *session, bool is_connected) { (void)session, (void)is_connected; }
