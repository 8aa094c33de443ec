/* POST /api/calling/calls: calls are placed and commanded; what they do is the scripts' business.
 */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/call.h"
#include "script/script.h"

enum { STATES_MAX = 100, CODECS_MAX = 300 };
static const char state_words[] = " created queued initiated ringing answered ending ended ";

static bool is_url_or_fault(struct slice url)
{
    return sw_is_web_url(url);
}

static bool is_digits(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!strchr("0123456789ABCDabcd*#wW,", value.ptr[i]))
            return false;
    return true;
}

/* clang-format off */
static const struct sw_field dial_fields[] = {
    { .name = "from", .type = SW_TEXT, .is_required = true, .high = 300, .check = sw_is_party,
      .code = "invalid_from_number", .expected = "a number, a SIP URI or a name" },
    { .name = "to", .type = SW_TEXT, .is_required = true, .high = 300, .check = sw_is_party,
      .code = "invalid_to_number", .expected = "a number, a SIP URI, verto: or client: and a user" },
    { .name = "url", .type = SW_TEXT, .high = SW_URL_MAX - 1, .check = is_url_or_fault,
      .code = "not_an_http_url", .expected = "an http: or https: URL" },
    { .name = "url_method", .type = SW_TEXT, .words = " GET POST ", .code = "invalid_http_method" },
    { .name = "fallback_url", .type = SW_TEXT, .high = SW_URL_MAX - 1, .check = is_url_or_fault,
      .code = "not_an_http_url", .expected = "an http: or https: URL" },
    { .name = "caller_id", .type = SW_TEXT, .high = 300, .check = sw_is_party,
      .expected = "a number, a SIP URI or a name" },
    { .name = "username", .type = SW_TEXT, .high = 128, .check = sw_is_line,
      .expected = "one line of text" },
    { .name = "password", .type = SW_TEXT, .high = 128, .check = sw_is_line,
      .expected = "one line of text" },
    { .name = "status_url", .type = SW_TEXT, .high = SW_URL_MAX - 1, .check = is_url_or_fault,
      .code = "not_an_http_url", .expected = "an http: or https: URL" },
    { .name = "status_events", .type = SW_LIST, .high = 10 },
    { .name = "timeout", .type = SW_NUMBER, .low = 1, .high = 600 },
    { .name = "max_duration", .type = SW_NUMBER, .low = 1, .high = 86400 },
    { .name = "max_price_per_minute", .type = SW_REAL },
    { .name = "send_digits", .type = SW_TEXT, .high = 100, .check = is_digits,
      .expected = "0-9, A-D, *, #, w and comma" },
};
static const struct sw_field update_fields[] = {
    { .name = "id", .type = SW_TEXT, .is_required = true, .high = SW_ID - 1,
      .code = "invalid_call_id_passed" },
    { .name = "url", .type = SW_TEXT, .high = SW_URL_MAX - 1, .check = is_url_or_fault,
      .code = "not_an_http_url", .expected = "an http: or https: URL" },
    { .name = "fallback_url", .type = SW_TEXT, .high = SW_URL_MAX - 1, .check = is_url_or_fault,
      .code = "not_an_http_url", .expected = "an http: or https: URL" },
    { .name = "status", .type = SW_TEXT, .words = " canceled completed " },
};
/* clang-format on */
static const struct sw_body dial_body = { dial_fields, COUNT_OF(dial_fields) },
                            update_body = { update_fields, COUNT_OF(update_fields) };

static const json_t *params_of(const struct rest *rest)
{
    return json_object_get(rest->body, "params");
}

/* The document: an object or text, in the params or, as a guide has it, beside them. */
static const json_t *document_of(const struct rest *rest)
{
    const json_t *swml = json_object_get(params_of(rest), "swml");
    if (!swml)
        swml = json_object_get(rest->body, "swml");
    return json_is_object(swml) || json_is_string(swml) ? swml : NULL;
}

static const char *status_of(enum call_state state)
{
    static const char *const words[] = {
        [CALL_NEW] = "queued",    [CALL_DIALING] = "queued", [CALL_RINGING] = "ringing",
        [CALL_EARLY] = "ringing", [CALL_UP] = "answered",    [CALL_DONE] = "ended",
    };
    return words[state];
}

static json_t *call_answer(const struct call *call, const char *url)
{
    json_t *view = call_json(call, false);
    bool is_ours = strcmp(sw_text(view, "face"), "script") == 0;
    int64_t created_ms = json_integer_value(json_object_get(view, "created_ms"));
    json_t *answer = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:o, s:[], s:s, s:n, s:n, s:n, s:s, s:n}", "id",
        call_id(call), "from", call_from(call), "to", call_to(call), "direction",
        is_ours ? "outbound-api" : "inbound", "source", "realtime_api", "url", sw_text_or_null(url),
        "charge", 0, "created_at", rest_time(created_ms), "charge_details", "status",
        status_of(call_get_state(call)), "duration", "duration_ms", "billing_ms", "type",
        sw_call_type(call_from(call), call_to(call)), "parent_id");
    json_decref(view);
    return answer;
}

