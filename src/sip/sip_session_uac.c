/* Our INVITE: its forks, its ACKs, giving it up (RFC 3261 §13.2, §9.1; RFC 6026). */
#include "base/rand.h"
#include "sip_build.h"
#include "sip_cause.h"
#include "sip_field.h"
#include "sip_redirect.h"
#include "sip_session_priv.h"
#include "sip_transport.h"

static void on_give_up(void *owner);

static void fail(struct sip_session *s, const struct sip_outcome *came)
{
    const struct sip_session_events *events = s->events;
    struct sip_outcome outcome = *came;
    struct sip_target targets[SIP_TARGETS_MAX];
    char text[SIP_CAUSE_TEXT];
    if (came->msg) {
        int status = outcome.status;
        sip_cause_read(came->msg, &outcome, text); /* RFC 6432; the status stays the response's */
        outcome.status = status;
        outcome.text = came->text;
    }
    if (came->msg && outcome.status / 100 == 3) {
        outcome.n_targets = sip_redirect_targets(came->msg, targets, SIP_TARGETS_MAX);
        outcome.targets = targets;
    }
    if (s->failure_status) {
        outcome.status = s->failure_status;
        outcome.err = s->failure_err;
        outcome.text = s->failure_text;
    }
    sip_session_finish(s);
    if (events && events->on_failed)
        events->on_failed(s->owner, s, &outcome);
    sip_session_settle(s);
}

void sip_session_send_ack(struct sip_session *s, struct sip_fork *fork,
                          const struct sip_msg *invite, const struct sip_body *body)
{
    struct sip_agent *agent = s->agent;
    struct sip_hop hop = sip_session_hop(s, fork);
    struct buf out;
    struct sip_build b;
    char branch[SIP_BRANCH_LEN + 1];
    char host[ADDR_TEXT];
    if (sip_transport_route(agent->transport, &hop, &fork->ack_flow))
        return;
    struct addr shown = sip_transport_address(agent->transport, &fork->ack_flow);
    sip_client_branch(branch);
    struct sip_via via = { .transport = slice_of(sip_kind_name(fork->ack_flow.kind)),
                           .host = slice_of(addr_print_ip(&shown, host)),
                           .port = addr_port(&shown),
                           .branch = slice_of(branch),
                           .has_rport = true };
    uint32_t cseq = sip_msg_cseq(invite)->number;
    buf_init(&out, agent->scratch, SIP_MAX_MESSAGE);
    sip_build_request(&b, &out, SLICE("ACK"), sip_dialog_uri(&fork->dialog));
    sip_build_via(&b, &via);
    sip_build_printf(&b, SIP_H_MAX_FORWARDS, "%d", SIP_MAX_FORWARDS);
    sip_dialog_write(&fork->dialog, &b, cseq, SLICE("ACK"));
    /* §22.1: nobody can challenge an ACK, so it repeats the credentials of its INVITE */
    sip_build_copy(&b, invite, SIP_H_AUTHORIZATION);
    sip_build_copy(&b, invite, SIP_H_PROXY_AUTHORIZATION);
    if (agent->user_agent[0])
        sip_build_text(&b, SIP_H_USER_AGENT, agent->user_agent);
    if (sip_build_end(&b, body ? body->type : SLICE_NONE, body ? body->bytes : SLICE_NONE))
        return;
    mem_free(fork->ack);
    fork->ack = mem_copy(out.ptr, out.len);
    fork->ack_len = out.len;
    fork->ack_cseq = cseq;
    agent->stats.requests_out[SIP_ACK]++;
    if (sip_transport_send(agent->transport, &fork->ack_flow, buf_slice(&out), false))
        log_debug(NULL, "sip ack not sent call-id=%s", s->call_id); /* the 2xx comes again */
}

static void repeat_ack(struct sip_session *s, const struct sip_fork *fork)
{
    struct slice bytes = { fork->ack, fork->ack_len };
    if (bytes.len && sip_transport_send(s->agent->transport, &fork->ack_flow, bytes, true))
        log_debug(NULL, "sip ack not sent call-id=%s", s->call_id);
}

static struct sip_fork *find_fork(struct sip_session *s, const struct sip_msg *response)
{
    struct slice tag = sip_msg_to_tag(response);
    for (size_t i = 0; i < s->n_forks; i++)
        if (slice_is(tag, s->forks[i]->dialog.remote_tag))
            return s->forks[i];
    return NULL;
}

/* A place for a fork: a new one, or that of an early dialog that did not win. */
static struct sip_fork *fork_place(struct sip_session *s)
{
    if (s->n_forks < SIP_SESSION_FORKS_MAX)
        return sip_session_add_fork(s);
    for (size_t i = 0; i < s->n_forks; i++) {
        struct sip_fork *fork = s->forks[i];
        if (fork->answered)
            continue;
        sip_dialog_clear(&fork->dialog);
        fork->rseq = 0;
        fork->has_agreed = false;
        return fork;
    }
    return NULL;
}

