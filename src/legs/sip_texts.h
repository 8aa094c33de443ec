#pragma once
/* Text messages by SIP (MESSAGE, RFC 3428): phones write to users and, by routes, to trunks; trunks
 * write to users. The sender is proved and From says who he is. A text for a user goes to all his
 * phones at once. Control thread. */

#include <stdbool.h>

#include "base/slice.h"
#include "legs/leg_env.h"

struct registrar;
struct router;
struct sip_texts;
struct trunks;

struct sip_text {           /* borrowed */
    struct slice from;      /* user or number that is shown */
    struct slice from_name; /* display name; may be empty */
    struct slice from_user; /* who was proved; empty: it came by a trunk */
    struct slice trunk;     /* that it came by; empty: none */
    struct slice to;        /* as dialled */
    struct slice user;      /* for whom it is; empty: for a far end behind a trunk */
    struct slice type;      /* "text/plain", with its parameters */
    struct slice body;
};

struct sip_texts_hook {
    /** None of the user's phones took it: keep it for later? Then the sender is told 202, else what
     * the phones said, or 480. */
    bool (*keep)(void *owner, const struct sip_text *text);
    /** Does a program answer texts to that number (`*is_programs`), and has it taken this one? Then
     * the sender is told 202, else 503. */
    bool (*program)(void *owner, const struct sip_text *text, bool *is_programs);
    void *owner;
};

struct sip_texts *sip_texts_create(const struct leg_env *env, struct trunks *trunks,
                                   struct registrar *registrar, struct router *router);
void sip_texts_destroy(struct sip_texts *texts);
void sip_texts_set_hook(struct sip_texts *texts, const struct sip_texts_hook *hook);

/** The answer: 2xx, else why not. */
typedef void (*sip_texts_fn)(void *owner, int status);
/** Deliver to the phones of `text->user`: for those who keep texts. `fn` is called once, later; it
 * may be NULL. 480: nobody is registered. */
void sip_texts_send(struct sip_texts *texts, const struct sip_text *text, sip_texts_fn fn,
                    void *owner);
