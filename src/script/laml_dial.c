/* Verbs that bring in others: Dial and its nouns, queues, streams, messages, transfers. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "script/laml_priv.h"

enum { RING_S = 30, TALK_MAX_S = 14400 };

static bool is_named(const json_t *node, const char *name)
{
    return json_is_object(node) && strcmp(laml_name(node), name) == 0;
}

static const json_t *child_named(const json_t *node, const char *name)
{
    const json_t *child;
    size_t i;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (is_named(child, name))
            return child;
    }
    return NULL;
}

/* The text of the element itself, not of those in it. */
static char *own_text(const json_t *node)
{
    json_t *own = json_pack("{s:[]}", "in");
    const json_t *child;
    size_t i;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (json_is_string(child))
            json_array_append(json_object_get(own, "in"), (json_t *)(uintptr_t)child);
    }
    char *text = laml_text(own);
    json_decref(own);
    return text;
}

/* --- whom to ring --- */

/* sip:bob@example.com?X-Name=value&…: headers of the INVITE (RFC 3261 §19.1.1). */
static json_t *headers_of(struct slice query)
{
    json_t *list = json_array();
    while (query.len) {
        struct slice value = slice_cut(&query, '&');
        struct slice name = slice_cut(&value, '=');
        char *header = slice_dup(name), *text = slice_dup(value);
        if (name.len)
            json_array_append_new(list, json_pack("{s:o, s:o}", "name", laml_literal(header),
                                                  "value", laml_literal(text)));
        mem_free(header);
        mem_free(text);
    }
    return list;
}

static void put_sip(const json_t *node, json_t *target, const char *text)
{
    struct slice rest = slice_of(text), uri = slice_cut(&rest, '?');
    char *to = slice_dup(uri);
    bool has_scheme = slice_istarts(uri, SLICE("sip:")) || slice_istarts(uri, SLICE("sips:"));
    char *full = has_scheme ? NULL : mem_alloc(uri.len + 5);
    if (full)
        snprintf(full, uri.len + 5, "sip:%s", to);
    laml_put(target, "to", full ? full : to);
    if (rest.len)
        json_object_set_new(target, "headers", headers_of(rest));
    laml_put(target, "username", laml_attribute(node, "username", NULL));
    laml_put(target, "password", laml_attribute(node, "password", NULL));
    mem_free(full);
    mem_free(to);
}

static void put_user(json_t *target, const char *text)
{
    size_t cap = strlen(text) + 6;
    char *to = mem_alloc(cap);
    snprintf(to, cap, "user:%s", strncmp(text, "client:", 7) == 0 ? text + 7 : text);
    laml_put(target, "to", to);
    mem_free(to);
}

/* Number, Sip, Client as a destination of connect. */
static enum err put_target(struct laml *laml, const json_t *noun, json_t *list)
{
    const json_t *identity = child_named(noun, "Identity");
    const char *digits = laml_attribute(noun, "sendDigits", NULL);
    char *text = identity ? laml_text(identity) : own_text(noun);
    json_t *target = json_object();
    enum err err = OK;
    if (!*text)
        err = laml_fail(laml, noun, "there is nobody in it");
    else if (is_named(noun, "Sip"))
        put_sip(noun, target, text);
    else if (is_named(noun, "Client"))
        put_user(target, text);
    else
        laml_put(target, "to", text);
    if (!err) /* a document that the called one hears before the two are joined */
        err = laml_put_url(laml, noun, "url", target, "confirm");
    if (digits && !json_object_get(target, "confirm")) /* played to it before the two are joined */
        json_object_set_new(target, "confirm",
                            json_pack("[{s:{s:s}}]", "send_digits", "digits", digits));
    mem_free(text);
    if (err)
        json_decref(target);
    else
        json_array_append_new(list, target);
    return err;
}

static enum err put_targets(struct laml *laml, const json_t *node, json_t *list)
{
    static const char *const nouns[] = { "Number", "Sip", "Client" };
    const json_t *child;
    size_t i;
    enum err err = OK;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        for (size_t k = 0; k < 3 && !err; k++)
            if (is_named(child, nouns[k]))
                err = put_target(laml, child, list);
    }
    char *bare = own_text(node);
    if (!err && *bare && !json_array_size(list))
        json_array_append_new(list, json_pack("{s:o}", "to", laml_literal(bare)));
    mem_free(bare);
    return err;
}