static void refuse_script(struct rest *rest, enum err err, const struct fault *fault)
{
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    bool is_url = json_object_get(params_of(rest), "url") != NULL;
    fault_print(fault, text, sizeof text);
    if (err == ERR_NOT_FOUND)
        sw_refuse(rest, "to_destination_unresolvable", "to", text);
    else if (strcmp(fault->where, "to") == 0)
        sw_refuse(rest, "invalid_to_number", "to", text);
    else
        sw_refuse(rest, "invalid_parameter", is_url ? "url" : "swml", text);
}

/* --- dial --- */

static void read_states(struct rest *rest, struct buf *out)
{
    const json_t *list = json_object_get(params_of(rest), "status_events"), *one;
    char padded[40];
    size_t i;
    if (!list)
        buf_text(out, "ended");
    json_array_foreach(list, i, one)
    {
        const char *word = json_string_value(one);
        snprintf(padded, sizeof padded, " %s ", word ? word : "?");
        if (!strstr(state_words, padded))
            sw_wrong(rest, "invalid_parameter", "status_events",
                     "status_events must be among created, ringing, answered and ended");
        else
            buf_text(out, padded);
    }
}

static void read_codecs(struct rest *rest, struct buf *out)
{
    const json_t *codecs = json_object_get(params_of(rest), "codecs"), *one;
    size_t i;
    if (json_is_string(codecs))
        buf_text(out, json_string_value(codecs));
    json_array_foreach(codecs, i, one)
        buf_printf(out, "%s%s", i ? "," : "", json_is_string(one) ? json_string_value(one) : "?");
    bool is_fine = !codecs || json_is_string(codecs) || json_is_array(codecs);
    if (!is_fine || out->overflow || strchr(buf_cstr(out), '?'))
        sw_wrong(rest, "invalid_codecs_format", "codecs", "codecs must be a list of names");
}

static unsigned seconds_of(const json_t *params, const char *name)
{
    return (unsigned)json_integer_value(json_object_get(params, name)); /* checked: 0 to a day */
}

static void place(struct rest *rest, const char *states, const char *codecs)
{
    const json_t *params = params_of(rest);
    const char *caller_id = sw_text(params, "caller_id");
    const struct script_dial dial = {
        .project_id = slice_of(sw_of(rest)->project_id),
        .from = slice_of(caller_id[0] ? caller_id : sw_text(params, "from")),
        .to = slice_of(sw_text(params, "to")),
        .source = { .url = slice_of(sw_text(params, "url")),
                    .document = document_of(rest),
                    .fallback_url = slice_of(sw_text(params, "fallback_url")),
                    .method = sw_or_null(sw_text(params, "url_method")) },
        .envs = json_object_get(params, "custom_variables"),
        .codecs = sw_or_null(codecs),
        .username = sw_or_null(sw_text(params, "username")),
        .password = sw_or_null(sw_text(params, "password")),
        .timeout_s = seconds_of(params, "timeout"),
        .max_duration_s = seconds_of(params, "max_duration"),
        .send_digits = sw_or_null(sw_text(params, "send_digits")),
        .status_url = sw_or_null(sw_text(params, "status_url")),
        .status_events = states,
    };
    struct fault fault = { 0 };
    struct call *call;
    enum err err = scripts_dial_out(rest->api->config.scripts, &dial, &call, &fault);
    if (err) {
        refuse_script(rest, err, &fault);
        return;
    }
    json_t *answer = call_answer(call, sw_text(params, "url"));
    /* as the original has it: a caller id decides what is shown, not what is answered */
    json_object_set(answer, "from", json_object_get(params, "from"));
    rest_reply_take(rest, 200, answer);
}

static void dial(struct rest *rest)
{
    char states_mem[STATES_MAX], codecs_mem[CODECS_MAX];
    struct buf states = BUF_ON(states_mem), codecs = BUF_ON(codecs_mem);
    const json_t *params = params_of(rest);
    sw_check(rest, params, &dial_body);
    sw_check_variables(rest, json_object_get(params, "custom_variables"));
    read_states(rest, &states);
    read_codecs(rest, &codecs);
    bool has_url = json_object_get(params, "url") != NULL;
    if (!has_url && !document_of(rest))
        sw_wrong(rest, "missing_required_parameter", "url", "one of url and swml is required");
    else if (has_url && document_of(rest))
        sw_wrong(rest, "incompatible_parameters", "swml", "only one of url and swml may be given");
    if (!sw_refused(rest))
        place(rest, buf_cstr(&states), buf_cstr(&codecs));
}

/* --- commands --- */

