#pragma once
/* The load generator's parts. A *subject* is a process that relays calls; each call has a browser's
 * end (A: ICE, DTLS, SRTP, from an address of its own in 127.1/16, or plain RTP) and a SIP end (B:
 * plain RTP, or SRTP by SDES, from one in 127.2/16). The generator plays both ends of every call at
 * 50 packets a second. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "media/srtp_sdes.h"
#include "net/addr.h"

enum {
    CALLS_MAX = 8000,
    PACKETS_A_SECOND = 50,
    PAYLOAD_MAX = 160,
    CREDENTIAL_MAX = 128,
    FINGERPRINT_MAX = 200,
    SUBJECT_CORE = 1, /* the last core is the subject's, the first the generator's */
};
enum bench_kind {
    BENCH_RELAY,      /* SRTP at A, RTP at B */
    BENCH_RELAY_RTP,  /* RTP at both */
    BENCH_RELAY_SRTP, /* SRTP at both */
    BENCH_TRANSCODE,  /* SRTP and Opus at A, RTP and PCMU at B */
};

struct dtls;
struct srtp_session;

/* What a subject says about its side of a call. */
struct offer {
    struct addr a, b;
    char ufrag[CREDENTIAL_MAX], pwd[CREDENTIAL_MAX]; /* "": A is plain */
    char fingerprint[FINGERPRINT_MAX];
    char key[SRTP_SDES_TEXT]; /* that it sends with to B; "": plain */
};
/* What the generator says about its own. */
struct ends {
    struct addr a, b;
    const char *ufrag, *pwd, *fingerprint;
    const char *key; /* that B sends with */
};
/* How a subject hears an end, by its own counters. */
struct heard {
    uint64_t packets, lost;
    int64_t reordered, jitter_us;
};

struct subject {
    const char *name;
    pid_t pid;
    int fd; /* the way to it */
    enum bench_kind kind;
    bool (*open)(struct subject *subject, size_t index, const struct ends *ends,
                 struct offer *offer);
    /** Its counters of a call, at most a second old; NULL: it is not asked. */
    bool (*heard)(struct subject *subject, size_t index, struct heard *a, struct heard *b);
};

/* engine.c: our media engine, a process without signalling */
/** `shared`: B's ends share a port of its, as with `rtp: shared`. */
bool engine_start(struct subject *subject, enum bench_kind kind, bool shared);
/* forwarder.c: recvmmsg and sendmmsg, nothing else: the limit */
bool forwarder_start(struct subject *subject, enum bench_kind kind);
/* rtpengine.c: the peer; false when it is not installed */
bool rtpengine_start(struct subject *subject, enum bench_kind kind);

/* process.c */
/** Fork a child bound to the subject's core, with one end of a socket pair. 0 in the child. */
pid_t process_fork(int *fd);
void process_pin(unsigned core);
int64_t process_cpu_ns(pid_t pid);
int64_t process_rss_kb(pid_t pid);
void process_end(struct subject *subject);
int64_t now_ns(void);

/* generator.c */
struct generator;
struct step {
    unsigned calls;
    uint64_t sent, lost;
    int64_t cpu_ns; /* of the subject */
    double busy;    /* share of its core */
    double ns_per_packet;
    int64_t delay_p50_us, delay_p99_us, delay_max_us; /* A to B; -1: not to be seen */
    bool generator_late; /* it could not keep up: not the subject's fault */
};
struct generator *generator_create(struct subject *subject, unsigned max_calls);
void generator_destroy(struct generator *generator);
/** Set calls up until there are so many; false: the subject does not follow. */
bool generator_grow(struct generator *generator, unsigned calls);
/* What is done to the packets on their way to the subject, in thousandths of them, and was done. */
struct faults {
    unsigned loss, swap, late; /* swap: only B, for an SRTP sender keeps its order */
};
struct side_done {
    uint64_t sent, lost, swapped, late, got;
};
/** All of them talk for `ms` over a bad line, then a little over a good one. */
void generator_spoil(struct generator *generator, int64_t ms, const struct faults *faults,
                     struct side_done *a, struct side_done *b);
/** All of them talk for `ms`. */
void generator_run(struct generator *generator, int64_t ms, struct step *step);

/* browser.c: the browser's ends */
struct browser;
typedef void (*browser_send_fn)(void *owner, size_t index, const void *bytes, size_t len);
struct browser *browser_create(size_t max_calls, browser_send_fn send, void *owner);
void browser_destroy(struct browser *browser);
const char *browser_fingerprint(const struct browser *browser);
const char *browser_ufrag(const struct browser *browser);
const char *browser_pwd(const struct browser *browser);
void browser_call(struct browser *browser, size_t index, const struct offer *offer);
/** STUN or DTLS that came for a call. */
void browser_feed(struct browser *browser, size_t index, const void *bytes, size_t len,
                  const struct addr *from);
/** Repeat what got lost. */
void browser_tick(struct browser *browser, size_t n_calls);
/** Checks that are due of calls that last (RFC 7675). */
void browser_consent(struct browser *browser, size_t n_calls);
bool browser_is_up(const struct browser *browser, size_t index);
struct srtp_session *browser_tx(const struct browser *browser, size_t index); /* NULL: plain */
struct srtp_session *browser_rx(const struct browser *browser, size_t index);

/* soak.c: `bench soak`: what is injected must be what is counted. The exit code. */
int soak_run(int64_t seconds, unsigned calls);

/* sockets.c: `bench sockets`: ways to receive and send. The exit code. */
int sockets_run(void);

/* main.c: what it ran on; the caller's reference */
struct json_t *machine(void);

/* sounds.c: what is said, encoded once */
struct sounds {
    uint8_t opus[PACKETS_A_SECOND][400];
    size_t opus_len[PACKETS_A_SECOND];
    uint8_t pcmu[PACKETS_A_SECOND][PAYLOAD_MAX];
    double codec_ns; /* of one call's packet pair through the codec libraries alone */
};
void sounds_make(struct sounds *sounds);
