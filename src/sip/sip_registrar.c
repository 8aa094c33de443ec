#include "sip_registrar.h"

#include <inttypes.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "sip_auth.h"
#include "sip_msg.h"
#include "sip_registrar_priv.h"
#include "sip_txn.h"

struct waiting {
    struct list link;
    struct sip_registrar *registrar;
    struct sip_txn *txn;
};

enum { CONTACT_TEXT = 3072 };

static void on_change(void *owner, enum sip_binding_change change,
                      const struct sip_binding *binding)
{
    struct sip_registrar *r = owner;
    if (r->events && r->events->on_change)
        r->events->on_change(r->owner, change, binding);
}

struct sip_registrar *sip_registrar_create(struct loop *loop,
                                           const struct sip_registrar_config *config,
                                           const struct sip_registrar_events *events, void *owner)
{
    struct sip_registrar *r = mem_new(struct sip_registrar);
    r->loop = loop;
    r->config = *config;
    struct sip_registrar_config *c = &r->config;
    c->expires_s = c->expires_s ? c->expires_s : SIP_BINDING_EXPIRES_S;
    c->expires_min_s = c->expires_min_s ? c->expires_min_s : SIP_BINDING_EXPIRES_MIN_S;
    c->expires_max_s = c->expires_max_s ? c->expires_max_s : SIP_BINDING_EXPIRES_MAX_S;
    c->max_contacts = c->max_contacts ? c->max_contacts : SIP_BINDINGS_PER_AOR;
    r->events = events;
    r->owner = owner;
    r->bindings = sip_bindings_create(loop, on_change, r);
    rand_bytes(r->gruu_key, sizeof r->gruu_key);
    list_init(&r->waiting);
    return r;
}

void sip_registrar_destroy(struct sip_registrar *r)
{
    if (!r)
        return;
    LIST_EACH(link, &r->waiting)
    {
        struct waiting *waiting = LIST_ITEM(link, struct waiting, link);
        sip_auth_cancel(r->config.auth, waiting);
        sip_txn_reply_status(waiting->txn, 503);
        mem_free(waiting);
    }
    sip_bindings_destroy(r->bindings);
    mem_free(r);
}

/* ---- one REGISTER, once it is known who sent it ---- */

struct registration {
    struct sip_registrar *registrar;
    struct sip_txn *txn;
    const struct sip_msg *msg;
    char aor[SIP_AOR_MAX];
    struct sip_binding wanted[SIP_CONTACTS_MAX];
    uint32_t expires_s[SIP_CONTACTS_MAX];
    size_t n;
};

/* The user of To as decoded and its host: RFC 3261 §10.3 step 5. */
static bool read_aor(const struct sip_msg *msg, char *out)
{
    const struct sip_uri *uri = &sip_msg_to(msg)->uri;
    char text[SIP_AOR_MAX];
    struct buf aor = BUF_ON(text);
    if ((uri->scheme != SIP_URI_SIP && uri->scheme != SIP_URI_SIPS) || !uri->user.len)
        return false;
    sip_unescape(uri->user, &aor);
    buf_printf(&aor, "@%.*s", SLICE_ARG(uri->host));
    return !aor.overflow && sip_bindings_aor(buf_slice(&aor), out, SIP_AOR_MAX);
}

static bool may_register(const struct sip_registrar *r, struct slice user, struct slice aor)
{
    struct slice rest = aor;
    if (!r->config.auth)
        return true;
    if (r->config.may_register)
        return r->config.may_register(r->owner, user, aor);
    return slice_eq(slice_cut(&rest, '@'), user);
}

/* 0, or the status that refuses: a stale or repeated one must not undo a newer (§10.3 step 7) */
static int check_order(const struct registration *reg, const struct sip_binding *old)
{
    return old && slice_eq(old->call_id, sip_msg_call_id(reg->msg)) &&
                   sip_msg_cseq(reg->msg)->number <= old->cseq
               ? 500
               : 0;
}

