/* The doctor's look at STUN and TURN servers: a binding request each, or an allocation. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/num.h"
#include "base/rand.h"
#include "cli/doctor_kandy.h"
#include "media/media.h"
#include "net/dns.h"
#include "net/udp.h"
#include "rtc/rtc_transport.h"

enum { STUN_AGAIN_MS = 500, STUN_TRIES = 6, TURN_MS = 6000 };

static void next_server(void *owner);

static void end_server(struct doctor_kandy *self)
{
    udp_destroy(self->udp);
    self->udp = NULL;
    media_stream_destroy(self->stream);
    self->stream = NULL;
    self->at_server++;
    loop_timer_start(self->doctor->config.loop, &self->doctor->timer, 0, next_server, self);
}

static void good(struct doctor_kandy *self, const char *what, const struct addr *addr)
{
    char text[ADDR_TEXT];
    doctor_note(self->doctor, true, NULL, "%s: %s %s", self->servers[self->at_server].text, what,
                addr_print(addr, text));
    end_server(self);
}

static void bad(struct doctor_kandy *self, const char *why)
{
    doctor_note(self->doctor, false,
                "outgoing traffic to it must be allowed, its certificate trusted, its credentials "
                "good: without it media may not pass",
                "%s: %s", self->servers[self->at_server].text, why);
    end_server(self);
}

/* ---- STUN ---- */

static void ask_stun(void *owner)
{
    struct doctor_kandy *self = owner;
    char mem[64];
    struct buf out = BUF_ON(mem);
    if (self->tries++ == STUN_TRIES) {
        bad(self, "no answer");
        return;
    }
    stun_begin(&out, STUN_REQUEST, STUN_BINDING, self->stun_id);
    (void)!udp_send(self->udp, &self->addr, NULL, buf_slice(&out)); /* it is sent again */
    loop_timer_start(self->doctor->config.loop, &self->doctor->timer, STUN_AGAIN_MS, ask_stun,
                     self);
}

static void on_stun(void *owner, const struct addr *from, const struct addr *to, struct slice bytes)
{
    struct doctor_kandy *self = owner;
    struct stun_msg msg;
    struct addr mapped;
    (void)from, (void)to;
    if (stun_parse(&msg, bytes) || memcmp(msg.id, self->stun_id, STUN_ID_LEN) != 0)
        return;
    if (stun_find_addr(&msg, STUN_XOR_MAPPED_ADDRESS, &mapped) ||
        stun_find_addr(&msg, STUN_MAPPED_ADDRESS, &mapped))
        good(self, "it sees us at", &mapped);
    else
        bad(self, "its answer has no address");
}

static void try_stun(struct doctor_kandy *self)
{
    static const struct udp_events events = { .on_packet = on_stun };
    struct addr any = addr_any4(0);
    struct fault fault = { 0 };
    self->tries = 0;
    rand_bytes(self->stun_id, sizeof self->stun_id);
    if (udp_create(&self->udp, self->doctor->config.loop, &any, &events, self, &fault))
        bad(self, fault.text);
    else
        ask_stun(self);
}

/* ---- TURN ---- */

static void on_turn_late(void *owner)
{
    struct doctor_kandy *self = owner;
    bad(self, self->step[0] ? self->step : "no relay in time");
}

static void on_transport(void *owner, const void *event)
{
    struct doctor_kandy *self = owner;
    const struct rtc_event *news = event;
    if (news->kind == RTC_EVENT_CANDIDATE && news->type == RTC_CANDIDATE_RELAY)
        good(self, "relays for us at", &news->addr);
    else if (news->kind == RTC_EVENT_GATHERED)
        bad(self, self->step[0] ? self->step : "no relay was given");
}

static void on_step(void *owner, const char *step, const char *detail)
{
    struct doctor_kandy *self = owner;
    snprintf(self->step, sizeof self->step, "%s %s", step, detail);
}

static bool open_media(struct doctor_kandy *self, struct fault *fault)
{
    struct media_config media = { .threads = 1 };
    struct rtc_config rtc = { 0 };
    if (self->rtc)
        return true;
    if (!self->media && media_create(&self->media, self->doctor->config.loop, &media, fault))
        return false;
    return rtc_create(&self->rtc, self->media, &rtc, fault) == OK;
}

