#pragma once
/* What turn.c (life, peers, data) and turn_request.c (transactions with the server) share. */

#include "base/secret.h"
#include "rtc/stun.h"
#include "rtc/turn.h"

enum {
    TURN_REQUESTS_MAX = 8, /* outstanding at once */
    TURN_REQUEST_LEN_MAX = 3 * TURN_TEXT_MAX,
};
_Static_assert((int)TURN_REQUEST_LEN_MAX <= (int)STUN_LEN_MAX, "what is signed fits");

enum turn_state { TURN_IDLE, TURN_ALLOCATING, TURN_READY, TURN_OVER };

struct turn_peer {
    struct addr addr;
    bool granted, forbidden;
    bool want_channel, bound;
    bool asking;      /* a request about it is outstanding */
    int64_t renew_ms; /* when to ask (again) */
    char *held;       /* a payload that waits for the permission */
    size_t held_len;
};

struct turn_request {
    bool used;
    uint16_t method;
    uint32_t lifetime_s; /* of a refresh */
    size_t peer;         /* index, for permissions and channels */
    uint8_t id[STUN_ID_LEN];
    unsigned sent, renewed;
    int64_t next_ms, rto_ms;
    size_t len;
    char bytes[TURN_REQUEST_LEN_MAX];
};

struct turn {
    const struct turn_events *events;
    void *owner;
    bool stream;
    enum turn_state state;
    char username[TURN_TEXT_MAX + 1], realm[TURN_TEXT_MAX + 1], nonce[TURN_TEXT_MAX + 1];
    struct secret password, key; /* key: empty until the server named its realm */
    int64_t refresh_ms;
    bool refreshing;
    size_t n_peers;
    struct turn_peer peers[TURN_PEERS_MAX];
    struct turn_request requests[TURN_REQUESTS_MAX];
    uint8_t indication_id[STUN_ID_LEN];
};

/** False when too many are outstanding: ask again at the next tick. */
bool turn_request_start(struct turn *turn, uint16_t method, size_t peer, uint32_t lifetime_s,
                        int64_t now_ms);
MUST_CHECK enum err turn_request_feed(struct turn *turn, const struct stun_msg *msg,
                                      int64_t now_ms);
void turn_request_tick(struct turn *turn, int64_t now_ms);

/* Outcomes, turn_request.c to turn.c. */
void turn_allocated(struct turn *turn, const struct stun_msg *msg, int64_t now_ms);
void turn_refreshed(struct turn *turn, const struct stun_msg *msg, int64_t now_ms);
void turn_permitted(struct turn *turn, struct turn_peer *peer, bool channel, int64_t now_ms);
void turn_forbidden(struct turn *turn, struct turn_peer *peer, bool channel, int64_t now_ms);
/** `text` as on_failed(). */
void turn_fail(struct turn *turn, enum err err, const char *text);
