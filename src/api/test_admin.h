#pragma once
/* For the tests of the admin API: an API over the store in memory, and a daemon that has one of
 * each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "call/route.h"
#include "legs/trace.h"
#include "rest.h"
#include "routes.h"
#include "store/token.h"

struct fixture {
    struct loop *loop;
    struct store *store;
    struct api *api;
    struct seal *seal;
    int replies, status;
    json_t *body;
    char changed[64];
    int trace_after; /* questions until there is news */
};

static inline json_t *live_calls(void *owner)
{
    (void)owner;
    return json_pack("[{s:s, s:s}]", "id", "live-1", "state", "up");
}

static inline json_t *live_call(void *owner, struct slice id)
{
    (void)owner;
    return slice_is(id, "live-1") ? json_pack("{s:s, s:[]}", "id", "live-1", "legs") : NULL;
}

static inline bool hang_up(void *owner, struct slice id)
{
    (void)owner;
    return slice_is(id, "live-1");
}

static inline enum err record(void *owner, struct slice id, const char *mode, json_t **out,
                              struct fault *fault)
{
    (void)owner;
    if (!slice_is(id, "live-1"))
        return fault_set(fault, ERR_NOT_FOUND, "id", 0, "there is no such live call");
    if (mode && strcmp(mode, "stereo") == 0)
        return fault_set(fault, ERR_EXISTS, "", 0, "the call is being recorded");
    *out = json_pack("{s:[{s:s}]}", "recordings", "state", mode ? "recording" : "complete");
    return OK;
}

static inline json_t *live_recordings(void *owner)
{
    (void)owner;
    return json_pack("[{s:s, s:s, s:i, s:i}]", "id", "rec-1", "file", "rec-1.wav", "bytes", 44,
                     "written_ms", 1000);
}

static inline bool remove_recording(void *owner, struct slice id)
{
    (void)owner;
    return slice_is(id, "rec-1");
}

static inline void on_change(void *owner, const char *what)
{
    struct fixture *f = owner;
    snprintf(f->changed, sizeof f->changed, "%s", what);
}

/* One message that comes when somebody has waited a while. */
static inline json_t *live_trace(void *owner, const struct trace_query *query)
{
    struct fixture *f = owner;
    json_t *answer = json_pack("{s:i, s:[]}", "next", 4, "messages");
    if (f->trace_after-- <= 0 && slice_is(query->method, "INVITE"))
        json_array_append_new(json_object_get(answer, "messages"),
                              json_pack("{s:I}", "seq", (json_int_t)query->after + 1));
    return answer;
}

static inline json_t *live_route(void *owner, const struct route_query *query)
{
    (void)owner;
    return json_pack("{s:b, s:s%, s:b}", "found", 1, "to", query->dialled.ptr, query->dialled.len,
                     "may", query->may_use_trunks);
}

static inline uint32_t doctor_start(void *owner, const char *trunk, const char *dry_invite,
                                    bool try_forms)
{
    (void)try_forms;
    (void)owner;
    return strcmp(trunk, "acme") == 0 ? (dry_invite ? 2 : 1) : 0;
}

static inline json_t *doctor_report(void *owner, uint32_t id, bool *is_known)
{
    struct fixture *f = owner;
    *is_known = id == 1;
    return *is_known && f->trace_after-- <= 0 ? json_pack("{s:b}", "ok", 1) : NULL;
}

static inline enum err reload(void *owner, json_t **out, struct fault *fault)
{
    struct fixture *f = owner;
    if (f->trace_after)
        return fault_set(fault, ERR_INVALID, "tandem.yaml", 3, "log: unknown key");
    *out = json_pack("{s:b}", "ok", 1);
    return OK;
}

static inline json_t *live_bans(void *owner)
{
    (void)owner;
    return json_pack("[{s:s}]", "address", "10.0.0.9");
}