static size_t read_paths(const struct sip_msg *msg, struct slice *out)
{
    size_t n = 0;
    for (; n < SIP_PATHS_MAX && n < sip_msg_count(msg, SIP_H_PATH); n++) {
        struct sip_name_addr path;
        if (sip_name_addr_parse(sip_msg_header_nth(msg, SIP_H_PATH, n)->value, &path))
            break;
        out[n] = path.uri.text;
    }
    return n;
}

/* RFC 5626 §6: a reg-id counts when the phone says that it speaks outbound; then, unless it came
 * directly, the edge proxy has to, and says so in its Path. 0, or the status that refuses. */
static int check_outbound(const struct sip_msg *msg, struct sip_binding *b)
{
    size_t n = sip_msg_count(msg, SIP_H_PATH);
    if (!b->instance.len || !sip_msg_lists(msg, SIP_H_SUPPORTED, "outbound"))
        b->reg_id = 0;
    if (!b->reg_id || (n == 0 && sip_msg_count(msg, SIP_H_VIA) == 1))
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct sip_name_addr path;
        if (sip_name_addr_parse(sip_msg_header_nth(msg, SIP_H_PATH, i)->value, &path) == OK &&
            sip_uri_param(&path.uri, "ob", NULL))
            return 0;
    }
    return 439;
}

/* RFC 5627 §5.1: a name of ours for the very user is no place to reach him */
static bool is_own_gruu(const struct registration *reg, const struct sip_uri *contact)
{
    return sip_uri_param(contact, "gr", NULL) &&
           sip_uri_same_aor(contact, &sip_msg_to(reg->msg)->uri);
}

/* A PBX may register from another port than it is called at. Where nothing between us rewrites
 * addresses (Via says where it came from), its Contact is good; else only the way back is. */
static void learn_port(const struct sip_msg *msg, const struct sip_uri *contact,
                       struct sip_flow *flow)
{
    const struct sip_via *via = sip_msg_via(msg);
    uint16_t port = sip_kind_port(SIP_UDP);
    struct addr said, shown;
    if (flow->kind != SIP_UDP || sip_msg_count(msg, SIP_H_PATH) ||
        sip_host_addr(via->host, via->port ? via->port : port, &said) ||
        sip_host_addr(contact->host, contact->port ? contact->port : port, &shown) ||
        !addr_eq(&said, &flow->remote) || !addr_same_ip(&shown, &flow->remote))
        return;
    addr_set_port(&flow->remote, addr_port(&shown));
}

static int read_contact(struct registration *reg, struct slice value, uint32_t default_s)
{
    const struct sip_registrar_config *config = &reg->registrar->config;
    struct sip_name_addr contact;
    struct sip_binding *b = &reg->wanted[reg->n];
    if (sip_name_addr_parse(value, &contact) || contact.is_star ||
        (contact.uri.scheme != SIP_URI_SIP && contact.uri.scheme != SIP_URI_SIPS) ||
        sip_contact_q(&contact, &b->q))
        return 400;
    if (is_own_gruu(reg, &contact.uri))
        return 403;
    uint32_t expires_s = sip_contact_expires(&contact, default_s);
    if (expires_s && expires_s < config->expires_min_s)
        return 423;
    b->aor = slice_of(reg->aor);
    b->contact = contact.uri.text;
    b->call_id = sip_msg_call_id(reg->msg);
    b->cseq = sip_msg_cseq(reg->msg)->number;
    b->n_paths = read_paths(reg->msg, b->path);
    b->instance = sip_contact_instance(&contact);
    b->reg_id = sip_contact_reg_id(&contact);
    int status = check_outbound(reg->msg, b);
    if (status)
        return status;
    b->user_agent = sip_msg_value(reg->msg, SIP_H_USER_AGENT);
    b->flow = *sip_txn_flow(reg->txn);
    learn_port(reg->msg, &contact.uri, &b->flow);
    b->since_wall_ms = loop_wall_ms(reg->registrar->loop);
    expires_s = (uint32_t)num_min(expires_s, config->expires_max_s);
    b->expires_wall_ms = b->since_wall_ms + (int64_t)expires_s * 1000;
    reg->expires_s[reg->n++] = expires_s;
    return check_order(reg, sip_bindings_find(reg->registrar->bindings, b->aor, b->contact,
                                              b->instance, b->reg_id));
}

