/* Texts inside a call: a MESSAGE in its dialog (RFC 3428 §4) goes on to the other far end, whose
 * answer comes back as its own. */
#include "base/loop.h"
#include "base/mem.h"
#include "legs/leg_sip_priv.h"
#include "sip/sip_msg.h"
#include "sip/sip_txn.h"

enum {
    TEXTS_MAX = 16,       /* of one far end under way */
    TEXT_WAIT_MS = 30000, /* before its own time-out (RFC 3261 §17.1.2.2, timer F) */
};

struct text {
    struct list link;
    struct leg_sip *self;
    uint32_t id;
    struct sip_txn *txn; /* of our far end, to be answered; NULL: on its way there */
    struct timer late;
};

static size_t count(const struct list *head)
{
    size_t n = 0;
    LIST_EACH(link, head)
    n++;
    return n;
}

static struct text *add(struct leg_sip *self, struct list *head, uint32_t id)
{
    struct text *text = mem_new(struct text);
    text->self = self;
    text->id = id;
    list_append(head, &text->link);
    return text;
}

static void drop(struct text *text)
{
    loop_timer_stop(text->self->env->loop, &text->late);
    list_remove(&text->link);
    mem_free(text);
}

static void answer(struct text *text, int status)
{
    sip_txn_reply_status(text->txn, status);
    drop(text);
}

static void on_late(void *owner)
{
    answer(owner, 504);
}

static int refusal_of(enum err err)
{
    if (err == ERR_UNSUPPORTED)
        return 405; /* a page, a script: they take calls only */
    return err == ERR_LIMIT ? 503 : 480;
}

void leg_sip_take_text(struct leg_sip *self, struct sip_txn *txn)
{
    const struct sip_msg *msg = sip_txn_msg(txn);
    struct leg_text out = { .id = ++self->last_text,
                            .type = sip_msg_value(msg, SIP_H_CONTENT_TYPE),
                            .body = sip_msg_body(msg) };
    if (slice_empty(out.type) && out.body.len) {
        sip_txn_reply_status(txn, 400);
        return;
    }
    if (count(&self->texts) == TEXTS_MAX) {
        sip_txn_reply_status(txn, 503);
        return;
    }
    struct text *text = add(self, &self->texts, out.id);
    text->txn = txn;
    loop_timer_start(self->env->loop, &text->late, TEXT_WAIT_MS, on_late, text);
    enum err err = leg_on_text(&self->leg, &out);
    if (err)
        answer(text, refusal_of(err));
}

void leg_sip_text_done(struct leg *leg, uint32_t id, int status)
{
    struct leg_sip *self = leg_sip_of(leg);
    LIST_EACH(link, &self->texts)
    {
        struct text *text = LIST_ITEM(link, struct text, link);
        if (text->id == id) {
            answer(text, status);
            return;
        }
    }
}

static void on_outcome(void *owner, const struct sip_outcome *outcome)
{
    struct text *text = owner;
    struct leg *leg = &text->self->leg;
    uint32_t id = text->id;
    /* RFC 4320: 408 says nothing by now; a challenge is not the other end's to answer */
    bool is_ours = outcome->err || outcome->status == 401 || outcome->status == 407;
    drop(text);
    leg_on_text_done(leg, id, is_ours ? 480 : outcome->status);
}

enum err leg_sip_text(struct leg *leg, const struct leg_text *text)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (count(&self->passed_texts) == TEXTS_MAX)
        return ERR_LIMIT;
    struct text *passed = add(self, &self->passed_texts, text->id);
    struct sip_body body = { text->type, text->body };
    enum err err =
        sip_session_request(self->session, SLICE("MESSAGE"), NULL, 0, &body, on_outcome, passed);
    if (err)
        drop(passed);
    else
        leg_on_event(leg, "sip", "MESSAGE sent");
    return err;
}

void leg_sip_texts_clear(struct leg_sip *self)
{
    LIST_EACH(link, &self->texts)
    answer(LIST_ITEM(link, struct text, link), 480);
    LIST_EACH(passed, &self->passed_texts)
    drop(LIST_ITEM(passed, struct text, link));
}
