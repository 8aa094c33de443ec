/* The leg of a page on the bridge socket: JSON for signalling, WebRTC for media. */
#include <inttypes.h>
#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/bridge_priv.h"
#include "legs/trace.h"
#include "media/codec.h"
#include "media/media.h"

static struct leg_bridge *bridge_of(struct leg *leg)
{
    return (struct leg_bridge *)leg; /* the leg is its first member */
}

void leg_bridge_tell(struct leg_bridge *self, json_t *message)
{
    if (!self->session) {
        json_decref(message);
        return;
    }
    json_object_set_new(message, "callId", json_string(self->call_id));
    bridge_session_send(self->session, message);
}

static json_t *text_json(const char *text)
{
    json_t *value = json_string(text);
    return value ? value : json_string("");
}

/* `code` is a SIP status where a far end said it, else our token: programs can tell them apart. */
static json_t *code_json(const struct cause *cause)
{
    return cause->by == CAUSE_BY_SYSTEM ? json_string(cause->token) : json_integer(cause->code);
}

static bool is_retryable(const struct cause *cause)
{
    return cause->code == 408 || cause->code == 480 || cause->code == 486 || cause->code == 503 ||
           cause->code == 504 || cause->code == 600;
}

/* A call that never came to be: the original page shows `message` in an alert. */
static void tell_failure(struct leg_bridge *self, const struct cause *cause)
{
    char text[400];
    if (cause->by == CAUSE_BY_REMOTE)
        snprintf(text, sizeof text,
                 "Failed to establish call: SIP call failed: Sip non-success response: %d (%s)",
                 cause->code, cause->text);
    else
        snprintf(text, sizeof text, "Failed to establish call: %s", cause->text);
    leg_bridge_tell(self, json_pack("{s:s, s:o, s:o, s:s, s:b}", "type", "error", "message",
                                    text_json(text), "code", code_json(cause), "reason",
                                    cause->token, "retryable", is_retryable(cause)));
}

static void tell_hangup(struct leg_bridge *self, const struct cause *cause)
{
    const struct leg *leg = &self->leg;
    int64_t now_ms = loop_now_ms(self->env->loop);
    leg_bridge_tell(self,
                    json_pack("{s:s, s:i, s:s, s:o, s:s, s:I}", "type", "hangup", "code",
                              cause->code, "reason", cause->token, "text", text_json(cause->text),
                              "by", cause_by_name(cause->by), "durationMs",
                              (json_int_t)(leg->up_ms ? now_ms - leg->up_ms : 0)));
}

static enum err open_media(struct leg_bridge *self, struct fault *fault)
{
    const struct addr *peer = &self->session->peer;
    struct addr shown = addr_loopback4(0);
    if (addr_is_set(&self->env->public_ip))
        shown = self->env->public_ip;
    else if (addr_is_v6(peer) || addr_local_toward(peer, &shown))
        shown = addr_loopback4(0);
    return leg_media_open(&self->media, self->env, &self->leg, LEG_MEDIA_WEBRTC, &shown, peer,
                          fault);
}

static void fail(struct leg_bridge *self, const char *token, const char *text)
{
    struct cause cause = cause_of_token(token, CAUSE_BY_SYSTEM, text);
    leg_fail(&self->leg, &cause);
}

/* Our answer to the page's offer, made once: `progress` and `answer` carry the same text. */
static bool make_answer(struct leg_bridge *self, const struct leg_codecs *prefer)
{
    if (self->sdp)
        return true;
    struct fault fault = { 0 };
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    struct leg_codecs codecs = leg_policy_answer(&(struct leg_choice){
        self->env, &self->leg, &self->media.policy, prefer, &self->leg.offered });
    enum err err = self->session ? open_media(self, &fault) : ERR_CLOSED;
    if (!err)
        err = leg_media_answer(&self->media, &codecs, slice_of(self->offer), &sdp, &fault);
    if (err) {
        fail(self, err == ERR_UNSUPPORTED ? "no_codec" : "bad_sdp", fault.text);
        return false;
    }
    self->sdp = slice_dup(buf_slice(&sdp));
    return true;
}

