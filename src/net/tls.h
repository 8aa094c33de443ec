#pragma once
/* TLS 1.2 and 1.3 (RFC 5246, RFC 8446) as an engine: ciphertext in, plaintext out, and back. It
 * holds no socket, clock or callback; tcp.h drives it. One thread at a time for each object; a
 * context may serve connections of one thread only, too. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct tls;
struct tls_context;

/** PEM: text wins over files. The file of the certificate may hold its chain. */
struct tls_server_config {
    const char *cert_file, *key_file;
    const char *cert_pem, *key_pem;
};

struct tls_client_config {
    const char *ca_file; /* PEM with the CAs to trust; NULL or "": the system's */
    bool insecure;       /* take any certificate: the owner was told and wants it */
};

/** ERR_INVALID: `fault` names the file and says what is wrong with it. */
MUST_CHECK enum err tls_context_create_server(struct tls_context **out,
                                              const struct tls_server_config *config,
                                              struct fault *fault);
MUST_CHECK enum err tls_context_create_client(struct tls_context **out,
                                              const struct tls_client_config *config,
                                              struct fault *fault);
/** Connections that were made with it go on. NULL is fine. */
void tls_context_destroy(struct tls_context *context);

/** `name`: the host or numeric address that the server's certificate must be for (RFC 6125), and
 * the SNI when it is a host; not used by servers. The handshake begins with the first tls_read().
 */
struct tls *tls_create(const struct tls_context *context, struct slice name);
void tls_destroy(struct tls *tls); /* NULL is fine */

/** Bytes from the network; then call tls_read() until ERR_AGAIN. */
void tls_feed(struct tls *tls, struct slice bytes);
/** Go on with the handshake and give up to `cap` bytes of plaintext. ERR_AGAIN: nothing now.
 * ERR_CLOSED: the far end ended it in order. ERR_AUTH: its certificate is no good. ERR_REFUSED: it
 * sent an alert. ERR_PARSE: it speaks something else. `why` (may be NULL) is a sentence for people
 * with all of the last three. */
MUST_CHECK enum err tls_read(struct tls *tls, void *out, size_t cap, size_t *len,
                             struct fault *why);
/** The handshake is done, and the certificate was good. */
bool tls_is_open(const struct tls *tls);
/** ERR_MISUSE: not open. ERR_CLOSED: ended. */
MUST_CHECK enum err tls_write(struct tls *tls, struct slice plain);
/** Take up to `cap` bytes that are to be sent to the far end; 0: none are left. Call it after each
 * of the others. */
size_t tls_take(struct tls *tls, void *out, size_t cap);
/** Say that nothing more comes (close_notify). */
void tls_close(struct tls *tls);
/** "TLSv1.3 TLS_AES_128_GCM_SHA256", for people; "" before it is open. */
void tls_describe(const struct tls *tls, char *out, size_t cap);
/** "CN = sip.example.com, by CN = Some CA, until Jan 31 12:00:00 2027 GMT": the certificate that
 * the far end showed, good or not; "" when it showed none. */
void tls_describe_peer(const struct tls *tls, char *out, size_t cap);