/* `Contact: *`: everything goes, and it must say so (§10.3 step 6) */
static int remove_all(struct registration *reg, bool zero)
{
    const struct sip_binding *list[SIP_CONTACTS_MAX];
    struct sip_bindings *bindings = reg->registrar->bindings;
    if (!zero || sip_msg_count(reg->msg, SIP_H_CONTACT) != 1)
        return 400;
    size_t n = sip_bindings_list(bindings, slice_of(reg->aor), list, SIP_CONTACTS_MAX);
    n = (size_t)num_min((int64_t)n, SIP_CONTACTS_MAX);
    for (size_t i = 0; i < n; i++)
        if (check_order(reg, list[i]))
            return 500;
    for (size_t i = 0; i < n; i++)
        sip_bindings_remove(bindings, list[i]);
    return 0;
}

static int apply(struct registration *reg)
{
    struct sip_registrar *r = reg->registrar;
    for (size_t i = 0; i < reg->n; i++) {
        const struct sip_binding *b = &reg->wanted[i];
        const struct sip_binding *old =
            sip_bindings_find(r->bindings, b->aor, b->contact, b->instance, b->reg_id);
        if (reg->expires_s[i] == 0 && old)
            sip_bindings_remove(r->bindings, old);
        else if (reg->expires_s[i] > 0 &&
                 sip_bindings_put(r->bindings, b, r->config.max_contacts, false))
            return 503;
        if (reg->expires_s[i] > 0)
            sip_bindings_retire(r->bindings, b);
    }
    return 0;
}

/* All contacts are read and judged before the first is put: it is all or nothing. */
static int update(struct registration *reg)
{
    const struct sip_msg *msg = reg->msg;
    uint32_t default_s = reg->registrar->config.expires_s;
    size_t n = sip_msg_count(msg, SIP_H_CONTACT);
    struct slice expires = sip_msg_value(msg, SIP_H_EXPIRES);
    if (expires.len && sip_seconds_parse(expires, &default_s))
        default_s = reg->registrar->config.expires_s; /* §20.19: malformed counts as absent */
    if (n > SIP_CONTACTS_MAX)
        return 403;
    for (size_t i = 0; i < n; i++) {
        struct slice value = sip_msg_header_nth(msg, SIP_H_CONTACT, i)->value;
        if (slice_is(value, "*"))
            return remove_all(reg, expires.len && default_s == 0);
        int status = read_contact(reg, value, default_s);
        if (status)
            return status;
    }
    return apply(reg);
}

static void print_contact(const struct sip_binding *b, int64_t now_wall_ms, struct buf *out)
{
    int64_t left_s = (b->expires_wall_ms - now_wall_ms + 999) / 1000;
    buf_printf(out, "<%.*s>;expires=%" PRId64, SLICE_ARG(b->contact), left_s);
    if (b->q != 1000)
        buf_printf(out, ";q=0.%03u", b->q);
    if (b->instance.len)
        buf_printf(out, ";+sip.instance=\"<%.*s>\"", SLICE_ARG(b->instance));
    if (b->reg_id)
        buf_printf(out, ";reg-id=%u", b->reg_id);
}

static void print_gruus(const struct sip_registrar *r, const struct sip_binding *b, struct buf *out)
{
    buf_text(out, ";pub-gruu=\"");
    sip_gruu_print_public(b->aor, b->instance, out);
    buf_text(out, "\";temp-gruu=\"");
    sip_gruu_print_temporary(r->gruu_key, b->aor, b->number, b->call_id, out);
    buf_char(out, '"');
}

/* RFC 5626 §6: the phone learns by this that its reg-id counted */
static bool is_outbound(const struct registration *reg)
{
    for (size_t i = 0; i < reg->n; i++)
        if (reg->wanted[i].reg_id)
            return true;
    return false;
}

