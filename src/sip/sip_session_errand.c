/* Requests of ours in a dialog: BYE, PRACK, INFO, REFER … each runs by itself, with digest; a BYE
 * goes on after its session's owner is gone. */
#include "sip_field.h"
#include "sip_session_priv.h"

static void free_errand(struct sip_errand *errand)
{
    list_remove(&errand->link);
    sip_exchange_destroy(errand->exchange);
    mem_free(errand->method);
    mem_free(errand->fields);
    mem_free(errand);
}

static void on_build(void *owner, struct sip_build *b, const struct sip_flow *flow)
{
    struct sip_errand *errand = owner;
    struct sip_session *s = errand->session;
    struct sip_session_fields extra;
    struct slice method = slice_of(errand->method);
    sip_dialog_write(&errand->fork->dialog, b, ++errand->fork->dialog.local_cseq, method);
    if (slice_is(method, "BYE") || slice_is(method, "PRACK")) {
        sip_fields_write(b, errand->fields, errand->n_fields);
        return;
    }
    sip_session_fields(s, flow, errand->fields, errand->n_fields, &extra);
    sip_fields_write(b, extra.list, extra.n);
}

static void finish(struct sip_errand *errand, const struct sip_outcome *outcome)
{
    struct sip_session *s = errand->session;
    sip_outcome_fn fn = errand->fn;
    void *owner = errand->owner;
    bool is_call = errand->fork == s->fork;
    /* of PRACK and NOTIFY a 481 is about the answer or the subscription, not the call (RFC 5057) */
    bool is_gone = outcome->status == 481 && !slice_is(slice_of(errand->method), "PRACK") &&
                   !slice_is(slice_of(errand->method), "NOTIFY");
    list_remove(&errand->link);
    if (fn)
        fn(owner, outcome);
    free_errand(errand);
    if (is_gone && is_call) /* §12.2.1.2 */
        sip_session_end_by(s, ERR_CLOSED, 481, "the far end does not know the call any more");
    sip_session_settle(s);
}

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_errand *errand = owner;
    char text[SIP_OUTCOME_TEXT];
    if (sip_msg_status(response) < 200)
        return;
    struct sip_outcome outcome = sip_exchange_outcome(errand->exchange, response, flow, text);
    if (outcome.status < 300 && sip_msg_method(response) == SIP_UPDATE)
        sip_dialog_refresh(&errand->fork->dialog, response, flow);
    finish(errand, &outcome);
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    finish(owner, outcome);
}

static const struct sip_exchange_events events = {
    .on_build = on_build,
    .on_response = on_response,
    .on_failed = on_failed,
};

static size_t count(const struct list *head)
{
    size_t n = 0;
    LIST_EACH(link, head)
    n++;
    return n;
}

enum err sip_errand_create(struct sip_session *s, struct sip_fork *fork, struct slice method,
                           const struct sip_field *fields, size_t n_fields,
                           const struct sip_body *body, sip_outcome_fn fn, void *owner)
{
    struct sip_exchange_config config = { .method = method,
                                          .uri = sip_dialog_uri(&fork->dialog),
                                          .hop = sip_session_hop(s, fork),
                                          .login = s->login };
    if (body)
        config.body = *body;
    if (count(&s->errands) == SIP_SESSION_ERRANDS_MAX || n_fields > SIP_SESSION_FIELDS_MAX - 3)
        return ERR_LIMIT;
    struct sip_errand *errand = mem_new(struct sip_errand);
    list_init(&errand->link);
    errand->session = s;
    errand->fork = fork;
    errand->method = slice_dup(method);
    errand->fields = sip_fields_copy(fields, n_fields);
    errand->n_fields = n_fields;
    errand->fn = fn;
    errand->owner = owner;
    enum err err = sip_exchange_create(&errand->exchange, s->agent, &config, &events, errand);
    if (err) {
        free_errand(errand);
        return err;
    }
    list_append(&s->errands, &errand->link);
    return OK;
}

void sip_session_say_bye(struct sip_session *s, struct sip_fork *fork, struct slice reason)
{
    struct sip_field field = { SLICE("Reason"), reason };
    enum err err =
        sip_errand_create(s, fork, SLICE("BYE"), &field, reason.len ? 1 : 0, NULL, NULL, NULL);
    if (err) /* the far end finds out by itself: no media, or its session timer */
        log_warn(NULL, "sip bye not sent call-id=%s cause=%s", s->call_id, err_name(err));
}

void sip_session_clear_errands(struct sip_session *s)
{
    LIST_EACH(link, &s->errands)
    free_errand(LIST_ITEM(link, struct sip_errand, link));
}
