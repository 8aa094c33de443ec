#include "legs/sip_texts.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/route.h"
#include "config/config.h"
#include "legs/registrar.h"
#include "legs/trunks.h"
#include "sip/sip_agent.h"
#include "sip/sip_auth.h"
#include "sip/sip_msg.h"
#include "sip/sip_registrar.h"
#include "sip/sip_request.h"
#include "sip/sip_txn.h"

enum { PHONES_MAX = 16, DELIVERIES_MAX = 2000, PARTY_TEXT = 160, URI_TEXT = 700 };

struct sip_texts {
    const struct leg_env *env;
    struct trunks *trunks;
    struct registrar *registrar;
    struct router *router;
    struct sip_texts_hook hook;
    struct list asking; /* struct asking */
    struct list deliveries;
    size_t n;
};

/* A MESSAGE whose sender still has to prove who he is. */
struct asking {
    struct list link;
    struct sip_texts *texts;
    struct sip_txn *txn;
};

/* One of the far ends that it goes to. */
struct attempt {
    struct delivery *delivery;
    struct sip_request *request; /* NULL: over */
};

/* One text on its way to some phones, or one trunk. */
struct delivery {
    struct list link;
    struct sip_texts *texts;
    struct attempt attempts[PHONES_MAX];
    size_t n, n_open;
    int status; /* the best answer so far */
    bool is_told, by_trunk;
    struct sip_text text; /* copies */
    sip_texts_fn fn;
    void *owner;
    struct timer none; /* nobody to send to: told later all the same */
};

static void on_message(void *owner, struct sip_txn *txn);

struct sip_texts *sip_texts_create(const struct leg_env *env, struct trunks *trunks,
                                   struct registrar *registrar, struct router *router)
{
    struct sip_texts *texts = mem_new(struct sip_texts);
    texts->env = env;
    texts->trunks = trunks;
    texts->registrar = registrar;
    texts->router = router;
    list_init(&texts->asking);
    list_init(&texts->deliveries);
    sip_agent_handle(env->agent, SLICE("MESSAGE"), on_message, texts);
    return texts;
}

void sip_texts_set_hook(struct sip_texts *texts, const struct sip_texts_hook *hook)
{
    texts->hook = hook ? *hook : (struct sip_texts_hook){ 0 };
}

/* ---- deliveries ---- */

static struct slice keep(struct slice s)
{
    return (struct slice){ slice_dup(s), s.len };
}

static void let_go(struct slice s)
{
    mem_free((char *)(uintptr_t)s.ptr); /* ours, made by slice_dup() */
}

static void delivery_destroy(struct delivery *d)
{
    const struct slice copies[] = { d->text.from,  d->text.from_name, d->text.from_user,
                                    d->text.trunk, d->text.to,        d->text.user,
                                    d->text.type,  d->text.body };
    for (size_t i = 0; i < d->n; i++)
        if (d->attempts[i].request)
            sip_request_destroy(d->attempts[i].request);
    if (d->n_open && d->by_trunk)
        trunks_forget_text(d->texts->trunks, &d->attempts[0]);
    for (size_t i = 0; i < COUNT_OF(copies); i++)
        let_go(copies[i]);
    loop_timer_stop(d->texts->env->loop, &d->none);
    list_remove(&d->link);
    d->texts->n--;
    mem_free(d);
}

static void tell(struct delivery *d, int status)
{
    if (d->is_told)
        return;
    d->is_told = true;
    if (d->fn)
        d->fn(d->owner, status);
}

/* Nobody took it: the last resort, then the answer. */
static void conclude(struct delivery *d)
{
    const struct sip_texts_hook *hook = &d->texts->hook;
    bool is_away = d->status == 0 || d->status == 408 || d->status == 480 || d->status == 503;
    if (!d->is_told && d->text.user.len && is_away && hook->keep &&
        hook->keep(hook->owner, &d->text))
        tell(d, 202);
    tell(d, d->status ? d->status : 480);
    delivery_destroy(d);
}

static void on_none(void *owner)
{
    conclude(owner);
}

static void on_outcome(void *owner, const struct sip_outcome *outcome)
{
    struct attempt *attempt = owner;
    struct delivery *d = attempt->delivery;
    attempt->request = NULL; /* it ends by itself */
    bool is_well = outcome->status >= 200 && outcome->status < 300;
    /* what a phone says is worth more than that another did not answer */
    if (!outcome->err || !d->status)
        d->status = outcome->err ? 480 : outcome->status;
    if (is_well)
        tell(d, outcome->status);
    if (--d->n_open == 0)
        conclude(d);
}

