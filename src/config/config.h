#pragma once
/* The configuration as a value: defaults < tandem.yaml < .env < environment < command line. Read
 * once at start and again on reload; whoever keeps a part of it copies that part. Texts are never
 * NULL, "" stands for "not set". No sockets, no names resolved. Any thread; not shared. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/slice.h"

enum {
    CONFIG_BINDS_MAX = 8,
    CONFIG_LIST_MAX = 64, /* items of any list of texts */
    CONFIG_TRUNKS_MAX = 256,
    CONFIG_ROUTES_MAX = 1000,
    CONFIG_USERS_MAX = 1000,
    CONFIG_SCRIPTS_MAX = 1000,
    CONFIG_TEXT_MAX = 1024, /* bytes of any one value */
    CONFIG_WEAK_PASSWORD = 12,
    CONFIG_AUTO = -1, /* a number that is found by itself */
};

/** What a bare "/" WebSocket on an HTTP listener is. */
enum config_root { CONFIG_ROOT_BRIDGE, CONFIG_ROOT_RELAY };

/** A local address, numeric. Port 0: any free one. */
struct config_bind {
    char host[64]; /* "127.0.0.1", "::1", "0.0.0.0"; without brackets */
    uint16_t port;
    enum config_root root; /* HTTP listeners only */
    bool needs_auth;       /* the bridge there takes nothing before a token */
};

struct config_binds {
    struct config_bind items[CONFIG_BINDS_MAX];
    size_t n;
    bool is_auto; /* of SIP over TCP and TLS: beside each listener of UDP */
};

struct config_list {
    char **items;
    size_t n;
};

/** Name and value, in the order written: the X- headers of a trunk. */
struct config_pair {
    char *name, *value;
};
struct config_pairs {
    struct config_pair *items;
    size_t n;
};

struct config_range {
    uint16_t low, high; /* inclusive; 0-0: any free port */
};

enum config_trunk_type { CONFIG_TRUNK_SIP, CONFIG_TRUNK_KANDY };
enum config_dialect {
    CONFIG_DIALECT_AUTO,
    CONFIG_DIALECT_SEED,
    CONFIG_DIALECT_LINK,
    CONFIG_DIALECT_UC
};
enum config_numbers { CONFIG_NUMBERS_NONE, CONFIG_NUMBERS_UAE };
enum config_transport { CONFIG_UDP, CONFIG_TCP, CONFIG_TLS };
enum config_auto { CONFIG_SWITCH_AUTO, CONFIG_SWITCH_YES, CONFIG_SWITCH_NO };
enum config_srtp { CONFIG_SRTP_OFF, CONFIG_SRTP_OPTIONAL, CONFIG_SRTP_REQUIRED };
enum config_rtp { CONFIG_RTP_OWN, CONFIG_RTP_SHARED }; /* a call's ports, or its media thread's */
enum config_dtmf { CONFIG_DTMF_AUTO, CONFIG_DTMF_RFC4733, CONFIG_DTMF_INFO, CONFIG_DTMF_INBAND };
enum config_order { CONFIG_IN_TURN, CONFIG_AT_ONCE, CONFIG_BY_WEIGHT };
/* Who makes the new call when one through a trunk is transferred to a number of that trunk: we, or
 * its far end by REFER. */
enum config_transfer { CONFIG_TRANSFER_LOCAL, CONFIG_TRANSFER_PASS };
/* The header that tells a trunk who calls (RFC 3325). */
enum config_identity { CONFIG_IDENTITY_NONE, CONFIG_IDENTITY_PREFERRED, CONFIG_IDENTITY_ASSERTED };
/* Which codec a leg asks for: the far end's other leg's, the best it has, or its list's first. */
enum config_prefer {
    CONFIG_PREFER_PASSTHROUGH,
    CONFIG_PREFER_QUALITY,
    CONFIG_PREFER_LIST,
    CONFIG_PREFER_AUTO /* the global one */
};
enum config_plus { CONFIG_PLUS_KEEP, CONFIG_PLUS_STRIP, CONFIG_PLUS_ADD };
enum config_digest {
    CONFIG_DIGEST_AUTO,
    CONFIG_DIGEST_BOTH,
    CONFIG_DIGEST_SHA256,
    CONFIG_DIGEST_MD5
};

