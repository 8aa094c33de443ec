#include "legs/presence.h"

#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/call.h"
#include "config/config.h"
#include "legs/presence_docs.h"
#include "legs/registrar.h"
#include "sip/sip_agent.h"
#include "sip/sip_auth.h"
#include "sip/sip_msg.h"
#include "sip/sip_notifier.h"
#include "sip/sip_registrar.h"
#include "sip/sip_txn.h"

enum { USER_TEXT = 160, REG_CONTACTS_MAX = 16, TELL_TEXT = 400 };

struct presence {
    const struct leg_env *env;
    struct registrar *registrar;
    struct sip_notifier *notifier;
    struct list asking;    /* struct asking */
    struct map *mailboxes; /* user -> struct mailbox */
    struct list telling;
};

/* A SUBSCRIBE whose sender still has to prove who he is. */
struct asking {
    struct list link;
    struct presence *presence;
    struct sip_txn *txn;
};

/* A NOTIFY to a phone that did not subscribe. */
struct telling {
    struct list link;
    struct sip_request *request;
};

struct mailbox {
    unsigned fresh, old;
};

static const struct sip_event_package packages[] = {
    { "presence", "application/pidf+xml", 3600 },
    { "dialog", "application/dialog-info+xml", 3600 },
    { "message-summary", "application/simple-message-summary", 3600 },
    { "reg", "application/reginfo+xml", 3761 }, /* RFC 3680 §4.4 */
};

/* ---- what there is to say ---- */

/* What a user's legs do: collected in one pass over the calls. */
struct talk {
    const struct presence *presence;
    struct slice user, entity;
    struct buf *out; /* NULL: only whether there is any */
    bool any;
};

static void see_leg(void *owner, const struct call *call, const struct leg *leg)
{
    static const char *const states[] = { "trying", "trying", "early", "early", "confirmed" };
    struct talk *talk = owner;
    if (leg->state >= LEG_DONE || !slice_is(talk->user, leg->user))
        return;
    talk->any = true;
    struct presence_dialog dialog = {
        .call = call_id(call),
        .leg = leg->id,
        .is_initiator = leg->incoming,
        .state = states[leg->state],
        .remote = slice_of(leg->incoming ? call_to(call) : call_from(call)),
        .remote_name = slice_of(leg->incoming ? "" : call_from_name(call)),
        .domain = slice_of(talk->presence->env->config->sip_realm),
    };
    if (talk->out)
        presence_add_dialog(&dialog, talk->entity, talk->out);
}

static void print_presence(const struct presence *presence, const struct sip_watch *watch,
                           struct buf *out)
{
    const struct sip_binding *contact;
    struct talk talk = { .presence = presence, .user = sip_watch_resource(watch) };
    calls_each_leg(presence->env->calls, see_leg, &talk);
    bool is_there = registrar_contacts_of(presence->registrar, talk.user, &contact, 1) > 0;
    presence_print_pidf(sip_watch_entity(watch), is_there || talk.any, talk.any, out);
}

static void print_dialogs(const struct presence *presence, const struct sip_watch *watch,
                          struct buf *out)
{
    struct talk talk = { .presence = presence,
                         .user = sip_watch_resource(watch),
                         .entity = sip_watch_entity(watch),
                         .out = out };
    presence_open_dialogs(talk.entity, sip_watch_version(watch), out);
    calls_each_leg(presence->env->calls, see_leg, &talk);
    presence_close_dialogs(out);
}

static void print_messages(const struct presence *presence, const struct sip_watch *watch,
                           struct buf *out)
{
    const struct mailbox *mailbox = map_find(presence->mailboxes, sip_watch_resource(watch));
    presence_print_messages(sip_watch_entity(watch), mailbox ? mailbox->fresh : 0,
                            mailbox ? mailbox->old : 0, out);
}

static void print_reg(const struct presence *presence, const struct sip_watch *watch,
                      struct buf *out)
{
    const struct sip_binding *list[REG_CONTACTS_MAX];
    struct presence_contact contacts[REG_CONTACTS_MAX];
    int64_t now_ms = loop_wall_ms(presence->env->loop);
    size_t n = registrar_contacts_of(presence->registrar, sip_watch_resource(watch), list,
                                     REG_CONTACTS_MAX);
    for (size_t i = 0; i < n; i++)
        contacts[i] = (struct presence_contact){
            .uri = list[i]->contact,
            .number = list[i]->number,
            .expires_s = num_max((list[i]->expires_wall_ms - now_ms) / 1000, 0),
            .q = list[i]->q,
        };
    presence_print_reg(sip_watch_entity(watch), sip_watch_version(watch), contacts, n, out);
}

