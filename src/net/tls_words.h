#pragma once
/* What went wrong with a TLS connection, in words for people. For tls.c only. */

#include <openssl/ssl.h>

#include "base/err.h"

/** The error that OpenSSL has queued last for `ssl`. `bad`: the certificate that was refused, or
 * NULL; `name`: whom we wanted to reach, or "". */
enum err tls_words(const SSL *ssl, X509 *bad, const char *name, struct fault *why);