static struct sip_fork *take_fork(struct sip_session *s, const struct sip_msg *response,
                                  const struct sip_flow *flow)
{
    struct sip_fork *fork = find_fork(s, response);
    if (fork)
        return fork;
    fork = fork_place(s);
    if (!fork)
        return NULL;
    /* over SIP_ROUTES_MAX: the fork stays empty, and nobody finds it */
    return sip_dialog_init_uac(&fork->dialog, s->invite, response, flow) ? NULL : fork;
}

/* RFC 3261 §13.2.2.4: the 2xx says the route set anew; numbers that were used stay used */
static enum err renew_dialog(struct sip_session *s, struct sip_fork *fork,
                             const struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_dialog fresh;
    enum err err = sip_dialog_init_uac(&fresh, s->invite, response, flow);
    if (err)
        return err;
    if (fork->dialog.local_cseq > fresh.local_cseq)
        fresh.local_cseq = fork->dialog.local_cseq;
    fresh.remote_cseq = fork->dialog.remote_cseq;
    fresh.has_remote_cseq = fork->dialog.has_remote_cseq;
    sip_dialog_clear(&fork->dialog);
    fork->dialog = fresh;
    return OK;
}

static void try_cancel(struct sip_session *s)
{
    if (sip_exchange_cancel(s->inviting, slice_of(s->reason)))
        return; /* no provisional yet: §9.1 lets us wait for one */
    loop_timer_start(s->agent->loop, &s->give_up, SIP_SESSION_GIVE_UP_MS, on_give_up, s);
}

static void take_provisional(struct sip_session *s, struct sip_msg *response,
                             const struct sip_flow *flow)
{
    struct sip_fork *fork = NULL;
    if (s->state == SIP_SESSION_CALLING)
        sip_session_set_state(s, SIP_SESSION_PROCEEDING);
    if (s->state == SIP_SESSION_CANCELLING) {
        try_cancel(s);
        return;
    }
    if (s->state != SIP_SESSION_PROCEEDING || sip_msg_status(response) == 100)
        return;
    sip_session_learn(s, response);
    if (sip_msg_to_tag(response).len > 0) {
        fork = take_fork(s, response, flow);
        if (!fork || !sip_rel_take_progress(s, fork, response))
            return;
    }
    if (s->events && s->events->on_progress)
        s->events->on_progress(s->owner, s, response, fork ? fork->number : 0);
}

/* An answer that nobody wants: another fork was first, or we gave up. */
static void drop_answer(struct sip_session *s, struct sip_fork *fork, struct slice reason)
{
    sip_session_send_ack(s, fork, s->invite, NULL);
    sip_session_say_bye(s, fork, reason);
}

static void take_answer(struct sip_session *s, struct sip_fork *fork, struct sip_msg *response)
{
    const struct sip_session_events *events = s->events;
    s->fork = fork;
    loop_timer_stop(s->agent->loop, &s->give_up);
    sip_session_timer_take(s, response);
    sip_session_set_state(s, SIP_SESSION_UP);
    if (s->has_offer)
        sip_session_send_ack(s, fork, s->invite, NULL);
    if (events && events->on_answer)
        events->on_answer(s->owner, s, response);
    /* the answer to their offer came by sip_session_ack() meanwhile, unless the call ended there */
    if (!s->unlinked && !fork->ack) {
        sip_session_note_body(s, &s->ack_body);
        sip_session_send_ack(s, fork, s->invite, &s->ack_body);
    }
}

static void take_2xx(struct sip_session *s, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_fork *fork = take_fork(s, response, flow);
    if (!fork)
        return;
    if (fork->answered) {
        if (fork->ack_cseq == sip_msg_cseq(response)->number)
            repeat_ack(s, fork);
        return;
    }
    if (renew_dialog(s, fork, response, flow))
        return;
    fork->answered = true;
    if (!s->answered_ms)
        s->answered_ms = loop_now_ms(s->agent->loop);
    if (s->state == SIP_SESSION_CALLING || s->state == SIP_SESSION_PROCEEDING) {
        take_answer(s, fork, response);
        return;
    }
    drop_answer(s, fork, slice_of(s->reason));
    if (s->state == SIP_SESSION_CANCELLING) {
        struct sip_outcome gone = { .status = 487, .text = "cancelled" };
        fail(s, &gone);
    }
}

