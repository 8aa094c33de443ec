#pragma once
/* Secrets in messages made unreadable, in place and without changing any length, so that
 * Content-Length still holds. Any thread. */

#include <stddef.h>

/** Digest responses and other credentials in (Proxy-)Authorization, headers that are called token,
 * key, secret or password, all of X-Siperb-*, SDES keys and ICE passwords. */
void trace_mask_sip(char *text, size_t len);
/** Values of such keys in JSON, and the same lines of SDP inside its strings. */
void trace_mask_json(char *text, size_t len);
