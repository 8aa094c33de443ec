#include "sip_request.h"

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "sip_agent_priv.h"
#include "sip_exchange.h"
#include "sip_field.h"
#include "sip_login.h"
#include "sip_request_priv.h"
#include "sip_txns.h"

struct sip_request {
    struct sip_agent *agent;
    sip_outcome_fn fn;
    void *owner;
    char *method, *from, *to, *call_id, *contact_user, *contact;
    char **routes;
    size_t n_routes;
    struct sip_field *fields;
    size_t n_fields;
    uint32_t cseq;
    bool is_secure; /* a sips URI is asked */
    struct sip_login *login;
    bool owns_login;
    struct sip_exchange *exchange;
};

static void on_build(void *owner, struct sip_build *b, const struct sip_flow *flow)
{
    struct sip_request *r = owner;
    char text[512];
    struct buf contact = BUF_ON(text);
    for (size_t i = 0; i < r->n_routes; i++)
        sip_build_printf(b, SIP_H_ROUTE, "<%s>", r->routes[i]);
    sip_build_text(b, SIP_H_FROM, r->from);
    sip_build_text(b, SIP_H_TO, r->to);
    sip_build_text(b, SIP_H_CALL_ID, r->call_id);
    sip_build_cseq(b, ++r->cseq, slice_of(r->method));
    if (r->contact[0]) {
        sip_build_text(b, SIP_H_CONTACT, r->contact);
    } else if (r->contact_user[0]) {
        if (r->is_secure)
            sip_agent_print_secure_contact(r->agent, flow, slice_of(r->contact_user), &contact);
        else
            sip_agent_print_contact(r->agent, flow, slice_of(r->contact_user), &contact);
        sip_build_header(b, SIP_H_CONTACT, buf_slice(&contact));
    }
    sip_fields_write(b, r->fields, r->n_fields);
}

static void finish(struct sip_request *r, const struct sip_outcome *outcome)
{
    r->fn(r->owner, outcome);
    sip_request_destroy(r);
}

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_request *r = owner;
    char text[SIP_OUTCOME_TEXT];
    if (sip_msg_status(response) < 200)
        return;
    struct sip_outcome outcome = sip_exchange_outcome(r->exchange, response, flow, text);
    finish(r, &outcome);
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

static void copy_config(struct sip_request *r, const struct sip_request_config *config,
                        struct sip_login *login)
{
    char tag[SIP_TAG_LEN + 1];
    char random[33];
    rand_token(tag, SIP_TAG_LEN);
    rand_token(random, 32);
    r->method = slice_dup(config->method);
    r->is_secure = slice_istarts(config->request_uri, SLICE("sips:"));
    r->from = sip_party_print(config->from_name, config->from_uri, slice_of(tag));
    r->to = sip_party_print(SLICE_NONE, config->to_uri.len ? config->to_uri : config->request_uri,
                            SLICE_NONE);
    r->call_id = slice_dup(config->call_id.len ? config->call_id : slice_of(random));
    r->contact_user = slice_dup(config->contact_user);
    r->contact = slice_dup(config->contact);
    r->cseq = config->cseq ? config->cseq - 1 : 0;
    r->n_routes = config->n_routes;
    r->routes = mem_array(config->n_routes + 1, sizeof *r->routes);
    for (size_t i = 0; i < config->n_routes; i++)
        r->routes[i] = slice_dup(config->routes[i]);
    r->fields = sip_fields_copy(config->fields, config->n_fields);
    r->n_fields = config->n_fields;
    r->owns_login = login == NULL;
    r->login = login ? login : sip_login_create(&config->auth);
}

enum err sip_request_create_with(struct sip_request **out, struct sip_agent *agent,
                                 const struct sip_request_config *config, struct sip_login *login,
                                 sip_outcome_fn fn, void *owner)
{
    struct sip_request *r = mem_new(struct sip_request);
    r->agent = agent;
    r->fn = fn;
    r->owner = owner;
    copy_config(r, config, login);
    struct sip_exchange_config exchange = { .method = config->method,
                                            .uri = config->request_uri,
                                            .hop = config->hop,
                                            .login = r->login,
                                            .body = config->body };
    enum err err = ERR_INVALID;
    if (r->from && r->to)
        err = sip_exchange_create(&r->exchange, agent, &exchange, &events, r);
    if (err) {
        sip_request_destroy(r);
        return err;
    }
    *out = r;
    return OK;
}

enum err sip_request_create(struct sip_request **out, struct sip_agent *agent,
                            const struct sip_request_config *config, sip_outcome_fn fn, void *owner)
{
    return sip_request_create_with(out, agent, config, NULL, fn, owner);
}

void sip_request_destroy(struct sip_request *r)
{
    if (!r)
        return;
    sip_exchange_destroy(r->exchange);
    if (r->owns_login)
        sip_login_destroy(r->login);
    for (size_t i = 0; i < r->n_routes; i++)
        mem_free(r->routes[i]);
    mem_free(r->routes);
    mem_free(r->fields);
    mem_free(r->method);
    mem_free(r->from);
    mem_free(r->to);
    mem_free(r->call_id);
    mem_free(r->contact_user);
    mem_free(r->contact);
    mem_free(r);
}

uint32_t sip_request_cseq(const struct sip_request *r)
{
    return r->cseq;
}