/** A carrier or PBX. The one of the environment (SIP_TRUNK_HOST …) is named "default", that of
 * KANDY_USERNAME … "kandy". */
struct config_trunk {
    char *name;
    enum config_trunk_type type;
    char *provider;      /* row of presets.h that filled what was not given, or "" */
    char *host;          /* where packets go; never "" */
    int port;            /* CONFIG_AUTO: SRV, else 5060, or 5061 with TLS */
    char *domain;        /* From, To and request URI; `host` when not given */
    char *username;      /* digest user and From; "" for trunks known by address */
    char *auth_username; /* digest user where it differs; `username` when not given */
    char *realm;         /* the only one whose challenges are answered; "": the first that asks */
    struct secret password;
    enum config_transport transport;
    bool sips; /* its URIs are sips: TLS on every hop, not only to it (RFC 3261 §26.2.2) */
    enum config_auto register_mode; /* auto: the trunk finds out */
    int register_expires_s;
    enum config_srtp srtp;
    char *tls_ca_file;
    bool tls_verify;
    struct config_list codecs; /* in order; empty: the global ones */
    enum config_prefer prefer;
    enum config_dtmf dtmf;
    int ptime_ms;                 /* of the packets we send and ask for */
    bool video;                   /* its calls may have some */
    int strip;                    /* leading digits of the called number that are taken away, */
    char *prefix;                 /* and what comes instead; both after `country` and `plus` */
    char *country;                /* code of national numbers, which become +…; "": none do */
    struct config_list emergency; /* numbers that go out here, before any route */
    enum config_plus plus;        /* what happens to a leading + of the called number */
    enum config_transfer transfer;
    bool follow_redirects; /* a 3xx of it */
    enum config_identity identity;
    enum config_auto diversion; /* Diversion and History-Info to it; auto: where it is trusted */
    bool privacy;               /* every call goes out without the caller's number (RFC 3323) */
    char *caller_id;            /* "" keeps the caller's */
    char *called;               /* dialled when nothing was: the ref dials its own user name */
    int max_calls;              /* 0: no limit */
    struct config_list
        sources; /* address blocks that may call in; empty: the host's own addresses */
    struct config_list media_nets; /* blocks its media may come from, whatever its SDP says */
    enum config_rtp rtp;
    struct config_pairs headers;

    /* of type kandy: a cloud that is called by REST, a WebSocket and WebRTC */
    enum config_dialect dialect;
    struct config_list ice_servers; /* "turns:host:443?transport=tcp", "stun:host" */
    bool relay_only;                /* media through TURN alone */
    struct config_list services;    /* asked for when subscribing */
    enum config_numbers numbers;    /* rules for what people dial */
    bool tollfree_as_dialled;       /* 800… without the country code */
    char *default_did;              /* called number of calls that name none */
    struct config_list
        inbound;       /* "user:3cx_trunk": who gets its calls; empty: whoever registered */
    bool force_logout; /* other devices of the account go when we come */
    char *agent;       /* X-Cpaas-Agent, or "" */
    char *client_id;   /* not needed: warned about */
};

