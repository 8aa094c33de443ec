/* What others may see of calls: values and JSON. */
#include <stdio.h>

#include "base/map.h"
#include "base/num.h"
#include "call/call.h"
#include "call/call_priv.h"
#include "call/recording.h"
#include "media/codec.h"
#include "media/media.h"

size_t calls_count(const struct calls *calls)
{
    return map_count(calls->by_id);
}

uint64_t calls_total(const struct calls *calls)
{
    return calls->total;
}

struct call *calls_find(const struct calls *calls, struct slice id)
{
    return map_find(calls->by_id, id);
}

const char *call_project(const struct call *call)
{
    return call->project_id;
}

const char *call_id(const struct call *call)
{
    return call->id;
}

void call_set_answered_by(struct call *call, const char *word)
{
    call->answered_by = word;
}

enum call_state call_get_state(const struct call *call)
{
    return call->state;
}

unsigned call_media_thread(const struct call *call)
{
    return call->thread;
}

struct loop *call_loop(const struct call *call)
{
    return call->calls->config.loop;
}

const char *call_from(const struct call *call)
{
    return call->from;
}

bool call_is_private(const struct call *call)
{
    return call->is_private;
}

const char *call_shown_from(const struct call *call)
{
    return call->is_private || !call->from[0] ? "anonymous" : call->from;
}

const char *call_shown_name(const struct call *call)
{
    return call->is_private ? "Anonymous" : call->from_name;
}

enum err call_next_hops(const struct call *call, unsigned *out)
{
    if (call->hops == 1)
        return ERR_LIMIT;
    *out = call->hops ? call->hops - 1 : 0;
    return OK;
}

const char *call_from_name(const struct call *call)
{
    return call->from_name;
}

const char *call_to(const struct call *call)
{
    return call->to;
}

const char *call_number(const struct call *call)
{
    return call->plan.n ? call->plan.targets[0].of_number : "";
}

const char *call_trunk(const struct call *call)
{
    return call->trunk;
}

const json_t *call_headers(const struct call *call)
{
    return call->headers;
}

const char *call_sip_user(const struct call *call)
{
    return call->sip_user;
}

const struct secret *call_sip_password(const struct call *call)
{
    return &call->sip_password;
}

const char *call_referred_by(const struct call *call)
{
    return call->referred_by ? call->referred_by : "";
}

const char *call_replaces(const struct call *call)
{
    return call->replaces ? call->replaces : "";
}

const char *call_diverted(const struct call *call)
{
    return call->diverted ? call->diverted : "";
}

const char *call_history(const struct call *call)
{
    return call->history ? call->history : "";
}

const struct call_diversion *call_diversions(const struct call *call, size_t *n)
{
    *n = call->forwards;
    return call->diversions;
}

struct leg *call_caller(const struct call *call)
{
    return call->caller;
}

bool call_is_emergency(const struct call *call)
{
    return call->plan.is_emergency;
}

bool call_has_next(const struct call *call)
{
    return call->next_target < call->plan.n;
}

struct leg *call_peer(const struct call *call)
{
    return call->peer;
}

struct leg *call_other(const struct call *call, const struct leg *leg)
{
    return leg == call->caller ? call->peer : call->caller;
}

/* A peer's bytes need not be UTF-8. */
static json_t *text(const char *value)
{
    json_t *string = json_string(value ? value : "");
    return string ? string : json_string("?");
}

static json_t *known(int64_t value, bool is_known)
{
    return is_known ? json_integer(value) : json_null();
}

/* Two digits are what an estimate is good for. */
static json_t *mos_json(double mos)
{
    return mos < 1 ? json_null() : json_real((double)(int)(mos * 100 + 0.5) / 100);
}

/* What was lost on the way to us is counted here; on the way to them they report it, with jitter,
 * or nobody knows. */
static json_t *flow_json(const struct media_flow_stats *flow, bool is_counted)
{
    bool is_lost_known = is_counted || flow->jitter_us >= 0;
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packets", (json_int_t)flow->packets,
        "bytes", (json_int_t)flow->bytes, "lost", known((int64_t)flow->lost, is_lost_known),
        "reordered", known(flow->reordered, flow->reordered >= 0), "concealed_ms",
        known(flow->concealed_ms, flow->concealed_ms >= 0), "buffer_ms",
        known(flow->buffer_ms, flow->buffer_ms >= 0), "jitter_ms",
        flow->jitter_us < 0 ? json_null() : json_real((double)flow->jitter_us / 1000),
        "last_packet_ms", known(flow->last_age_ms, flow->last_age_ms >= 0), "level_dbov",
        known(flow->level_dbov, flow->level_dbov <= 0), "mos", mos_json(flow->mos));
}

