/* Variables of a script, what it may know of its call, and parameters of its steps. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/leg.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { VARS_MAX = 1000 };

struct expr_scope script_scope(const struct script *script)
{
    return (struct expr_scope){
        .vars = script->vars,
        .envs = script->envs,
        .call = script->call_info,
        .params = script->params,
        .now_ms = loop_wall_ms(script->scripts->config.loop),
    };
}

void script_set(struct script *script, const char *name, json_t *take)
{
    if (json_object_size(script->vars) >= VARS_MAX && !json_object_get(script->vars, name)) {
        json_decref(take);
        log_warn(&script->log, "script has more than %d variables", VARS_MAX);
        return;
    }
    json_object_set_new(script->vars, name, take);
}

void script_set_text(struct script *script, const char *name, const char *text)
{
    json_t *value = json_string(text);
    script_set(script, name, value ? value : json_string(""));
}

void script_result(struct script *script, const char *method, const char *word)
{
    char name[64];
    snprintf(name, sizeof name, "%s_result", method);
    script_set_text(script, name, word);
}

const json_t *script_get(const struct script *script, const char *name)
{
    return json_object_get(script->vars, name);
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text + (text[0] == '+'), "0123456789");
    return digits >= 3 && text[(text[0] == '+') + digits] == '\0';
}

static const char *type_of(const struct call *call, const struct leg *far)
{
    if (strcmp(far->ops->kind, "sip") != 0)
        return "webrtc";
    return call_trunk(call)[0] || is_number(call_from(call)) ? "phone" : "sip";
}

/* {uri, host, user} of an address under three names with this prefix. */
static void put_address(json_t *to, const char *prefix, const char *address)
{
    static const char *const parts[] = { "uri", "user", "host" };
    struct slice rest = slice_of(address), uri = rest;
    if (slice_istarts(rest, SLICE("sip:")) || slice_istarts(rest, SLICE("sips:")))
        slice_cut(&rest, ':');
    struct slice user = slice_cut(&rest, '@');
    const struct slice values[] = { uri, user, rest };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        char name[40];
        snprintf(name, sizeof name, "sip_%s_%s", prefix, parts[i]);
        json_object_set_new(to, name,
                            json_stringn(values[i].ptr ? values[i].ptr : "", values[i].len));
    }
}

static json_t *header_list(const struct call *call)
{
    const char *name;
    json_t *value, *list = json_array();
    json_object_foreach((json_t *)(uintptr_t)call_headers(call), name, value)
        json_array_append_new(list, json_pack("{s:s, s:O}", "name", name, "value", value));
    return list;
}

json_t *script_describe_call(const struct scripts *scripts, const struct call *call,
                             const struct leg *far, const char *project_id)
{
    const char *type = type_of(call, far);
    json_t *info =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "call_id",
                  call_id(call), "node_id", scripts->node_id, "segment_id", call_id(call),
                  "call_state", far->state == LEG_UP ? "answered" : "created", "direction",
                  far->incoming ? "inbound" : "outbound", "type", type, "from", call_from(call),
                  "to", call_to(call), "headers", header_list(call), "project_id", project_id,
                  "space_id", project_id);
    if (strcmp(type, "phone") == 0) {
        json_object_set_new(info, "from_number", json_string(call_from(call)));
        json_object_set_new(info, "to_number", json_string(call_to(call)));
    }
    if (strcmp(type, "sip") == 0) {
        json_t *sip = json_object();
        put_address(sip, "req", call_to(call));
        put_address(sip, "from", call_from(call));
        put_address(sip, "to", call_to(call));
        json_object_set_new(info, "sip_data", sip);
    }
    return info;
}

bool script_is_laml(const struct script *script)
{
    const struct script_frame *frame =
        script->n_frames ? &script->frames[script->n_frames - 1] : NULL;
    return frame && json_is_true(json_object_get(frame->document, "laml"));
}

json_t *script_body(const struct script *script, const json_t *params)
{
    json_t *call = json_deep_copy(script->call_info);
    const struct leg *far = line_leg(script->line);
    if (far)
        json_object_set_new(call, "call_state",
                            json_string(far->state == LEG_UP ? "answered" : "created"));
    return json_pack("{s:o, s:O, s:O, s:o}", "call", call, "vars", script->vars, "envs",
                     script->envs, "params", params ? json_deep_copy(params) : json_object());
}

const char *param_text(const json_t *value, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(value, name));
    return text && text[0] ? text : otherwise;
}

double param_number(const json_t *value, const char *name, double otherwise)
{
    const json_t *one = json_object_get(value, name);
    const char *text = json_string_value(one);
    char *end;
    if (json_is_number(one))
        return json_number_value(one);
    double number = text && text[0] ? strtod(text, &end) : NAN;
    return isfinite(number) && text && *end == '\0' ? number : otherwise;
}

bool param_bool(const json_t *value, const char *name, bool otherwise)
{
    const json_t *one = json_object_get(value, name);
    const char *text = json_string_value(one);
    if (json_is_boolean(one))
        return json_is_true(one);
    if (text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return text[0] == 't';
    return otherwise;
}

int64_t param_ms(const json_t *value, const char *name, double otherwise_s)
{
    enum { DAY_S = 86400 };
    double seconds = param_number(value, name, otherwise_s);
    if (!(seconds > 0))
        return 0;
    return (int64_t)((seconds < DAY_S ? seconds : DAY_S) * 1000);
}