/** Tried in the order written; the first whose conditions all hold decides. */
struct config_route {
    char *destination; /* exact name, or "" */
    char *pattern;     /* digits, +, X Z N, [..], a last . or *; or "" */
    char *face;        /* "bridge", "sip", or "" for any */
    char *trunk;       /* came from this trunk, or "" for any */
    char *user;        /* this user calls, or "" for any */
    char *header;      /* "X-Team" or "X-Team=sales", or "" */
    enum config_order order;
    struct config_list weights; /* one for each of `to`, CONFIG_BY_WEIGHT only */
    int ring_timeout_s;         /* 0: the global one */
    struct config_list to;      /* "trunk:acme", "trunk:acme/+1555", "user:alice", "builtin:echo",
                                   "uri:sip:…"; the next is tried when one fails */
};

/** A user that may register a SIP phone without `tandem user add`. */
struct config_user {
    char *name;
    struct secret password;
    bool is_pbx;               /* what registers is no phone but a PBX with many numbers */
    struct config_list codecs; /* in order; empty: the global ones */
    enum config_prefer prefer;
};

struct config_script { /* of scripts: */
    char *name, *text;
};

struct config {
    /* where we listen */
    struct config_binds http, https;
    struct config_binds sip_udp, sip_tcp, sip_tls;
    char *tls_cert, *tls_key;        /* PEM files; both "" for the self-made certificate */
    struct config_list stun_servers; /* "host" or "host:port", asked in this order */
    char *public_ip;                 /* numeric, "auto", or "": local addresses only */
    struct config_list local_nets;   /* blocks that get local addresses; empty: our own subnets */
    struct config_list egress_allow; /* blocks that programs may reach though not public */
    struct config_list dns_servers;  /* "1.2.3.4" or "1.2.3.4:53"; empty: the system's */

    /* media */
    char *rtp_host; /* local address of RTP and WebRTC sockets */
    struct config_range rtp_ports;
    int webrtc_port;           /* first of one a thread; use config_webrtc_port() */
    int media_timeout_s;       /* no packets at all: the call ends */
    int media_silent_s;        /* the same while held or muted */
    int media_alert_s;         /* no packets: say so */
    int threads;               /* media threads; CONFIG_AUTO: one a core */
    struct config_list codecs; /* offered to SIP, in order */
    enum config_prefer prefer; /* never auto */
    int transcode_limit;       /* percent of a media thread's time: no new transcoding above */
    int load_limit;            /* and no new call at all */

    /* who may call whom */
    char *default_destination;         /* "" : SIP_USERNAME at the default trunk, else echo;
                                          config_default() */
    bool bridge_anonymous;             /* trunks without a token from other than loopback */
    struct config_list bridge_origins; /* "https://shop.example" that may open bridge sockets */
    int bridge_calls_per_socket;
    int bridge_sockets_per_ip;
    bool allow_uris;             /* sip: URIs may be dialled */
    struct config_list uri_nets; /* inner networks that they may lead to all the same */
    bool t38;                    /* faxes go on by it where the far end has it */
    int keep_calls_days;         /* records of calls; 0: for ever */
    int keep_recordings_days;    /* their files; 0: for ever */
    int max_calls;
    int ring_timeout_s;
    char *sip_realm;  /* of our registrar; stored credentials belong to it */
    char *sip_domain; /* told to phones; "" : public_ip or the address they use */
    enum config_digest sip_digest;
    int sip_expires_s, sip_expires_max_s; /* of registrations: when not asked for, and at most */
    int sip_max_contacts;                 /* of one account */
    int sip_keepalive_s;                  /* between OPTIONS to phones behind NAT; 0: none */
    int sip_ban_after;                    /* wrong passwords in a minute; 0: nobody is banned */
    int sip_ban_s;
    int sip_rate; /* requests a second of one address; 0: any */

    struct config_trunk *trunks;
    size_t n_trunks;
    struct config_route *routes;
    size_t n_routes;
    struct config_user *users;
    size_t n_users;
    struct config_script *scripts;
    size_t n_scripts;

    /* web phones that fetch their account */
    struct config_list provisioning_origins; /* "*": any */
    char *provisioning_host;                 /* "": the name under which they asked */
    int provisioning_port;                   /* CONFIG_AUTO: our own */
    char *provisioning_path;
    int provisioning_session_h;
    int provisioning_jwt_s;