static void try_turn(struct doctor_kandy *self)
{
    static const struct media_events events = { .on_transport = on_transport, .on_step = on_step };
    const struct doctor_server *server = &self->servers[self->at_server];
    const struct config_trunk *trunk = self->doctor->config.trunk;
    struct fault fault = { 0 };
    struct rtc_local local;
    struct rtc_ice_server one = { .uri = self->uri,
                                  .addr = self->addr,
                                  .username = server->username,
                                  .password = server->password.ptr };
    struct rtc_ice_config ice = { .controlling = true,
                                  .policy = RTC_ICE_RELAY,
                                  .servers = &one,
                                  .n_servers = 1,
                                  .ca_file = trunk->tls_ca_file[0] ? trunk->tls_ca_file : NULL };
    self->step[0] = '\0';
    if (!server->username[0] && self->doctor->config.is_connected) {
        doctor_note(self->doctor, true, NULL,
                    "%s: not tried, its credentials come to the daemon's own connection",
                    server->text);
        end_server(self);
        return;
    }
    if (!server->username[0]) {
        bad(self, "the cloud gave no credentials for it");
        return;
    }
    if (!open_media(self, &fault)) {
        bad(self, fault.text);
        return;
    }
    struct media_transport *transport = rtc_transport_create_full(self->rtc, 0, &ice, &local);
    self->stream = media_stream_create(self->media, 0, transport, &events, self);
    loop_timer_start(self->doctor->config.loop, &self->doctor->timer, TURN_MS, on_turn_late, self);
}

/* ---- one after the other ---- */

static void on_resolved(void *owner, const struct dns_answer *answer)
{
    struct doctor_kandy *self = owner;
    self->doctor->query = NULL;
    if (answer->err || !answer->n_records) {
        bad(self, answer->err ? answer->text : "no address");
        return;
    }
    self->addr = answer->records[0].addr;
    addr_set_port(&self->addr, self->uri.port);
    if (self->uri.kind == ICE_URI_STUN)
        try_stun(self);
    else
        try_turn(self);
}

static void next_server(void *owner)
{
    struct doctor_kandy *self = owner;
    struct doctor *doctor = self->doctor;
    if (self->at_server == self->n_servers) {
        doctor_go(doctor, doctor->at + 1);
        return;
    }
    if (ice_uri_parse(slice_of(self->servers[self->at_server].text), &self->uri)) {
        bad(self, "not a STUN or TURN server's address");
        return;
    }
    doctor->query =
        dns_resolve_host(doctor->config.dns, slice_of(self->uri.host), DNS_IPV4, on_resolved, self);
}

static void add(struct doctor_kandy *self, struct slice text, struct slice username,
                struct slice password)
{
    if (self->n_servers == DOCTOR_ICE_MAX)
        return;
    struct doctor_server *server = &self->servers[self->n_servers++];
    (void)slice_copy(text, server->text, sizeof server->text);
    (void)slice_copy(username, server->username, sizeof server->username);
    secret_set(&server->password, password);
}

static void add_listed(struct doctor_kandy *self, const json_t *item)
{
    const json_t *urls = json_object_get(item, "urls");
    struct slice username = kandy_text(json_object_get(item, "username"));
    struct slice password = kandy_text(json_object_get(item, "credential"));
    size_t i;
    json_t *url;
    if (json_is_string(urls))
        add(self, kandy_text(urls), username, password);
    json_array_foreach(urls, i, url) add(self, kandy_text(url), username, password);
}

void doctor_ice(struct doctor *doctor)
{
    struct doctor_kandy *self = doctor->kandy;
    const struct config_list *configured = &doctor->config.trunk->ice_servers;
    size_t i;
    json_t *item;
    json_array_foreach(self->ice_servers, i, item) add_listed(self, item);
    for (i = 0; i < configured->n && json_array_size(self->ice_servers) == 0; i++)
        add(self, slice_of(configured->items[i]), slice_of(self->granted.turn_user),
            secret_reveal(&self->granted.turn_password));
    if (!self->n_servers) {
        doctor_skip(doctor, NULL, "no STUN or TURN server is configured");
        return;
    }
    next_server(self);
}

void doctor_ice_clear(struct doctor_kandy *self)
{
    udp_destroy(self->udp);
    media_stream_destroy(self->stream);
    if (self->rtc)
        rtc_destroy(self->rtc);
    if (self->media)
        media_destroy(self->media);
    self->udp = NULL;
    self->stream = NULL;
    self->rtc = NULL;
    self->media = NULL;
    for (size_t i = 0; i < self->n_servers; i++)
        secret_clear(&self->servers[i].password);
    self->n_servers = 0;
}
