#pragma once
/* What the trunks and their kinds share. A kind is a file of its own and a row in trunks.c; it
 * embeds `struct trunk` as its first member. */

#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "legs/trunks.h"

enum trunk_health { TRUNK_UNKNOWN, TRUNK_ALIVE, TRUNK_DEAD };

struct buf;
struct leg_sip_policy;
struct sip_uri;
struct trunk;

struct trunk_kind {
    enum config_trunk_type type;
    size_t size; /* of its struct */
    /** The common part is filled, the rest is zeros. */
    void (*init)(struct trunk *trunk);
    /** Resolve, register, connect: the listeners are up. */
    void (*start)(struct trunk *trunk);
    /** Say goodbye to the far end; nobody waits for its answer. */
    void (*stop)(struct trunk *trunk);
    /** A reload removed it: as stop, and what its calls do not need ends. */
    void (*retire)(struct trunk *trunk);
    /** Free what it holds, but for the common part. */
    void (*clear)(struct trunk *trunk);
    /** One more leg of `call`, by trunk_add_leg(), or `why` not. */
    void (*dial)(struct trunk *trunk, struct call *call, const struct route_target *target,
                 struct cause *why);
    /** A text message goes out: as trunks_send_text(). NULL: it takes none. */
    enum err (*send_text)(struct trunk *trunk, const struct trunk_text *text, sip_outcome_fn fn,
                          void *owner, struct sip_request **out);
    /** Whoever waits for such a message's end does no longer; NULL: all are SIP requests. */
    void (*forget_text)(struct trunk *trunk, const void *owner);
    /** May SIP from there come in through it? NULL: never. */
    bool (*sends_from)(const struct trunk *trunk, const struct addr *remote);
    /** Is a call from there to that address of ours meant for our registration? NULL: never. */
    bool (*is_called)(const struct trunk *trunk, const struct addr *remote,
                      const struct sip_uri *uri);
    /** The address that would be called; NULL: nothing to show. */
    void (*print_called)(const struct trunk *trunk, const char *number, struct buf *out);
    /** What was agreed on for calls that come in; NULL: nothing. */
    void (*policy)(const struct trunk *trunk, struct leg_sip_policy *out);
    /** state, address, transport and registration of its row; texts of any length. */
    void (*view)(const struct trunk *trunk, json_t *row);
    /** Its registration as a row of `tandem registrations`; NULL: it has none. */
    void (*add_registration)(const struct trunk *trunk, json_t *rows);
};

struct trunk {
    const struct trunk_kind *kind;
    struct trunks *trunks;
    struct config_trunk *config; /* a copy of our own: calls outlive a reload */
    struct log_tag log;
    enum trunk_health health;
    char last_error[240];
    int64_t rtt_ms; /* of the last sign of life; -1: none */
    struct leg_codecs codecs;
    unsigned calls; /* that need it: they hold pointers into it */
    uint64_t total_calls;
    bool retired; /* removed by a reload, kept for its calls */
    struct timer leave_timer;
};

struct trunks {
    const struct leg_env *env;
    struct trunk **list;
    size_t n;
    struct trunk **retired;
    size_t n_retired;
    uint8_t line_key[32];           /* random: a reload finds the same lines again */
    const struct trunks_news *news; /* NULL: nobody listens */
    void *news_owner;
};

/** "unknown", "alive", "unreachable". */
const char *trunk_health_name(enum trunk_health health);
/** Logs a change; `text` says why when it is dead. */
void trunk_set_health(struct trunk *trunk, enum trunk_health health, const char *text);
/** Takes the leg into the call and counts it: trunk_on_call_over() when it is over. */
void trunk_add_leg(struct trunk *trunk, struct call *call, struct leg *take);
/** A leg of the trunk is over; `owner` is the trunk. */
void trunk_on_call_over(void *owner);
/** The trunk of that name that came with the newest configuration, or NULL. */
const struct config_trunk *trunk_successor(const struct trunk *trunk);