static void on_print(void *owner, const struct sip_watch *watch, struct buf *out)
{
    static void (*const printers[])(const struct presence *, const struct sip_watch *,
                                    struct buf *) = { print_presence, print_dialogs, print_messages,
                                                      print_reg };
    _Static_assert(COUNT_OF(printers) == COUNT_OF(packages), "one a package");
    printers[sip_watch_package(watch) - packages](owner, watch, out);
}

static const struct sip_notifier_events events = { .on_print = on_print };

/* ---- who asks about whom ---- */

/* The user behind the URI that was asked about: by the name of his phone's account, or his own. */
static struct slice resource_of(const struct presence *presence, const struct sip_msg *subscribe,
                                char *mem, size_t cap)
{
    struct buf user;
    buf_init(&user, mem, cap);
    sip_unescape(sip_msg_uri(subscribe)->user, &user);
    if (user.overflow)
        return SLICE_NONE;
    const char *owner = registrar_user_of(presence->registrar, buf_slice(&user));
    if (owner[0])
        return slice_of(owner);
    return registrar_has_user(presence->registrar, buf_slice(&user)) ? buf_slice(&user)
                                                                     : SLICE_NONE;
}

/* Lamps and presence are for all who have an account here; mail and contacts are one's own. */
static bool is_private(const struct sip_event_package *package)
{
    return package == &packages[2] || package == &packages[3];
}

static void admit(struct presence *presence, struct sip_txn *txn, struct slice sip_user)
{
    const struct sip_msg *subscribe = sip_txn_msg(txn);
    char mem[USER_TEXT];
    struct slice watcher = slice_of(registrar_user_of(presence->registrar, sip_user));
    struct slice resource = resource_of(presence, subscribe, mem, sizeof mem);
    const struct sip_event_package *package = sip_notifier_package(presence->notifier, subscribe);
    bool is_new = sip_msg_to_tag(subscribe).len == 0;
    if (is_new && package && slice_empty(resource))
        sip_txn_reply_status(txn, 404);
    else if (is_new && package && is_private(package) && !slice_eq(resource, watcher))
        sip_txn_reply_status(txn, 403);
    else
        sip_notifier_take(presence->notifier, txn, resource, watcher);
}

static void on_checked(void *owner, const struct sip_auth_result *result)
{
    struct asking *asking = owner;
    struct presence *presence = asking->presence;
    struct sip_txn *txn = asking->txn;
    list_remove(&asking->link);
    mem_free(asking);
    if (result->verdict == SIP_AUTH_PROVED) {
        admit(presence, txn, result->user);
        return;
    }
    struct sip_reply reply = { .status = result->status,
                               .fields = result->fields,
                               .n_fields = result->n_fields };
    sip_txn_reply(txn, &reply);
}

static void on_subscribe(void *owner, struct sip_txn *txn)
{
    struct presence *presence = owner;
    struct asking *asking = mem_new(struct asking);
    asking->presence = presence;
    asking->txn = txn;
    list_append(&presence->asking, &asking->link);
    sip_auth_check(registrar_auth(presence->registrar), sip_txn_msg(txn), sip_txn_flow(txn),
                   on_checked, asking);
}

static void on_registered(void *owner, struct slice user)
{
    struct presence *presence = owner;
    sip_notifier_changed(presence->notifier, "presence", user);
    sip_notifier_changed(presence->notifier, "reg", user);
}

struct presence *presence_create(const struct leg_env *env, struct registrar *registrar)
{
    struct presence *presence = mem_new(struct presence);
    presence->env = env;
    presence->registrar = registrar;
    presence->mailboxes = map_create();
    list_init(&presence->asking);
    list_init(&presence->telling);
    presence->notifier =
        sip_notifier_create(env->agent, packages, COUNT_OF(packages), &events, presence);
    sip_agent_handle(env->agent, SLICE("SUBSCRIBE"), on_subscribe, presence);
    registrar_watch(registrar, on_registered, presence);
    return presence;
}

void presence_stop(struct presence *presence)
{
    sip_notifier_end(presence->notifier, SLICE_NONE, "deactivated");
}