static json_t *stats_json(const struct leg *leg)
{
    if (!leg->stream)
        return json_null();
    const struct media_stats *stats = media_stream_stats(leg->stream);
    char remote[ADDR_TEXT];
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s?, s:s?, s:b, s:I, s:I, s:s}", "received",
        flow_json(&stats->rx, true), "sent", flow_json(&stats->tx, false), "rtt_ms",
        stats->rtt_us < 0 ? json_null() : json_real((double)stats->rtt_us / 1000), "far_mos",
        mos_json(stats->far_mos), "codec_received", stats->rx_codec ? stats->rx_codec->name : NULL,
        "codec_sent", stats->tx_codec ? stats->tx_codec->name : NULL, "transcoding",
        stats->transcoding, "dropped_auth", (json_int_t)stats->dropped_auth, "dropped_stranger",
        (json_int_t)stats->dropped_stranger, "remote", addr_print(&stats->remote, remote));
}

json_t *call_leg_json(const struct leg *leg)
{
    json_t *codecs = json_array();
    for (size_t i = 0; i < leg->chosen.n; i++)
        json_array_append_new(codecs, json_string(leg->chosen.list[i]->name));
    json_t *view = json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "leg", (int)leg->id,
                             "kind", leg->ops->kind, "direction", leg->incoming ? "in" : "out",
                             "state", leg_state_name(leg->state), "party", text(leg->party), "via",
                             text(leg->via), "codecs", codecs, "media", stats_json(leg));
    if (leg_is_over(leg))
        json_object_set_new(view, "cause",
                            json_pack("{s:i, s:s, s:o, s:s}", "code", leg->cause.code, "token",
                                      leg->cause.token, "text", text(leg->cause.text), "by",
                                      cause_by_name(leg->cause.by)));
    return view;
}

static json_t *legs_json(const struct call *call)
{
    json_t *legs = json_copy(call->done_legs);
    LIST_EACH(link, (struct list *)(uintptr_t)&call->legs)
    json_array_append_new(legs, call_leg_json(LIST_ITEM(link, struct leg, in_call)));
    return legs;
}

const char *call_direction(const struct call *call)
{
    if (call->trunk[0])
        return "in";
    return slice_is(slice_of(call->plan.n ? call->plan.targets[0].kind : ""), "trunk") ? "out"
                                                                                       : "internal";
}

const char *call_used_trunk(const struct call *call)
{
    const struct route_target *reached = call->reached;
    if (call->trunk[0])
        return call->trunk;
    return reached && slice_is(slice_of(reached->kind), "trunk") ? reached->name : "";
}

json_t *call_json(const struct call *call, bool full)
{
    int64_t now_ms =
        call->done_wall_ms ? call->done_wall_ms : loop_wall_ms(call->calls->config.loop);
    json_t *view =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:I, s:o, s:o}", "id",
                  call->id, "state", call_state_name(call->state), "face", call->face, "direction",
                  call_direction(call), "from", text(call->from), "to", text(call->to), "trunk",
                  call_used_trunk(call), "codec_a", call->codec_a ? call->codec_a : "", "codec_b",
                  call->codec_b ? call->codec_b : "", "session", text(call->correlation),
                  "created_ms", (json_int_t)call->created_wall_ms, "answered_ms",
                  known(call->up_wall_ms, call->up_wall_ms > 0), "duration_ms",
                  json_integer(call->up_wall_ms ? now_ms - call->up_wall_ms : 0));
    if (call->answered_by)
        json_object_set_new(view, "answered_by", json_string(call->answered_by));
    if (!full)
        return view;
    json_object_set_new(view, "legs", legs_json(call));
    json_object_set_new(view, "timeline", timeline_json(call->timeline));
    json_object_set(view, "related", call->related);
    json_object_set_new(view, "recordings", recordings_json(call));
    json_object_set_new(view, "cause",
                        call->has_cause
                            ? json_pack("{s:i, s:s, s:o, s:s}", "code", call->cause.code, "token",
                                        call->cause.token, "text", text(call->cause.text), "by",
                                        cause_by_name(call->cause.by))
                            : json_null());
    return view;
}

json_t *calls_json(const struct calls *calls)
{
    json_t *list = json_array();
    LIST_EACH(link, (struct list *)(uintptr_t)&calls->live)
    json_array_append_new(list, call_json(LIST_ITEM(link, struct call, in_calls), false));
    return list;
}