static void reply_bindings(struct registration *reg)
{
    const struct sip_binding *list[SIP_CONTACTS_MAX];
    struct sip_field fields[SIP_CONTACTS_MAX + SIP_PATHS_MAX + 2];
    struct sip_reply reply = { .status = 200, .fields = fields };
    struct buf text;
    char *mem = mem_alloc(SIP_CONTACTS_MAX * CONTACT_TEXT);
    struct sip_registrar *r = reg->registrar;
    buf_init(&text, mem, SIP_CONTACTS_MAX * CONTACT_TEXT);
    size_t n = sip_bindings_list(r->bindings, slice_of(reg->aor), list, SIP_CONTACTS_MAX);
    for (size_t i = 0; i < n && i < SIP_CONTACTS_MAX; i++) {
        size_t start = text.len;
        print_contact(list[i], loop_wall_ms(r->loop), &text);
        if (list[i]->instance.len && sip_msg_lists(reg->msg, SIP_H_SUPPORTED, "gruu"))
            print_gruus(r, list[i], &text);
        fields[reply.n_fields++] =
            (struct sip_field){ SLICE("Contact"), slice_from(buf_slice(&text), start) };
    }
    for (size_t i = 0; i < sip_msg_count(reg->msg, SIP_H_PATH) && i < SIP_PATHS_MAX; i++)
        fields[reply.n_fields++] =
            (struct sip_field){ SLICE("Path"), sip_msg_header_nth(reg->msg, SIP_H_PATH, i)->value };
    fields[reply.n_fields++] =
        (struct sip_field){ SLICE("Supported"), SLICE("path, outbound, gruu") };
    if (is_outbound(reg))
        fields[reply.n_fields++] = (struct sip_field){ SLICE("Require"), SLICE("outbound") };
    sip_txn_reply(reg->txn, &reply);
    mem_free(mem);
}

static void refuse(struct registration *reg, int status)
{
    char seconds[16];
    struct buf text = BUF_ON(seconds);
    buf_printf(&text, "%u", reg->registrar->config.expires_min_s);
    struct sip_field min = { SLICE("Min-Expires"), buf_slice(&text) };
    struct sip_reply reply = { .status = status, .fields = &min, .n_fields = status == 423 };
    sip_txn_reply(reg->txn, &reply);
}

static void take(struct sip_registrar *r, struct sip_txn *txn, struct slice user)
{
    struct registration *reg = mem_new(struct registration); /* too large for a stack */
    reg->registrar = r;
    reg->txn = txn;
    reg->msg = sip_txn_msg(txn);
    int status = 0;
    if (!read_aor(reg->msg, reg->aor))
        status = 404;
    else if (!may_register(r, user, slice_of(reg->aor)))
        status = 403;
    else
        status = update(reg);
    if (status)
        refuse(reg, status);
    else
        reply_bindings(reg);
    mem_free(reg);
}

/* ---- who sent it ---- */

static void on_auth(void *owner, const struct sip_auth_result *result)
{
    struct waiting *waiting = owner;
    struct sip_registrar *r = waiting->registrar;
    struct sip_txn *txn = waiting->txn;
    list_remove(&waiting->link);
    mem_free(waiting);
    if (result->verdict == SIP_AUTH_PROVED) {
        take(r, txn, result->user);
        return;
    }
    struct sip_reply reply = { .status = result->status,
                               .fields = result->fields,
                               .n_fields = result->n_fields };
    if (result->wrong) {
        char from[ADDR_TEXT];
        char user[64];
        log_warn(NULL, "sip registration refused user=%s realm=%.*s from=%s cause=wrong_password",
                 log_mask(result->user, user, sizeof user), SLICE_ARG(result->realm),
                 addr_print(&sip_txn_flow(txn)->remote, from));
    }
    sip_txn_reply(txn, &reply);
}

void sip_registrar_handle(void *registrar, struct sip_txn *txn)
{
    struct sip_registrar *r = registrar;
    if (!r->config.auth) {
        take(r, txn, SLICE_NONE);
        return;
    }
    struct waiting *waiting = mem_new(struct waiting);
    waiting->registrar = r;
    waiting->txn = txn;
    list_append(&r->waiting, &waiting->link);
    sip_auth_check(r->config.auth, sip_txn_msg(txn), sip_txn_flow(txn), on_auth, waiting);
}
