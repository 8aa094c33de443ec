#pragma once
/* What a DTLS 1.2 association still needs once it has given its SRTP keys: to hear the peer's
 * goodbye, to say its own, and, as a server, to repeat its last flight when the peer repeats its
 * Finished (RFC 6347 §4.2.4). That takes 200 bytes where OpenSSL's connection takes 37 KB. For
 * AES-GCM suites (RFC 5288), which browsers use. Pure; not threaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct dtls_tail;
struct ssl_st; /* OpenSSL's connection */

enum { DTLS_TAIL_KEY_MAX = 32, DTLS_TAIL_IV = 4, DTLS_TAIL_GOODBYE_LEN = 39 };

struct dtls_tail_keys { /* of epoch 1, each direction's */
    size_t key_len;
    uint8_t tx_key[DTLS_TAIL_KEY_MAX], rx_key[DTLS_TAIL_KEY_MAX];
    uint8_t tx_iv[DTLS_TAIL_IV], rx_iv[DTLS_TAIL_IV];
};
/** Out of a connection whose handshake is done. False: its cipher suite is another one. */
bool dtls_tail_keys_of(struct dtls_tail_keys *out, struct ssl_st *ssl, bool is_client);

/** `flight` is the datagram that ended the handshake, empty for a client. Both are copied. */
struct dtls_tail *dtls_tail_create(const struct dtls_tail_keys *keys, struct slice flight);
void dtls_tail_destroy(struct dtls_tail *tail); /* wipes; NULL is fine */

/* In the order in which one counts more than another. */
enum dtls_tail_news {
    DTLS_TAIL_NOTHING,
    DTLS_TAIL_REPEATED, /* the peer did not get our last flight */
    DTLS_TAIL_ABORTED,  /* a fatal alert */
    DTLS_TAIL_CLOSED,   /* close_notify */
};
/** What an authentic record of this datagram says; others say nothing. */
enum dtls_tail_news dtls_tail_feed(const struct dtls_tail *tail, struct slice datagram);
struct slice dtls_tail_flight(const struct dtls_tail *tail);
/** A close_notify. */
void dtls_tail_goodbye(const struct dtls_tail *tail, uint8_t out[DTLS_TAIL_GOODBYE_LEN]);