    /* text messages and codes */
    char *message_to;   /* "http", "trunk:acme", or "": phones of our users only */
    char *message_from; /* number of ours that codes come from */
    int message_rate;   /* tries a second */
    char *message_url, *message_method, *message_type, *message_body;
    struct config_pairs message_headers;
    char *message_user, *message_ca_file;
    char *smpp_host, *smpp_id, *smpp_type; /* a centre for SMPP */
    char *smpp_ca_file;
    int smpp_port;
    bool smpp_tls;
    struct secret smpp_password;
    struct secret message_password, message_key; /* key: requests are signed with it */
    bool message_media;                          /* the provider takes media */
    bool mfa_app;                                /* /api/send-mfa and /api/verify-mfa are ours */

    /* speech to text */
    char *speech_engine; /* "auto", "none", "http", "pocketsphinx" */
    char *speech_model_dir;
    char *speech_url, *speech_model, *speech_ca_file; /* of a service */
    struct secret speech_key;

    /* the program */
    struct secret encryption_key; /* one or more (base/seal.h); empty: a file in state_dir */
    char *state_dir;              /* absolute, or relative to where we run; not created here */
    char *store_url;              /* "" : sqlite in the state directory; ":memory:" */
    enum log_level log_level;
    bool log_json;
    char *ready_file;  /* command line only */
    char *config_file; /* the tandem.yaml that was read, or "" */

    /* whole sentences without secrets, to be logged once at start */
    struct config_list warnings, notes;
};

/** Where values come from: arguments so that tests need no real environment. NULL paths: look for
 * ./tandem.yaml and ./.env, and do without if they are not there. */
/** Would this script run: a text or, when that is empty, the value? `fault` has the line in the
 * text and the JSON pointer. */
typedef enum err (*config_script_fn)(struct slice text, const json_t *document,
                                     struct fault *fault);
struct config_input {
    config_script_fn check_script; /* of scripts:; NULL: what is in them is not looked at */
    const char *config_file;       /* --config */
    const char *env_file;          /* --env-file */
    char *const *environ;          /* NULL-terminated NAME=value; NULL for none */
    char *const *args; /* what follows `serve`: --config F --env-file F --state DIR --ready-file F
                          --log-level L --log-json --set media.timeout=60 */
    size_t n_args;
};

/** Read, merge and check everything. The caller destroys `*out`. On an error `fault` names file,
 * line and key. ERR_NOT_FOUND (file), ERR_PARSE, ERR_INVALID, ERR_LIMIT. */
MUST_CHECK enum err config_load(struct config **out, const struct config_input *input,
                                struct fault *fault);
void config_destroy(struct config *config);

const struct config_user *config_user_find(const struct config *config, struct slice name);
/** The text (JSON, YAML or LaML) of a script of `scripts:`, or NULL. */
const char *config_script_find(const struct config *config, struct slice name);
const struct config_trunk *config_trunk_find(const struct config *config, struct slice name);
/** Its port when DNS names none: 5060, or 5061 with TLS, unless configured. */
uint16_t config_trunk_port(const struct config_trunk *trunk);
/** What is dialled when the caller gives nothing: default_destination, else "trunk:default" (which
 * dials its `called`) when there is such a trunk, else "trunk:kandy", else "builtin:echo". */
const char *config_default(const struct config *config);
/** First UDP port of WebRTC for so many media threads: just below the RTP range unless configured.
 */
uint16_t config_webrtc_port(const struct config *config, unsigned threads);
/** --state, TANDEM_STATE, $XDG_STATE_HOME/tandem, ~/.local/state/tandem, in this order; `flag` may
 * be NULL. False when nothing is set or it does not fit. For the commands that need no
 * configuration. */
bool config_state_dir(const char *flag, char *const *vars, char *out, size_t cap);