static struct delivery *delivery_create(struct sip_texts *texts, const struct sip_text *text,
                                        sip_texts_fn fn, void *owner)
{
    struct delivery *d = mem_new(struct delivery);
    d->texts = texts;
    d->text = (struct sip_text){ keep(text->from),  keep(text->from_name), keep(text->from_user),
                                 keep(text->trunk), keep(text->to),        keep(text->user),
                                 keep(text->type),  keep(text->body) };
    d->fn = fn;
    d->owner = owner;
    list_append(&texts->deliveries, &d->link);
    texts->n++;
    return d;
}

static void print_party(const struct sip_texts *texts, struct slice user, struct buf *out)
{
    buf_text(out, "sip:");
    sip_escape_user(user, out);
    buf_char(out, '@');
    sip_host_print(slice_of(texts->env->config->sip_realm), out);
}

static struct attempt *next_attempt(struct delivery *d)
{
    struct attempt *attempt = &d->attempts[d->n++];
    attempt->delivery = d;
    d->n_open++;
    return attempt;
}

static void send_to(struct delivery *d, const struct sip_binding *binding)
{
    char from_mem[URI_TEXT], to_mem[URI_TEXT];
    struct buf from = BUF_ON(from_mem), to = BUF_ON(to_mem);
    print_party(d->texts, d->text.from, &from);
    print_party(d->texts, d->text.to, &to);
    struct sip_request_config config = {
        .method = SLICE("MESSAGE"),
        .request_uri = binding->contact,
        .hop = { .kind = binding->flow.kind, .addr = binding->flow.remote, .flow = binding->flow },
        .from_uri = buf_slice(&from),
        .from_name = d->text.from_name,
        .to_uri = buf_slice(&to),
        .routes = binding->path,
        .n_routes = binding->n_paths,
        .body = { d->text.type, d->text.body },
    };
    struct attempt *attempt = next_attempt(d);
    if (from.overflow || to.overflow ||
        sip_request_create(&attempt->request, d->texts->env->agent, &config, on_outcome, attempt))
        d->n_open--;
}

static void begin(struct delivery *d)
{
    if (!d->n_open)
        loop_timer_start(d->texts->env->loop, &d->none, 0, on_none, d);
}

void sip_texts_send(struct sip_texts *texts, const struct sip_text *text, sip_texts_fn fn,
                    void *owner)
{
    const struct sip_binding *list[PHONES_MAX];
    struct delivery *d = delivery_create(texts, text, fn, owner);
    size_t n = registrar_contacts_of(texts->registrar, text->user, list, PHONES_MAX);
    for (size_t i = 0; i < n; i++)
        send_to(d, list[i]);
    begin(d);
}

static void send_by_trunk(struct sip_texts *texts, const struct sip_text *text,
                          const struct route_target *target, sip_texts_fn fn, void *owner)
{
    struct delivery *d = delivery_create(texts, text, fn, owner);
    struct trunk_text out = { .number = target->number[0] ? slice_of(target->number) : text->to,
                              .from = text->from,
                              .from_name = text->from_name,
                              .body = { text->type, text->body } };
    struct attempt *attempt = next_attempt(d);
    d->by_trunk = true;
    enum err err =
        trunks_send_text(texts->trunks, target->name, &out, on_outcome, attempt, &attempt->request);
    if (err)
        d->n_open--;
    if (err == ERR_UNSUPPORTED)
        d->status = 415;
    begin(d);
}

/* ---- what comes in ---- */

static void on_delivered(void *owner, int status)
{
    sip_txn_reply_status(owner, status);
}