static void put_ring_options(const json_t *node, json_t *value)
{
    char ring[16];
    const char *tone = laml_attribute(node, "ringTone", NULL);
    json_object_set_new(value, "timeout", json_real(laml_number(node, "timeout", RING_S)));
    json_object_set_new(value, "max_duration",
                        json_real(laml_number(node, "timeLimit", TALK_MAX_S)));
    json_object_set_new(value, "answer_on_bridge",
                        json_boolean(laml_bool(node, "answerOnBridge", false)));
    if (laml_bool(node, "hangupOnStar", false))
        json_object_set_new(value, "hangup_key", json_string("*"));
    laml_put(value, "from", laml_attribute(node, "callerId", NULL));
    if (tone && strlen(tone) == 2) {
        snprintf(ring, sizeof ring, "ring:%s", tone);
        json_object_set_new(value, "ringback", json_pack("[s]", ring));
    }
}

static bool records(const json_t *node)
{
    const char *record = laml_attribute(node, "record", "do-not-record");
    return strncmp(record, "record-", 7) == 0 || strcmp(record, "true") == 0;
}

static void put_recording(struct laml *laml, const json_t *node, json_t *value)
{
    const char *record = laml_attribute(node, "record", "");
    const char *track = laml_attribute(node, "recordingTrack", "both");
    json_t *step = json_pack("{s:b, s:s}", "stereo", strstr(record, "dual") != NULL, "direction",
                             strcmp(track, "inbound") == 0    ? "speak"
                             : strcmp(track, "outbound") == 0 ? "listen"
                                                              : "both");
    laml_put(step, "source", "DialVerb");
    laml_put(step, "trim", laml_attribute(node, "trim", NULL));
    if (strstr(record, "ringing")) {
        laml_step(laml, "record_call", step);
        return;
    }
    json_object_set_new(value, "record_joined", step);
}

/* What Dial's action tells of a recording. */
static enum err recording_extra(struct laml *laml, const json_t *node, json_t **out)
{
    json_t *extra = json_object();
    enum err err = laml_put_url(laml, node, "recordingStatusCallback", extra, "callback");
    laml_put(extra, "callback_method", laml_attribute(node, "recordingStatusCallbackMethod", NULL));
    json_object_set_new(extra, "records", json_boolean(records(node)));
    if (err)
        json_decref(extra);
    else
        *out = extra;
    return err;
}

static enum err put_connect(struct laml *laml, const json_t *node)
{
    json_t *list = json_array(), *value = json_object(), *extra = NULL;
    enum err err = put_targets(laml, node, list);
    if (!err && !json_array_size(list))
        err = laml_fail(laml, node, "there is nobody to ring");
    if (!err)
        err = recording_extra(laml, node, &extra);
    if (err) {
        json_decref(list);
        json_decref(value);
        return err;
    }
    put_ring_options(node, value);
    json_object_set_new(value, laml_bool(node, "sequential", false) ? "serial" : "parallel", list);
    if (records(node))
        put_recording(laml, node, value);
    laml_step(laml, "connect", value);
    if (records(node))
        laml_step(laml, "stop_record_call", json_object());
    return laml_action(laml, node, "dial", false, extra);
}

/* --- conferences and queues --- */

