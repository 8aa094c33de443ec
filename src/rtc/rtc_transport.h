#pragma once
/* WebRTC media: ICE, DTLS and SRTP on one UDP port per media thread (RFC 8445, 5764, 7983). The rtc
 * object holds the certificate and the ports. Create and describe on control; the transport then
 * lives on its media thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"
#include "rtc/ice_uri.h"
#include "rtc/rtc_candidate.h"

struct media;
struct media_stream;
struct media_transport;
struct rtc;

struct rtc_config {
    uint16_t first_port;  /* thread n binds first_port + n; 0: any free port */
    struct addr bind;     /* unset: 0.0.0.0 */
    const char *cert_pem; /* ECDSA P-256 certificate and key, PEM text; NULL: make one */
    const char *key_pem;
};
MUST_CHECK enum err rtc_create(struct rtc **out, struct media *media,
                               const struct rtc_config *config, struct fault *fault);
/** After every stream is destroyed, before media_destroy(): each port is closed on its thread. */
void rtc_destroy(struct rtc *rtc);
uint16_t rtc_port(const struct rtc *rtc, unsigned thread);
/** "AB:CD:…", SHA-256 of our certificate. */
const char *rtc_fingerprint(const struct rtc *rtc);

enum rtc_setup { RTC_SETUP_ACTPASS, RTC_SETUP_ACTIVE, RTC_SETUP_PASSIVE };
enum {
    RTC_UFRAG_MAX = 256,
    RTC_PWD_MAX = 256,
    RTC_FINGERPRINT_MAX = 3 * 64,
    RTC_CANDIDATES_MAX = 20
};

struct rtc_local {
    char ufrag[16], pwd[40];
};
struct rtc_remote {
    char ufrag[RTC_UFRAG_MAX + 1], pwd[RTC_PWD_MAX + 1];
    char fingerprint_hash[16];                 /* "sha-256", also sha-1, sha-384, sha-512 */
    char fingerprint[RTC_FINGERPRINT_MAX + 1]; /* "AB:CD:…", either case */
    enum rtc_setup local_setup; /* ours: ACTIVE makes us the DTLS client, the others the server */
    bool ice_lite;              /* a=ice-lite: the peer cannot check, so we control */
};

/** An ICE-lite (answering) transport for `thread`; fills `local` with its credentials. */
struct media_transport *rtc_transport_create(struct rtc *rtc, unsigned thread,
                                             struct rtc_local *local);

/* The full agent, for the side that offers or sits behind NAT. Every stream has a UDP port of its
 * own here: a far end that serves many calls on one port could not be told apart on a shared one.
 */
enum rtc_ice_policy { RTC_ICE_ALL, RTC_ICE_RELAY /* relayed candidates only */ };
enum { RTC_ICE_SERVERS_MAX = 8, RTC_GATHER_MS = 5000 /* patience with silent servers */ };
struct rtc_ice_server {
    struct ice_uri uri;
    struct addr addr; /* of uri.host; unset is fine for a number, names the caller resolves */
    const char *username, *password; /* of TURN */
};
struct rtc_ice_config { /* borrowed until return; zero: host candidates only, controlled */
    bool controlling;   /* we offer (RFC 8445 §6.1.1); a conflict is settled anyway */
    enum rtc_ice_policy policy;
    const struct rtc_ice_server *servers;
    size_t n_servers;
    struct addr bind;    /* unset: every local IPv4 address but loopback is a host candidate */
    const char *ca_file; /* trusted for `turns:` in place of the system's; PEM */
};
/** Gathering begins with the stream; media_events.on_transport is given a struct rtc_event for each
 * candidate and one at the end, after which an offer is complete. The names of trickle's candidates
 * that end in .local are not for rtc_transport_add_candidate(): checks tell the addresses. */
struct media_transport *rtc_transport_create_full(struct rtc *rtc, unsigned thread,
                                                  const struct rtc_ice_config *config,
                                                  struct rtc_local *local);

enum rtc_event_kind { RTC_EVENT_CANDIDATE, RTC_EVENT_GATHERED };
struct rtc_event {
    enum rtc_event_kind kind;
    /* RTC_EVENT_CANDIDATE: one of ours for the SDP, component 1, UDP */
    enum rtc_candidate_type type;
    uint32_t priority;
    char foundation[RTC_FOUNDATION_TEXT];
    struct addr addr, related; /* related: raddr and rport; unset for a host candidate */
};

/** The peer's half, once its SDP is known. A change of ufrag or fingerprint restarts (RFC 8842). */
void rtc_transport_set_remote(struct media_stream *stream, const struct rtc_remote *remote);
/** A candidate, trickled or of the SDP, after the rtc_remote that it belongs to; ICE-lite only
 * counts them, checks tell the address. */
void rtc_transport_add_candidate(struct media_stream *stream,
                                 const struct rtc_candidate *candidate);
/** New credentials for an answer to an ICE restart (RFC 8445 §9); the old ones stay good until the
 * peer uses the new. Media goes on; DTLS only restarts when the fingerprint changes. A full agent's
 * candidates stay what they were, and are not reported again. */
void rtc_transport_restart(struct media_stream *stream, struct rtc_local *local);