static void route(struct sip_texts *texts, struct sip_text *text, struct sip_txn *txn)
{
    struct route_query query = { .face = SLICE("sip"),
                                 .from = text->from,
                                 .from_user = text->from_user,
                                 .trunk = text->trunk,
                                 .dialled = text->to,
                                 .may_use_trunks = text->from_user.len > 0 };
    struct route_plan plan;
    struct cause cause = { 0 };
    const struct sip_texts_hook *hook = &texts->hook;
    bool is_programs = false;
    bool is_taken = hook->program && hook->program(hook->owner, text, &is_programs);
    if (is_programs) {
        sip_txn_reply_status(txn, is_taken ? 202 : 503);
        return;
    }
    const char *account = registrar_user_of(texts->registrar, text->to);
    text->user = slice_of(account);
    enum err err = account[0] ? OK : router_find(texts->router, &query, &plan, &cause);
    if (!err && !account[0] && slice_is(SLICE("user"), plan.targets[0].kind))
        text->user = slice_of(plan.targets[0].name);
    if (err)
        sip_txn_reply_status(txn, cause.code >= 400 ? cause.code : 404);
    else if (text->user.len)
        sip_texts_send(texts, text, on_delivered, txn);
    else if (slice_is(SLICE("trunk"), plan.targets[0].kind))
        send_by_trunk(texts, text, &plan.targets[0], on_delivered, txn);
    else
        sip_txn_reply_status(txn, 405); /* what is there takes calls only */
}

static struct slice unescaped(struct slice user, char *mem)
{
    struct buf out;
    buf_init(&out, mem, PARTY_TEXT);
    sip_unescape(user, &out);
    return out.overflow ? SLICE_NONE : buf_slice(&out);
}

static void take(struct sip_texts *texts, struct sip_txn *txn, const char *trunk,
                 struct slice sip_user)
{
    const struct sip_msg *msg = sip_txn_msg(txn);
    char from_mem[PARTY_TEXT], to_mem[PARTY_TEXT];
    const char *user = trunk ? "" : registrar_user_of(texts->registrar, sip_user);
    bool bound = user[0] && !registrar_is_pbx(texts->registrar, sip_user);
    struct sip_text text = {
        .from = bound ? slice_of(user) : unescaped(sip_msg_from(msg)->uri.user, from_mem),
        .from_name = sip_msg_from(msg)->display,
        .from_user = slice_of(user),
        .trunk = slice_of(trunk),
        .to = unescaped(sip_msg_uri(msg)->user, to_mem),
        .type = sip_msg_value(msg, SIP_H_CONTENT_TYPE),
        .body = sip_msg_body(msg),
    };
    if (slice_empty(text.to))
        sip_txn_reply_status(txn, 404);
    else if (slice_empty(text.type) && text.body.len)
        sip_txn_reply_status(txn, 400);
    else if (texts->n == DELIVERIES_MAX)
        sip_txn_reply_status(txn, 503);
    else
        route(texts, &text, txn);
}

static void on_checked(void *owner, const struct sip_auth_result *result)
{
    struct asking *asking = owner;
    struct sip_texts *texts = asking->texts;
    struct sip_txn *txn = asking->txn;
    list_remove(&asking->link);
    mem_free(asking);
    if (result->verdict == SIP_AUTH_PROVED) {
        take(texts, txn, NULL, result->user);
        return;
    }
    struct sip_reply reply = { .status = result->status,
                               .fields = result->fields,
                               .n_fields = result->n_fields };
    sip_txn_reply(txn, &reply);
}

static void on_message(void *owner, struct sip_txn *txn)
{
    struct sip_texts *texts = owner;
    const char *trunk = trunks_match(texts->trunks, sip_txn_flow(txn));
    if (trunk) {
        take(texts, txn, trunk, SLICE_NONE);
        return;
    }
    struct asking *asking = mem_new(struct asking);
    asking->texts = texts;
    asking->txn = txn;
    list_append(&texts->asking, &asking->link);
    sip_auth_check(registrar_invite_auth(texts->registrar), sip_txn_msg(txn), sip_txn_flow(txn),
                   on_checked, asking);
}

void sip_texts_destroy(struct sip_texts *texts)
{
    if (!texts)
        return;
    sip_agent_handle(texts->env->agent, SLICE("MESSAGE"), NULL, NULL);
    LIST_EACH(link, &texts->asking)
    {
        struct asking *asking = LIST_ITEM(link, struct asking, link);
        sip_auth_cancel(registrar_invite_auth(texts->registrar), asking);
        sip_txn_reply_status(asking->txn, 503);
        list_remove(&asking->link);
        mem_free(asking);
    }
    LIST_EACH(link, &texts->deliveries)
    {
        struct delivery *d = LIST_ITEM(link, struct delivery, link);
        tell(d, 503);
        delivery_destroy(d);
    }
    mem_free(texts);
}