static void ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    struct leg_bridge *self = bridge_of(leg);
    if (!media) {
        leg_bridge_tell(self, json_pack("{s:s, s:i}", "type", "ringing", "code", code));
        return;
    }
    if (!make_answer(self, media))
        return;
    leg->state = LEG_EARLY;
    leg_bridge_tell(
        self, json_pack("{s:s, s:i, s:s}", "type", "progress", "code", code, "sdp", self->sdp));
}

static void answer(struct leg *leg, const struct leg_codecs *prefer)
{
    struct leg_bridge *self = bridge_of(leg);
    if (!make_answer(self, prefer))
        return;
    const struct leg *peer = call_peer(leg->call);
    leg_bridge_tell(self, json_pack("{s:s, s:s, s:s, s:o}", "type", "answer", "sdp", self->sdp,
                                    "codec", leg->chosen.n ? leg->chosen.list[0]->name : "",
                                    "remote", text_json(peer ? peer->party : "")));
}

static void end(struct leg *leg, const struct cause *cause)
{
    struct leg_bridge *self = bridge_of(leg);
    if (self->told_end)
        return;
    self->told_end = true;
    if (leg->incoming && leg->state < LEG_UP)
        tell_failure(self, cause);
    else
        tell_hangup(self, cause);
}

static void dtmf(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    struct leg_bridge *self = bridge_of(leg);
    leg_bridge_tell(self, json_pack("{s:s, s:s%, s:i}", "type", "dtmf", "digit", &digit, (size_t)1,
                                    "durationMs", (int)duration_ms));
    if (!relayed && leg->stream)
        media_stream_send_dtmf(leg->stream, slice_make(&digit, 1), duration_ms, 0);
}

static void dial(struct leg *leg, const struct leg *peer)
{
    struct leg_bridge *self = bridge_of(leg);
    struct fault fault = { 0 };
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    if (!self->session || open_media(self, &fault)) {
        fail(self, "media_failed", fault.text[0] ? fault.text : NULL);
        return;
    }
    struct leg_codecs codecs;
    if (leg_policy_offer(&(struct leg_choice){ self->env, &self->leg, &self->media.policy,
                                               &peer->offered, &self->env->web_codecs },
                         &codecs)) {
        fail(self, "overload", leg_policy_no_room);
        return;
    }
    if (leg_media_offer(&self->media, &codecs, &sdp)) {
        fail(self, "server_error", NULL);
        return;
    }
    self->sdp = slice_dup(buf_slice(&sdp));
    const json_t *headers = call_headers(leg->call);
    leg_bridge_tell(self, json_pack("{s:s, s:o, s:o, s:o, s:s, s:o}", "type", "incoming-call",
                                    "from", text_json(call_shown_from(leg->call)), "displayName",
                                    text_json(call_shown_name(leg->call)), "to",
                                    text_json(call_to(leg->call)), "sdp", self->sdp, "headers",
                                    headers ? json_deep_copy(headers) : json_object()));
    leg_on_ringing(leg, 180);
}

/* The other far end holds us: the page may show it. */
static void hold(struct leg *leg, bool on)
{
    leg_bridge_tell(bridge_of(leg), json_pack("{s:s, s:b}", "type", "remote-hold", "held", on));
}

static void moved(struct leg *leg)
{
    struct leg_bridge *self = bridge_of(leg);
    if (self->session)
        trace_bind(self->env->trace, slice_of(self->session->id), call_id(leg->call));
}

static void destroy(struct leg *leg)
{
    struct leg_bridge *self = bridge_of(leg);
    list_remove(&self->in_session);
    leg_media_close(&self->media);
    mem_free(self->offer);
    mem_free(self->sdp);
    mem_free(self);
}

static const struct leg_ops ops = {
    .kind = "bridge",
    .dial = dial,
    .ring = ring,
    .answer = answer,
    .end = end,
    .dtmf = dtmf,
    .hold = hold,
    .report = leg_bridge_report,
    .moved = moved,
    .destroy = destroy,
};