/* The call that is over by now, as it was when the command came. */
static void reply_call(struct rest *rest, const char *id, json_t *take_before)
{
    const struct call *call = sw_call_live(rest, id);
    if (!call) {
        json_object_set_new(take_before, "status", json_string("ended"));
        rest_reply_take(rest, 200, take_before);
        return;
    }
    json_decref(take_before);
    rest_reply_take(rest, 200, call_answer(call, NULL));
}

static void refuse_command(struct rest *rest, enum err err, const struct fault *fault)
{
    const char *where = fault->where[0] ? fault->where : NULL;
    bool no_input = err == ERR_INVALID && where && strcmp(where, "digits") == 0 &&
                    strcmp(sw_text(rest->body, "command"), "calling.collect") == 0 &&
                    !json_object_get(params_of(rest), "digits");
    if (err == ERR_NOT_FOUND && where && strcmp(where, "id") == 0)
        rest_fail(rest, 404, "not_found", NULL, "there is no such call");
    else if (no_input) /* neither digits nor speech */
        rest_fail(rest, 400, "invalid", NULL, "expected digits or speech");
    else if (err == ERR_UNSUPPORTED && where && strcmp(where, "command") == 0)
        sw_refuse(rest, "invalid_command_attempted", "command", fault->text);
    else if (err == ERR_EXISTS && where && strcmp(where, "id") == 0)
        rest_fail(rest, 409, "conflict", NULL, "%s", fault->text);
    else if (err == ERR_EXISTS)
        sw_refuse(rest, "value_not_unique", where, fault->text);
    else if (err == ERR_MISUSE)
        sw_refuse(rest, "cannot_process", where, fault->text);
    else
        sw_refuse(rest, "invalid_parameter", where, fault->text);
}

static void command(struct rest *rest, const char *id)
{
    struct fault fault = { 0 };
    json_t *added = NULL;
    json_t *params = json_object_get(rest->body, "params");
    struct call *call = sw_call_live(rest, id);
    if (!call) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such call");
        return;
    }
    if (!params)
        json_object_set_new(rest->body, "params", params = json_object());
    json_t *before = call_answer(call, NULL);
    enum err err = scripts_command(rest->api->config.scripts, slice_of(id),
                                   sw_text(rest->body, "command"), params, &added, &fault);
    json_decref(added);
    if (!err) {
        reply_call(rest, id, before);
        return;
    }
    json_decref(before);
    refuse_command(rest, err, &fault);
}

/* --- update --- */

static void end_call(struct rest *rest, struct call *call, bool cancel)
{
    bool is_up = call_get_state(call) == CALL_UP;
    char id[SW_ID];
    snprintf(id, sizeof id, "%s", call_id(call));
    if (cancel && is_up) {
        sw_refuse(rest, "cannot_cancel_in_progress", "status", "the call is answered");
        return;
    }
    struct cause cause =
        cause_of_token(is_up ? "hangup" : "cancelled", CAUSE_BY_SYSTEM, "A program ended it.");
    json_t *before = call_answer(call, NULL);
    call_end(call, &cause);
    reply_call(rest, id, before);
}

static void update(struct rest *rest)
{
    const json_t *params = params_of(rest);
    const char *status = sw_text(params, "status");
    struct fault fault = { 0 };
    sw_check(rest, params, &update_body);
    if (!status[0] && !sw_text(params, "url")[0] && !document_of(rest))
        sw_wrong(rest, "missing_required_parameter", "url",
                 "one of url, swml and status is needed");
    if (sw_refused(rest))
        return;
    struct call *call = sw_call_live(rest, sw_text(params, "id"));
    if (!call) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such call");
    } else if (status[0]) {
        end_call(rest, call, strcmp(status, "canceled") == 0);
    } else if (call_get_state(call) != CALL_UP) {
        sw_refuse(rest, "cannot_redirect_not_in_progress", "id", "the call is not answered");
    } else {
        const struct script_source source = {
            .url = slice_of(sw_text(params, "url")),
            .document = document_of(rest),
            .fallback_url = slice_of(sw_text(params, "fallback_url")),
        };
        enum err err =
            scripts_redirect(rest->api->config.scripts, slice_of(call_id(call)), &source, &fault);
        if (err)
            refuse_script(rest, err, &fault);
        else
            rest_reply_take(rest, 200, call_answer(call, sw_text(params, "url")));
    }
}

void sw_call_command(struct rest *rest)
{
    const char *name = sw_text(rest->body, "command");
    const char *id = sw_text(rest->body, "id");
    if (!rest->api->config.scripts)
        rest_fail(rest, 503, "unsupported", NULL, "calls cannot be placed here");
    else if (strcmp(name, "dial") == 0 || strcmp(name, "calling.dial") == 0)
        dial(rest);
    else if (strcmp(name, "update") == 0)
        update(rest);
    else if (strncmp(name, "calling.", 8) != 0)
        sw_refuse(rest, "invalid_command_attempted", "command", "there is no such command");
    else if (!id[0])
        sw_refuse(rest, "missing_required_parameter", "id", "id is required");
    else
        command(rest, id);
}
