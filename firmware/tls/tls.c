/* port/tls.h over mbedTLS. A session's memory is the engine's arena, freed when it ends. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* the handshake's extended master secret has no public name */
#include "port/tls.h"
#include <string.h>
#include "chips/chip.h"
#include "main/report.h"
#include "mbedtls/oid.h"
#include "mbedtls/ssl.h"
#include "port/entropy.h"
#include "ssl_misc.h"
#include "tls/memory.h"
#include "tls/pinned.h"
#include "tls/validity.h"

/* Head, nonce and tag of one record, rounded up. */
#define RECORD_EXTRA_BYTES 40u

struct tls {
  void *connection;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config settings;
  mbedtls_x509_crt pinned;
  double earliest_s, latest_s;
  uint8_t *rest; /* what the connection below had no room for */
  size_t rest_bytes;
  uint32_t busy_us;
  bool is_open, is_over;
};

static unsigned sessions;

enum fault tls_fault;

static int chance(void *unused, unsigned char *out, size_t length) {
  (void)unused;
  return entropy_take(out, length) ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int send_below(void *connection, const unsigned char *bytes, size_t length) {
  int taken = tls_wire_send(connection, bytes, length);
  return taken > 0 ? taken : taken == 0 ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int receive_below(void *connection, unsigned char *bytes, size_t length) {
  int given = tls_wire_receive(connection, bytes, length);
  return given > 0 ? given : given == 0 ? MBEDTLS_ERR_SSL_WANT_READ : 0;
}

/*
 * What the library leaves to us. It has no clock here, so every certificate but the pinned ones is compared with what is
 * known of the time. It takes a server without a subjectAltName by its common name, which RFC 6125 6.4.4 gave up.
 */
static int check_certificate(void *of, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
  const struct tls *session = of;
  if (depth == 0 && !mbedtls_x509_crt_has_ext_type(certificate, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME))
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  for (const mbedtls_x509_crt *each = &session->pinned; each; each = each->next)
    if (each == certificate) return 0;
  if (unix_seconds(&certificate->valid_to) < session->earliest_s) *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
  if (unix_seconds(&certificate->valid_from) > session->latest_s) *flags |= MBEDTLS_X509_BADCERT_FUTURE;
  return 0;
}

static enum fault fault_of(const struct tls *session, int result) {
  if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return session->is_open ? 0 : FAULT_LINK_TLS_PROTOCOL;
  if (result == MBEDTLS_ERR_SSL_CONN_EOF && session->is_open) return 0;
  if (tls_memory_was_short()) return FAULT_LINK_TLS_MEMORY;
  if (result != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return FAULT_LINK_TLS_PROTOCOL;
  const uint32_t time = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
  uint32_t flags = mbedtls_ssl_get_verify_result(&session->ssl);
  if (flags & ~(time | MBEDTLS_X509_BADCERT_CN_MISMATCH)) return FAULT_LINK_TLS_ISSUER;
  return flags & MBEDTLS_X509_BADCERT_CN_MISMATCH ? FAULT_LINK_TLS_NAME : FAULT_LINK_TLS_TIME;
}

static enum tls_progress over(struct tls *session, int result) {
  tls_fault = fault_of(session, result);
  session->is_over = true;
  return TLS_OVER;
}

static bool is_waiting(int result) {
  return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static bool set_up(struct tls *session, const struct tls_wish *wish) {
  static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                    MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
  mbedtls_ssl_config *settings = &session->settings;
  if (!pinned_parse(&session->pinned, wish->certificate, wish->certificate_bytes) ||
      mbedtls_ssl_config_defaults(settings, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    return false;
  mbedtls_ssl_conf_min_tls_version(settings, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_authmode(settings, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(settings, &session->pinned, NULL);
  mbedtls_ssl_conf_cert_profile(settings, &mbedtls_x509_crt_profile_suiteb);
  mbedtls_ssl_conf_verify(settings, check_certificate, session);
  mbedtls_ssl_conf_groups(settings, groups);
  /* What the server may send. The library's own call refuses more than what is sent itself, a quarter of it. */
  settings->mfl_code = MBEDTLS_SSL_MAX_FRAG_LEN_4096;
  mbedtls_ssl_conf_rng(settings, chance, NULL);
  if (mbedtls_ssl_setup(&session->ssl, settings) != 0) return false;
  mbedtls_ssl_set_bio(&session->ssl, session->connection, send_below, receive_below, NULL);
  return mbedtls_ssl_set_hostname(&session->ssl, wish->server_name) == 0;
}

struct tls *tls_begin(const struct tls_wish *wish, void *connection) {
  tls_fault = FAULT_LINK_TLS_MEMORY;
  if (sessions == TLS_SESSIONS_MOST) return NULL;
  tls_memory_start();
  struct tls *session = tls_allocate(1, sizeof *session);
  if (session == NULL) return NULL;
  sessions++;
  session->connection = connection;
  session->earliest_s = wish->earliest_s;
  session->latest_s = wish->latest_s;
  mbedtls_x509_crt_init(&session->pinned);
  mbedtls_ssl_config_init(&session->settings);
  mbedtls_ssl_init(&session->ssl);
  if (set_up(session, wish)) return session;
  tls_end(session, false);
  return NULL;
}

/* A server that leaves out the extended master secret (RFC 7627) is refused: sessions could be spliced without it. */
static bool lacks_extended_secret(const struct tls *session) {
  const mbedtls_ssl_context *ssl = &session->ssl;
  return ssl->state > MBEDTLS_SSL_SERVER_HELLO && ssl->handshake != NULL &&
         ssl->handshake->extended_ms != MBEDTLS_SSL_EXTENDED_MS_ENABLED;
}

static enum tls_progress opened(struct tls *session) {
  session->is_open = true;
  mbedtls_ssl_conf_ca_chain(&session->settings, NULL, NULL);
  mbedtls_x509_crt_free(&session->pinned);
  report_number("latchkey: tls handshake us", session->busy_us);
  report_number("latchkey: tls peak", (uint32_t)tls_memory_peak());
  report_number("latchkey: tls holds", (uint32_t)tls_memory_used());
  return TLS_OPEN;
}

static enum tls_progress flush(struct tls *session) {
  while (session->rest_bytes > 0) {
    int taken = mbedtls_ssl_write(&session->ssl, session->rest, session->rest_bytes);
    if (is_waiting(taken)) return TLS_WAITS;
    if (taken < 0) return over(session, taken);
    session->rest_bytes -= (size_t)taken;
    memmove(session->rest, session->rest + taken, session->rest_bytes);
  }
  tls_release(session->rest);
  session->rest = NULL;
  return TLS_WORKED;
}

enum tls_progress tls_step(struct tls *session) {
  tls_memory_note();
  if (session->is_over) return TLS_OVER;
  if (session->is_open) return session->rest ? flush(session) : TLS_WAITS;
  uint64_t from = chip_nanoseconds();
  int result = mbedtls_ssl_handshake_step(&session->ssl);
  session->busy_us += (uint32_t)((chip_nanoseconds() - from) / 1000u);
  chip_watchdog_feed();
  if (is_waiting(result)) return TLS_WAITS;
  if (result != 0) return over(session, result);
  if (lacks_extended_secret(session)) return over(session, MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE);
  return mbedtls_ssl_is_handshake_over(&session->ssl) ? opened(session) : TLS_WORKED;
}

int tls_available(struct tls *session) {
  tls_memory_note();
  if (session->is_over) return -1;
  int result = mbedtls_ssl_read(&session->ssl, NULL, 0);
  if (result < 0 && !is_waiting(result)) {
    over(session, result);
    return -1;
  }
  return (int)mbedtls_ssl_get_bytes_avail(&session->ssl);
}

void tls_read(struct tls *session, uint8_t *bytes, size_t length) {
  mbedtls_ssl_read(&session->ssl, bytes, length);
}

bool tls_write(struct tls *session, const uint8_t *bytes, size_t length) {
  tls_memory_note();
  size_t records = length / MBEDTLS_SSL_OUT_CONTENT_LEN + 2u;
  if (!session->is_open || session->is_over || session->rest) return false;
  if (tls_wire_room(session->connection) < length + records * RECORD_EXTRA_BYTES) return false;
  while (length > 0) {
    int taken = mbedtls_ssl_write(&session->ssl, bytes, length);
    if (is_waiting(taken)) break;
    if (taken < 0) {
      over(session, taken);
      return false;
    }
    bytes += taken;
    length -= (size_t)taken;
  }
  if (length == 0) return true;
  session->rest = tls_allocate(1, length);
  if (session->rest == NULL) {
    over(session, MBEDTLS_ERR_SSL_ALLOC_FAILED);
    return false;
  }
  memcpy(session->rest, bytes, length);
  session->rest_bytes = length;
  return true;
}

void tls_end(struct tls *session, bool is_connected) {
  if (is_connected && session->is_open && !session->is_over) mbedtls_ssl_close_notify(&session->ssl);
  mbedtls_ssl_free(&session->ssl);
  mbedtls_ssl_config_free(&session->settings);
  mbedtls_x509_crt_free(&session->pinned);
  tls_release(session->rest);
  mbedtls_platform_zeroize(session, sizeof *session);
  tls_release(session);
  sessions--;
}