void presence_destroy(struct presence *presence)
{
    size_t cursor = 0;
    void *mailbox;
    if (!presence)
        return;
    sip_agent_handle(presence->env->agent, SLICE("SUBSCRIBE"), NULL, NULL);
    registrar_watch(presence->registrar, NULL, presence);
    LIST_EACH(link, &presence->asking)
    {
        struct asking *asking = LIST_ITEM(link, struct asking, link);
        sip_auth_cancel(registrar_auth(presence->registrar), asking);
        sip_txn_reply_status(asking->txn, 503);
        list_remove(&asking->link);
        mem_free(asking);
    }
    sip_notifier_destroy(presence->notifier);
    while (map_next(presence->mailboxes, &cursor, NULL, &mailbox))
        mem_free(mailbox);
    map_destroy(presence->mailboxes);
    LIST_EACH(link, &presence->telling)
    {
        struct telling *telling = LIST_ITEM(link, struct telling, link);
        sip_request_destroy(telling->request);
        mem_free(telling);
    }
    mem_free(presence);
}

/* One leg's doing, or with number 0 that of the whole call. */
struct change {
    struct presence *presence;
    uint32_t leg;
};

static void change_leg(void *owner, const struct call *call, const struct leg *leg)
{
    const struct change *change = owner;
    (void)call;
    if (!leg->user[0] || (change->leg && change->leg != leg->id))
        return;
    sip_notifier_changed(change->presence->notifier, "dialog", slice_of(leg->user));
    sip_notifier_changed(change->presence->notifier, "presence", slice_of(leg->user));
}

void presence_call_event(struct presence *presence, const struct call *call, uint32_t leg,
                         const char *kind)
{
    if (!presence || !sip_notifier_count(presence->notifier))
        return;
    struct change change = { presence, leg };
    if (leg || slice_is(slice_of(kind), "state"))
        call_each_leg(call, change_leg, &change);
}

/* ---- mail for phones that did not ask ---- */

static void on_told(void *owner, const struct sip_outcome *outcome)
{
    struct telling *telling = owner;
    (void)outcome; /* a phone without a lamp says no, which is fine */
    list_remove(&telling->link);
    mem_free(telling);
}

static void tell_contact(struct presence *presence, const struct sip_binding *binding,
                         const struct mailbox *mailbox)
{
    static const struct sip_field fields[] = {
        { { "Event", 5 }, { "message-summary", 15 } },
        { { "Subscription-State", 18 }, { "active", 6 } },
    };
    char entity_mem[TELL_TEXT], body_mem[TELL_TEXT + 100];
    struct buf entity = BUF_ON(entity_mem), body = BUF_ON(body_mem);
    buf_printf(&entity, "sip:%.*s", SLICE_ARG(binding->aor));
    presence_print_messages(buf_slice(&entity), mailbox->fresh, mailbox->old, &body);
    struct sip_request_config config = {
        .method = SLICE("NOTIFY"),
        .request_uri = binding->contact,
        .hop = { .kind = binding->flow.kind, .addr = binding->flow.remote, .flow = binding->flow },
        .from_uri = buf_slice(&entity),
        .to_uri = buf_slice(&entity),
        .contact_user = SLICE("tandem"),
        .routes = binding->path,
        .n_routes = binding->n_paths,
        .fields = fields,
        .n_fields = COUNT_OF(fields),
        .body = { SLICE("application/simple-message-summary"), buf_slice(&body) },
    };
    struct telling *telling = mem_new(struct telling);
    list_append(&presence->telling, &telling->link);
    if (entity.overflow || body.overflow ||
        sip_request_create(&telling->request, presence->env->agent, &config, on_told, telling)) {
        list_remove(&telling->link);
        mem_free(telling);
    }
}

/* PBXs, and many phones, take NOTIFY without having subscribed. */
static void tell_contacts(struct presence *presence, struct slice user,
                          const struct mailbox *mailbox)
{
    const struct sip_binding *list[REG_CONTACTS_MAX];
    size_t n = registrar_contacts_of(presence->registrar, user, list, REG_CONTACTS_MAX);
    for (size_t i = 0; i < n; i++)
        tell_contact(presence, list[i], mailbox);
}

void presence_set_messages(struct presence *presence, struct slice user, unsigned fresh,
                           unsigned old)
{
    struct mailbox *mailbox = mem_new(struct mailbox);
    *mailbox = (struct mailbox){ fresh, old };
    mem_free(map_put(presence->mailboxes, user, mailbox));
    if (!sip_notifier_changed(presence->notifier, "message-summary", user))
        tell_contacts(presence, user, mailbox);
}

size_t presence_watches(const struct presence *presence)
{
    return sip_notifier_count(presence->notifier);
}