static struct leg_bridge *make(struct bridge_session *session, bool incoming)
{
    struct leg_bridge *self = mem_new(struct leg_bridge);
    leg_init(&self->leg, &ops, incoming);
    self->session = session;
    self->env = session->face->env;
    list_append(&session->legs, &self->in_session);
    rand_uuid(self->call_id);
    snprintf(self->leg.via, sizeof self->leg.via, "%s", session->user);
    snprintf(self->leg.user, sizeof self->leg.user, "%s", session->user);
    self->media.policy = leg_policy_of_user(self->env, session->user);
    return self;
}

static bool read_offer(struct leg_bridge *self, const struct bridge_msg *offer)
{
    struct fault fault = { 0 };
    enum err err = leg_media_offered(offer->sdp, &self->leg.offered, &fault);
    if (!err)
        return true;
    struct cause cause = cause_of_token(err == ERR_UNSUPPORTED ? "no_codec" : "bad_sdp",
                                        CAUSE_BY_SYSTEM, fault.text);
    tell_failure(self, &cause);
    destroy(&self->leg);
    return false;
}

void leg_bridge_call(struct bridge_session *session, const struct bridge_msg *offer)
{
    struct leg_bridge *self = make(session, true);
    if (offer->call_id.len)
        (void)slice_copy(offer->call_id, self->call_id, sizeof self->call_id);
    self->client_call_id = offer->call_id.len > 0;
    if (!read_offer(self, offer))
        return;
    self->offer = slice_dup(offer->sdp);
    struct slice from = session->user[0] ? slice_of(session->user) : offer->from;
    snprintf(self->leg.party, sizeof self->leg.party, "%.*s", SLICE_ARG(from));
    if (!self->leg.party[0])
        snprintf(self->leg.party, sizeof self->leg.party, "page %.8s", session->id);
    leg_bridge_tell(self, json_pack("{s:s}", "type", "trying"));
    struct call_request request = {
        .face = SLICE("bridge"),
        .from = from,
        .from_name = offer->display_name,
        .from_user = slice_of(session->user),
        .to = offer->destination,
        .correlation = slice_of(session->id),
        .may_use_trunks = session->may_use_trunks,
        .headers = offer->headers,
    };
    call_create(self->env->calls, &request, &self->leg);
    if (self->leg.call) /* legs outlive this turn */
        trace_bind(self->env->trace, slice_of(session->id), call_id(self->leg.call));
}

struct leg *leg_bridge_ring_page(struct bridge_session *session, struct call *call)
{
    struct leg_bridge *self = make(session, false);
    trace_bind(self->env->trace, slice_of(session->id), call_id(call));
    snprintf(self->leg.party, sizeof self->leg.party, "%s", session->user);
    return &self->leg;
}

void leg_bridge_on_answer(struct leg_bridge *self, const struct bridge_msg *msg)
{
    struct fault fault = { 0 };
    if (self->leg.incoming || self->leg.state != LEG_RINGING)
        return;
    enum err err = leg_media_take_answer(&self->media, msg->sdp, &fault);
    if (err)
        fail(self, err == ERR_UNSUPPORTED ? "no_codec" : "bad_sdp", fault.text);
    else
        leg_on_answered(&self->leg);
}

void leg_bridge_on_reject(struct leg_bridge *self, const struct bridge_msg *msg)
{
    if (self->leg.incoming || self->leg.state >= LEG_UP)
        return;
    char text[200] = "";
    (void)slice_copy(msg->reason, text, sizeof text);
    struct cause cause = cause_of_status(msg->code, CAUSE_BY_REMOTE, text[0] ? text : NULL);
    self->told_end = true;
    leg_on_ended(&self->leg, &cause);
}

void leg_bridge_on_hangup(struct leg_bridge *self, const char *text)
{
    bool up = self->leg.state == LEG_UP;
    struct cause cause = cause_of_token(up ? "hangup" : "cancelled", CAUSE_BY_REMOTE, text);
    if (!up && !self->leg.incoming)
        cause = cause_of_status(603, CAUSE_BY_REMOTE, text);
    self->told_end = true;
    leg_on_ended(&self->leg, &cause);
}