static enum err put_conference(struct laml *laml, const json_t *dial, const json_t *node)
{
    static const struct {
        const char *attribute, *param;
        bool is_url, is_bool;
    } rows[] = {
        { .attribute = "muted", .param = "muted", .is_bool = true },
        { .attribute = "beep", .param = "beep" },
        { .attribute = "startConferenceOnEnter", .param = "start_on_enter", .is_bool = true },
        { .attribute = "endConferenceOnExit", .param = "end_on_exit", .is_bool = true },
        { .attribute = "waitUrl", .param = "wait_url", .is_url = true },
        { .attribute = "maxParticipants", .param = "max_participants" },
        { .attribute = "record", .param = "record" },
        { .attribute = "trim", .param = "trim" },
        { .attribute = "coach", .param = "coach" },
        { .attribute = "statusCallback", .param = "status_callback", .is_url = true },
        { .attribute = "statusCallbackMethod", .param = "status_callback_method" },
        { .attribute = "statusCallbackEvent", .param = "status_callback_event" },
        { .attribute = "recordingStatusCallback",
          .param = "recording_status_callback",
          .is_url = true },
        { .attribute = "recordingStatusCallbackMethod",
          .param = "recording_status_callback_method" },
        { .attribute = "recordingStatusCallbackEvent", .param = "recording_status_callback_event" },
    };
    char *name = own_text(node);
    json_t *value = json_object();
    enum err err = *name ? OK : laml_fail(laml, node, "a conference needs a name");
    laml_put(value, "name", name);
    mem_free(name);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !err; i++) {
        if (rows[i].is_url)
            err = laml_put_url(laml, node, rows[i].attribute, value, rows[i].param);
        else if (rows[i].is_bool && laml_attribute(node, rows[i].attribute, NULL))
            json_object_set_new(value, rows[i].param,
                                json_boolean(laml_bool(node, rows[i].attribute, false)));
        else
            laml_put(value, rows[i].param, laml_attribute(node, rows[i].attribute, NULL));
    }
    if (err) {
        json_decref(value);
        return err;
    }
    json_object_set_new(value, "status_callback_event_type", json_string("laml"));
    if (json_object_get(value, "recording_status_callback"))
        json_object_set_new(value, "recording_status_callback_event_type", json_string("laml"));
    laml_step(laml, "join_conference", value);
    return laml_action(laml, dial, "conference", false, NULL);
}

static enum err put_queue(struct laml *laml, const json_t *dial, const json_t *node)
{
    char *name = own_text(node);
    if (!*name) {
        mem_free(name);
        return laml_fail(laml, node, "a queue needs a name");
    }
    size_t cap = strlen(name) + 7;
    char *to = mem_alloc(cap);
    json_t *value = json_object();
    snprintf(to, cap, "queue:%s", name);
    laml_put(value, "to", to);
    put_ring_options(dial, value);
    mem_free(name);
    mem_free(to);
    laml_step(laml, "connect", value);
    return laml_action(laml, dial, "queue", false, NULL);
}

enum err laml_dial(struct laml *laml, const json_t *node)
{
    const json_t *conference = child_named(node, "Conference");
    const json_t *queue = child_named(node, "Queue");
    if (conference)
        return put_conference(laml, node, conference);
    return queue ? put_queue(laml, node, queue) : put_connect(laml, node);
}

enum err laml_enqueue(struct laml *laml, const json_t *node)
{
    char *name = own_text(node);
    json_t *value = json_object();
    laml_put(value, "queue_name", name);
    mem_free(name);
    enum err err = laml_put_url(laml, node, "waitUrl", value, "wait_url");
    if (err) {
        json_decref(value);
        return err;
    }
    laml_step(laml, "enter_queue", value);
    return laml_action(laml, node, "enqueue", false, NULL);
}

/* --- streams --- */

static json_t *parameters_of(const json_t *node)
{
    json_t *parameters = json_object();
    const json_t *child;
    size_t i;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (is_named(child, "Parameter"))
            json_object_set_new(parameters, laml_attribute(child, "name", ""),
                                laml_literal(laml_attribute(child, "value", "")));
    }
    return parameters;
}

/* Media goes to ws: or wss:, which a document's own address is not. */
static enum err check_stream(struct laml *laml, const json_t *stream, const char *url)
{
    if (slice_istarts(slice_of(url), SLICE("ws://")) ||
        slice_istarts(slice_of(url), SLICE("wss://")))
        return OK;
    return laml_fail(laml, stream, "'url' is a ws: or wss: address, not '%.80s'", url);
}