static void on_response(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_session *s = owner;
    char text[SIP_OUTCOME_TEXT];
    unsigned status = sip_msg_status(response);
    s->flow = *flow;
    if (status < 200) {
        take_provisional(s, response, flow);
    } else if (status < 300) {
        take_2xx(s, response, flow);
    } else if (s->state != SIP_SESSION_DONE && s->state != SIP_SESSION_UP) {
        bool wanted = s->state == SIP_SESSION_CALLING || s->state == SIP_SESSION_PROCEEDING;
        if (wanted && sip_session_timer_retries(s, response) &&
            sip_exchange_again(s->inviting) == OK)
            return;
        struct sip_outcome outcome = sip_exchange_outcome(s->inviting, response, flow, text);
        fail(s, &outcome);
    }
}

static void on_failed(void *owner, const struct sip_outcome *outcome)
{
    struct sip_session *s = owner;
    if (s->state != SIP_SESSION_DONE && s->state != SIP_SESSION_UP)
        fail(s, outcome);
}

/* The call was given up and the CANCEL did not help, or no final answer came in time. */
static void on_give_up(void *owner)
{
    struct sip_session *s = owner;
    if (s->state == SIP_SESSION_CANCELLING) {
        struct sip_outcome outcome = { .status = 487, .text = "cancelled" };
        sip_exchange_destroy(s->inviting);
        s->inviting = NULL;
        fail(s, &outcome);
        return;
    }
    s->failure_status = 408;
    s->failure_err = ERR_TIMEOUT;
    snprintf(s->failure_text, sizeof s->failure_text,
             "the far end did not answer the call in time");
    sip_session_set_state(s, SIP_SESSION_CANCELLING);
    loop_timer_start(s->agent->loop, &s->give_up, SIP_SESSION_GIVE_UP_MS, on_give_up, s);
    try_cancel(s);
}

static void give_up_call(struct sip_session *s, struct slice reason)
{
    s->failure_status = 487;
    s->failure_err = OK;
    snprintf(s->failure_text, sizeof s->failure_text, "cancelled");
    mem_free(s->reason);
    s->reason = slice_dup(reason);
    sip_session_set_state(s, SIP_SESSION_CANCELLING);
    loop_timer_start(s->agent->loop, &s->give_up, SIP_SESSION_GIVE_UP_MS, on_give_up, s);
    try_cancel(s);
}

void sip_session_ack(struct sip_session *s, const struct sip_body *body)
{
    sip_body_clear(&s->ack_body);
    s->ack_body = sip_body_copy(body);
}

enum err sip_session_cancel(struct sip_session *s, struct slice reason)
{
    if (s->state != SIP_SESSION_CALLING && s->state != SIP_SESSION_PROCEEDING)
        return ERR_MISUSE;
    give_up_call(s, reason);
    return OK;
}

void sip_session_drop_call(struct sip_session *s, struct slice reason)
{
    switch (s->state) {
    case SIP_SESSION_CALLING:
    case SIP_SESSION_PROCEEDING:
        give_up_call(s, reason);
        return;
    case SIP_SESSION_INCOMING:
        sip_session_reject_incoming(s, 480);
        sip_session_finish(s);
        return;
    case SIP_SESSION_ACCEPTED: /* §15: not before the ACK came, or its time is over */
        mem_free(s->reason);
        s->reason = slice_dup(reason);
        s->bye_wanted = true;
        sip_session_reject_incoming(s, 487);
        return;
    case SIP_SESSION_UP:
        sip_session_reject_incoming(s, 487);
        if (s->is_uac && !s->fork->ack) /* inside on_answer of a late offer */
            sip_session_send_ack(s, s->fork, s->invite, NULL);
        sip_session_say_bye(s, s->fork, reason);
        sip_session_finish(s);
        return;
    case SIP_SESSION_CANCELLING:
    case SIP_SESSION_DONE:
    case SIP_SESSION_STATES:
        return;
    }
}

static void on_build(void *owner, struct sip_build *b, const struct sip_flow *flow)
{
    struct sip_session *s = owner;
    struct sip_session_fields extra;
    for (size_t i = 0; i < s->n_routes; i++)
        sip_build_printf(b, SIP_H_ROUTE, "<%s>", s->routes[i]);
    sip_build_text(b, SIP_H_FROM, s->from);
    sip_build_text(b, SIP_H_TO, s->to);
    sip_build_text(b, SIP_H_CALL_ID, s->call_id);
    sip_build_cseq(b, ++s->cseq, SLICE("INVITE"));
    sip_session_fields(s, flow, s->fields, s->n_fields, &extra);
    sip_session_timer_ask(s, &extra);
    sip_fields_write(b, extra.list, extra.n);
    if (s->asserted)
        sip_build_text(b, s->is_asserted ? SIP_H_P_ASSERTED_IDENTITY : SIP_H_P_PREFERRED_IDENTITY,
                       s->asserted);
    if (s->is_private)
        sip_build_text(b, SIP_H_PRIVACY, "id");
}

