/* The trace over HTTP: what is there at once, else as soon as something comes, else nothing after
 * `wait_ms`. */
#include "admin.h"
#include "base/loop.h"
#include "legs/trace.h"

enum { POLL_MS = 50, WAIT_MAX_MS = 8000 };

static bool read_query(struct rest *rest, struct trace_query *query, uint64_t *wait_ms)
{
    uint64_t max = TRACE_READ_MAX;
    *query = (struct trace_query){ .call = slice_of(rest_param(rest, "call")),
                                   .trunk = slice_of(rest_param(rest, "trunk")),
                                   .method = slice_of(rest_param(rest, "method")) };
    if (!rest_param_number(rest, "after", INT64_MAX, &query->after) ||
        !rest_param_number(rest, "limit", TRACE_READ_MAX, &max) ||
        !rest_param_number(rest, "wait_ms", WAIT_MAX_MS, wait_ms))
        return false;
    query->max = (size_t)max;
    return true;
}

static void poll(void *owner)
{
    struct rest *rest = owner;
    const struct api_config *config = &rest->api->config;
    struct trace_query query;
    uint64_t wait_ms = 0;
    if (!read_query(rest, &query, &wait_ms))
        return;
    json_t *answer = config->live && config->live->trace
                         ? config->live->trace(config->owner, &query)
                         : json_pack("{s:i, s:[]}", "next", 0, "messages");
    int64_t now_ms = loop_now_ms(config->loop);
    if (!rest->until_ms)
        rest->until_ms = now_ms + (int64_t)wait_ms;
    if (json_array_size(json_object_get(answer, "messages")) || now_ms >= rest->until_ms) {
        rest_reply_take(rest, 200, answer);
        return;
    }
    json_decref(answer);
    loop_timer_start(config->loop, &rest->poll, POLL_MS, poll, rest);
}

void admin_trace_read(struct rest *rest)
{
    poll(rest);
}