static enum err stream_of(struct laml *laml, const json_t *stream, json_t **out)
{
    static const char *const same[] = { "name", "track", "codec" };
    json_t *value = json_object();
    enum err err = check_stream(laml, stream, laml_attribute(stream, "url", ""));
    if (!err)
        err = laml_put_url(laml, stream, "statusCallback", value, "status_url");
    if (err) {
        json_decref(value);
        return err;
    }
    for (size_t i = 0; i < 3; i++)
        laml_put(value, same[i], laml_attribute(stream, same[i], NULL));
    laml_put(value, "control_id", laml_attribute(stream, "name", NULL));
    laml_put(value, "status_url_method", laml_attribute(stream, "statusCallbackMethod", NULL));
    laml_put(value, "authorization_bearer_token", laml_attribute(stream, "authBearerToken", NULL));
    json_object_set_new(value, "custom_parameters", parameters_of(stream));
    *out = value;
    return OK;
}

enum err laml_start(struct laml *laml, const json_t *node)
{
    const json_t *stream = child_named(node, "Stream");
    json_t *value = NULL;
    if (!stream)
        return laml_fail(laml, node, "there is no <Stream> in it");
    enum err err = stream_of(laml, stream, &value);
    if (err)
        return err;
    laml_put(value, "url", laml_attribute(stream, "url", NULL));
    json_object_set_new(value, "laml", json_true());
    laml_step(laml, "stream", value);
    return OK;
}

enum err laml_stop(struct laml *laml, const json_t *node)
{
    const json_t *stream = child_named(node, "Stream");
    if (!stream)
        return laml_fail(laml, node, "there is no <Stream> in it");
    json_t *value = json_object();
    laml_put(value, "control_id", laml_attribute(stream, "name", NULL));
    laml_step(laml, "stop_stream", value);
    return OK;
}

enum err laml_connect(struct laml *laml, const json_t *node)
{
    const json_t *stream = child_named(node, "Stream");
    json_t *value = NULL;
    char to[LAML_URL_MAX + 8];
    if (!stream)
        return laml_fail(laml, node, "there is no <Stream> in it");
    enum err err = stream_of(laml, stream, &value);
    if (err)
        return err;
    snprintf(to, sizeof to, "stream:%s", laml_attribute(stream, "url", ""));
    laml_put(value, "to", to);
    json_object_set_new(value, "realtime", json_boolean(laml_bool(stream, "realtime", false)));
    laml_step(laml, "connect", value);
    return laml_action(laml, node, "connect", false, NULL);
}

/* --- messages and transfers --- */

static enum err put_media(struct laml *laml, const json_t *node, json_t *value)
{
    json_t *media = json_array();
    const json_t *child;
    size_t i;
    enum err err = OK;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        char *text = is_named(child, "Media") ? laml_text(child) : NULL, *url = NULL;
        if (text && !err)
            err = laml_resolve(laml, child, text, &url);
        if (url)
            json_array_append_new(media, laml_literal(url));
        mem_free(text);
        mem_free(url);
    }
    if (json_array_size(media))
        json_object_set(value, "media", media);
    json_decref(media);
    return err;
}

enum err laml_message(struct laml *laml, const json_t *node)
{
    const json_t *body = child_named(node, "Body");
    char *text = body ? laml_text(body) : own_text(node);
    /* without addresses it is an answer to who calls */
    json_t *value =
        json_pack("{s:s, s:s}", "to_number", "${call.from}", "from_number", "${call.to}");
    laml_put(value, "to_number", laml_attribute(node, "to", NULL));
    laml_put(value, "from_number", laml_attribute(node, "from", NULL));
    laml_put(value, "body", text);
    mem_free(text);
    enum err err = put_media(laml, node, value);
    if (!err)
        err = laml_put_url(laml, node, "statusCallback", value, "status_callback");
    if (err) {
        json_decref(value);
        return err;
    }
    laml_step(laml, "send_sms", value);
    return laml_action(laml, node, "message", false, NULL);
}

enum err laml_refer(struct laml *laml, const json_t *node)
{
    const json_t *sip = child_named(node, "Sip");
    char *to = sip ? own_text(sip) : own_text(node);
    bool is_sip =
        slice_istarts(slice_of(to), SLICE("sip:")) || slice_istarts(slice_of(to), SLICE("sips:"));
    json_t *value = json_object();
    laml_put(value, "to_uri", to);
    mem_free(to);
    if (!is_sip) {
        json_decref(value);
        return laml_fail(laml, node, "it needs a <Sip> with a sip: address");
    }
    laml_step(laml, "sip_refer", value);
    return laml_action(laml, node, "refer", false, NULL);
}