/* the INVITE of each attempt is what dialogs are made from */
static void on_response_first(void *owner, struct sip_msg *response, const struct sip_flow *flow)
{
    struct sip_session *s = owner;
    struct sip_msg *sent = sip_exchange_request(s->inviting);
    if (s->invite != sent) {
        sip_msg_unref(s->invite);
        s->invite = sip_msg_ref(sent);
    }
    on_response(owner, response, flow);
}

static const struct sip_exchange_events invite_events = {
    .on_build = on_build,
    .on_response = on_response_first,
    .on_failed = on_failed,
};

static void copy_config(struct sip_session *s, const struct sip_session_config *config)
{
    char random[33];
    struct sip_uri from;
    bool has_to = config->to_uri.len > 0;
    rand_token(s->local_tag, SIP_TAG_LEN);
    rand_token(random, 32);
    struct buf id;
    s->call_id = mem_alloc(config->call_id_prefix.len + 40);
    buf_init(&id, s->call_id, config->call_id_prefix.len + 39);
    if (config->call_id_prefix.len)
        buf_printf(&id, "%.*s-", SLICE_ARG(config->call_id_prefix));
    buf_text(&id, random);
    const struct sip_identity *who = &config->identity;
    s->is_private = who->is_private;
    s->from = s->is_private
                  ? sip_party_print(SLICE(SIP_ANONYMOUS_NAME), SLICE(SIP_ANONYMOUS_URI),
                                    slice_of(s->local_tag))
                  : sip_party_print(config->from_name, config->from_uri, slice_of(s->local_tag));
    s->is_asserted = !who->is_preferred;
    s->asserted = who->uri.len ? sip_party_print(who->name, who->uri, SLICE_NONE) : NULL;
    s->to =
        sip_party_print(config->to_name, has_to ? config->to_uri : config->request_uri, SLICE_NONE);
    struct slice user = config->contact_user;
    if (!user.len && !s->is_private && sip_uri_parse(config->from_uri, &from) == OK)
        user = from.user;
    s->contact_user = slice_dup(user);
    s->n_routes = config->n_routes;
    s->routes = mem_array(config->n_routes + 1, sizeof *s->routes);
    for (size_t i = 0; i < config->n_routes; i++)
        s->routes[i] = slice_dup(config->routes[i]);
    s->fields = sip_fields_copy(config->fields, config->n_fields);
    s->n_fields = config->n_fields;
    s->login = sip_login_create(&config->auth);
    s->hop = config->hop;
    if (sip_flow_is_set(&s->hop.flow))
        s->hop.addr = s->hop.flow.remote;
    s->has_offer = config->body.type.len > 0;
}

enum err sip_session_invite(struct sip_session **out, struct sip_agent *agent,
                            const struct sip_session_config *config,
                            const struct sip_session_events *events, void *owner)
{
    struct sip_exchange_config exchange = { .method = SLICE("INVITE"),
                                            .uri = config->request_uri,
                                            .hop = config->hop,
                                            .body = config->body,
                                            .hops = config->hops };
    if (config->n_routes > SIP_ROUTES_MAX || config->n_fields > SIP_SESSION_FIELDS_MAX - 3)
        return ERR_LIMIT;
    if (agent->stats.sessions >= agent->max_sessions)
        return ERR_LIMIT;
    struct sip_session *s = sip_session_alloc(agent, true);
    copy_config(s, config);
    sip_session_note_body(s, &config->body);
    map_put(agent->by_tag, slice_of(s->local_tag), s);
    exchange.login = s->login;
    enum err err = ERR_INVALID;
    if (s->from && s->to && (s->asserted || !config->identity.uri.len))
        err = sip_exchange_create(&s->inviting, agent, &exchange, &invite_events, s);
    if (err) {
        sip_session_free(s);
        return err;
    }
    s->invite = sip_msg_ref(sip_exchange_request(s->inviting));
    s->events = events;
    s->owner = owner;
    loop_timer_start(agent->loop, &s->give_up,
                     config->timeout_ms ? config->timeout_ms : SIP_SESSION_TIMEOUT_MS, on_give_up,
                     s);
    *out = s;
    return OK;
}

void sip_session_clear_uac(struct sip_session *s)
{
    loop_timer_stop(s->agent->loop, &s->give_up);
    sip_exchange_destroy(s->inviting);
    s->inviting = NULL;
    mem_free(s->from);
    mem_free(s->to);
    mem_free(s->asserted);
    mem_free(s->contact_user);
    mem_free(s->reason);
    for (size_t i = 0; i < s->n_routes; i++)
        mem_free(s->routes[i]);
    mem_free(s->routes);
    mem_free(s->fields);
    sip_body_clear(&s->ack_body);
    s->from = s->to = s->asserted = s->contact_user = s->reason = NULL;
    s->routes = NULL;
    s->fields = NULL;
    s->n_routes = s->n_fields = 0;
}
