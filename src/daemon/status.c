/* The three views that PBX administrators of the original project know (protocol page, section 2):
 * GET /status, /registrations, /calls. For this machine, or with the admin token. */
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "base/loop.h"
#include "base/num.h"
#include "daemon/daemon_priv.h"
#include "legs/registrar.h"
#include "net/http_request.h"

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static json_t *time_text(int64_t wall_ms)
{
    char text[32];
    struct tm tm;
    time_t at = (time_t)(wall_ms / 1000);
    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

/* Phones and PBXs at us; what is wrong with a row shows as null, never as no row. */
static json_t *registrations(const struct daemon *daemon)
{
    json_t *found = json_array();
    json_t *rows = json_array();
    size_t i;
    json_t *row;
    registrar_add_registrations(daemon->registrar, found);
    json_array_foreach(found, i, row)
    {
        json_t *one =
            json_pack("{s:O, s:O, s:O, s:O}", "user", json_object_get(row, "user"), "contact",
                      json_object_get(row, "contact"), "expires", json_object_get(row, "expires_s"),
                      "address", json_object_get(row, "from"));
        json_object_set_new(one, "registeredAt",
                            time_text(json_integer_value(json_object_get(row, "since_ms"))));
        json_array_append_new(rows, one);
    }
    json_decref(found);
    return rows;
}

/* Our states in the words of section 3.5. */
static const char *state_word(const char *state)
{
    static const struct {
        const char *ours, *word;
    } words[] = {
        { "new", "initial" },   { "dialing", "calling" }, { "ringing", "ringing" },
        { "early", "ringing" }, { "up", "established" },  { "done", "terminated" },
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(state, words[i].ours) == 0)
            return words[i].word;
    return state;
}

static json_t *live_calls(const struct daemon *daemon)
{
    json_t *found = calls_json(daemon->env.calls);
    json_t *rows = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(found, i, row)
    {
        const char *session = text_of(row, "session"); /* SIP's Call-ID, where there is one */
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "callId",
                                              session[0] ? session : text_of(row, "id"), "from",
                                              text_of(row, "from"), "to", text_of(row, "to"),
                                              "state", state_word(text_of(row, "state"))));
    }
    json_decref(found);
    return rows;
}

static json_t *status(const struct daemon *daemon)
{
    json_t *phones = registrations(daemon);
    int64_t up_ms = loop_wall_ms(daemon->env.loop) - daemon->started_wall_ms;
    json_t *body =
        json_pack("{s:s, s:I, s:I, s:I}", "status", daemon->stopping ? "stopping" : "online",
                  "registrations", (json_int_t)json_array_size(phones), "activeCalls",
                  (json_int_t)calls_count(daemon->env.calls), "uptime", (json_int_t)(up_ms / 1000));
    json_decref(phones);
    return body;
}

bool daemon_serve_status(struct daemon *daemon, struct http_request *request)
{
    static const struct {
        const char *path;
        json_t *(*make)(const struct daemon *daemon);
    } views[] = {
        { "/status", status },
        { "/registrations", registrations },
        { "/calls", live_calls },
    };
    size_t i = 0;
    while (i < COUNT_OF(views) && !slice_is(http_request_path(request), views[i].path))
        i++;
    if (i == COUNT_OF(views) || http_request_method(request) != HTTP_GET)
        return false;
    (void)!http_reply_header(request, "Cache-Control", SLICE("no-store"));
    if (!api_may_measure(daemon->api, request)) {
        (void)!http_reply_header(request, "WWW-Authenticate", SLICE("Bearer realm=\"tandem\""));
        http_reply(request, 401, "text/plain; charset=utf-8",
                   SLICE("This is for this machine, or with the admin token as Bearer.\n"));
        return true;
    }
    json_t *body = views[i].make(daemon);
    http_reply_json(request, 200, body);
    json_decref(body);
    return true;
}