static inline bool lift_ban(void *owner, const struct addr *addr)
{
    char text[ADDR_TEXT];
    (void)owner;
    return strcmp(addr_print_ip(addr, text), "10.0.0.9") == 0;
}

static inline json_t *live_log(void *owner, uint64_t after, size_t max)
{
    (void)owner;
    return json_pack("{s:I, s:[{s:I}]}", "next", (json_int_t)after + 1, "lines", "seq",
                     (json_int_t)max);
}

static const struct admin_live_ops live_ops = { .log = live_log,
                                                .trace = live_trace,
                                                .route = live_route,
                                                .doctor_start = doctor_start,
                                                .doctor_report = doctor_report,
                                                .reload = reload,
                                                .bans = live_bans,
                                                .lift_ban = lift_ban,
                                                .calls = live_calls,
                                                .call = live_call,
                                                .hang_up = hang_up,
                                                .record = record,
                                                .recordings = live_recordings,
                                                .remove_recording = remove_recording,
                                                .on_change = on_change };

static inline int setup(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = loop_create_simulated();
    struct store_config store = { .loop = f->loop, .url = ":memory:" };
    if (store_open(&f->store, &store, NULL))
        return -1;
    f->seal = seal_create();
    if (seal_renew(f->seal))
        return -1;
    struct api_config config = { .loop = f->loop,
                                 .seal = f->seal,
                                 .store = f->store,
                                 .live = &live_ops,
                                 .owner = f,
                                 .admin_token = SLICE("t0ken"),
                                 .sip_realm = "tandem",
                                 .sip_domain = "sip.example.org" };
    f->api = api_create(&config);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    api_destroy(f->api);
    store_close(f->store);
    loop_destroy(f->loop);
    seal_destroy(f->seal);
    json_decref(f->body);
    mem_free(f);
    return 0;
}

static inline void on_reply(void *owner, const struct api_reply *reply)
{
    struct fixture *f = owner;
    f->replies++;
    f->status = reply->status;
    json_decref(f->body);
    f->body = json_deep_copy(reply->body);
}

static inline int dispatch(struct fixture *f, const struct api_request *request)
{
    bool is_ours;
    f->replies = 0;
    api_dispatch(f->api, request, on_reply, f, &is_ours);
    for (int i = 0; i < 10 && !f->replies; i++)
        loop_advance(f->loop, 1);
    assert_true(is_ours);
    assert_int_equal(f->replies, 1);
    return f->status;
}

/* "POST /admin/api/users?a=b" with the token, from loopback */
static inline int ask(struct fixture *f, enum http_method method, const char *path,
                      const char *body)
{
    static char memory[200];
    struct http_param params[4];
    struct addr peer = addr_loopback4(40000);
    struct slice query = slice_of(path);
    struct slice only = slice_cut(&query, '?');
    struct api_request request = { .method = method,
                                   .path = only,
                                   .params = params,
                                   .n_params = COUNT_OF(params),
                                   .authorization = SLICE("Bearer t0ken"),
                                   .body = slice_of(body),
                                   .peer = &peer };
    query = only.len < strlen(path) ? query : SLICE_NONE;
    assert_int_equal(http_query_parse(query, memory, sizeof memory, params, &request.n_params), OK);
    return dispatch(f, &request);
}

static inline const char *text(const struct fixture *f, const char *name)
{
    const char *value = json_string_value(json_object_get(f->body, name));
    if (!value)
        fail_msg("no text \"%s\" in the answer", name);
    return value;
}

static inline const char *error(const struct fixture *f, const char *name)
{
    const char *value = json_string_value(json_object_get(json_object_get(f->body, "error"), name));
    return value ? value : "";
}

static inline const json_t *row(const struct fixture *f, size_t i)
{
    return json_array_get(f->body, i);
}

static inline const char *row_text(const struct fixture *f, size_t i, const char *name)
{
    const char *value = json_string_value(json_object_get(row(f, i), name));
    return value ? value : "(none)";
}