void leg_bridge_on_candidate(struct leg_bridge *self, const struct bridge_msg *msg)
{
    struct sdp_candidate parsed;
    struct rtc_candidate candidate;
    if (!self->leg.stream || !msg->candidate.len || sdp_candidate_parse(msg->candidate, &parsed))
        return;
    /* names such as ….local cannot be dialled; their checks tell us the address */
    if (addr_parse_ip(parsed.address, parsed.port, &candidate.addr))
        return;
    candidate.priority = parsed.priority;
    rtc_transport_add_candidate(self->leg.stream, &candidate);
}

void leg_bridge_on_dtmf(struct leg_bridge *self, const struct bridge_msg *msg)
{
    struct leg *peer = self->leg.call ? call_peer(self->leg.call) : NULL;
    if (peer == &self->leg)
        peer = call_caller(self->leg.call);
    for (size_t i = 0; i < msg->digits.len; i++)
        if (msg->digits.ptr[i] != ',')
            leg_on_event(&self->leg, "dtmf", "key %c from the page", msg->digits.ptr[i]);
    if (!peer)
        return;
    /* one by one where signalling may carry them; a pause is media's to keep */
    for (size_t i = 0; peer->ops->dtmf && i < msg->digits.len; i++)
        peer->ops->dtmf(peer, msg->digits.ptr[i], msg->duration_ms, false);
    if (!peer->ops->dtmf && peer->stream)
        media_stream_send_dtmf(peer->stream, msg->digits, msg->duration_ms, msg->gap_ms);
}

/* What the page hears and says, from its own mutes and its own hold. The page's "send" is what we
 * receive. */
static void apply_mutes(struct leg_bridge *self)
{
    bool held = self->leg.holds;
    if (self->leg.stream)
        media_stream_mute(self->leg.stream, self->mute_receive || held, self->mute_send || held);
    leg_bridge_tell(self,
                    json_pack("{s:s, s:b, s:b, s:b}", "type", "media-state", "sendMuted",
                              self->mute_send, "receiveMuted", self->mute_receive, "held", held));
}

void leg_bridge_on_mute(struct leg_bridge *self, const struct bridge_msg *msg, bool on)
{
    if (msg->mute_send)
        self->mute_send = on;
    if (msg->mute_receive)
        self->mute_receive = on;
    apply_mutes(self);
}

void leg_bridge_on_hold(struct leg_bridge *self, bool on)
{
    if (self->leg.state != LEG_UP)
        return;
    leg_on_hold(&self->leg, on);
    apply_mutes(self);
}

/* Of what both sides hear, the worse; null until one was measured. */
static json_t *mos_json(const struct media_stats *stats)
{
    double mos = stats->rx.mos;
    if (mos < 1 || (stats->tx.mos >= 1 && stats->tx.mos < mos))
        mos = stats->tx.mos;
    return mos < 1 ? json_null() : json_real((double)(int)(mos * 100 + 0.5) / 100);
}

void leg_bridge_on_stats(struct leg_bridge *self)
{
    if (!self->leg.stream)
        return;
    const struct media_stats *stats = media_stream_stats(self->leg.stream);
    const struct codec *codec = stats->rx_codec ? stats->rx_codec : stats->tx_codec;
    leg_bridge_tell(
        self,
        json_pack(
            "{s:s, s:s?, s:o, s:o, s:I, s:o, s:I, s:I, s:b, s:o}", "type", "stats", "codec",
            codec ? codec->name : NULL, "rtt",
            stats->rtt_us < 0 ? json_null() : json_real((double)stats->rtt_us / 1000), "jitter",
            stats->rx.jitter_us < 0 ? json_null() : json_real((double)stats->rx.jitter_us / 1000),
            "loss", (json_int_t)stats->rx.lost, "mos", mos_json(stats), "packetsReceived",
            (json_int_t)stats->rx.packets, "packetsSent", (json_int_t)stats->tx.packets,
            "transcoding", stats->transcoding, "level",
            stats->rx.level_dbov > 0 ? json_null() : json_integer(stats->rx.level_dbov)));
}
