/* The seed's dialect and the guides' short forms, made official (docs/swml.md lists the rules). */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "script/swml_priv.h"
#include "script/verbs.h"

enum { RULES_MAX = 64 };

enum err swml_norm_use(struct swml_norm *norm, unsigned rule, const char *what)
{
    BUG_IF(rule >= RULES_MAX);
    if (norm->options->strict)
        return swml_fail(&norm->place, "method_parameter_invalid_value",
                         "%s (strict mode wants the official form)", what);
    if (!(norm->used >> rule & 1) && norm->warnings)
        json_array_append_new(norm->warnings, json_sprintf("%s: %s", norm->place.path, what));
    norm->used |= 1UL << rule;
    return OK;
}

/* --- values of steps that may be written shorter --- */

/* "play": "say:Hello" and "urls" as a bare list */
static enum err norm_play(struct swml_norm *norm, json_t **value)
{
    (void)norm; /* the guides have these forms: not a matter of strictness */
    const char *key = json_is_string(*value) ? "url" : json_is_array(*value) ? "urls" : NULL;
    if (key)
        *value = json_pack("{s:o}", key, *value);
    return OK;
}

/* Rule 1: say: {text, language, gender, voice} or "text" */
static enum err norm_say(struct swml_norm *norm, json_t **value)
{
    enum err err = swml_norm_use(norm, 1, "'say' is written as play: {url: \"say:…\"}");
    if (err)
        return err;
    const json_t *text = json_is_string(*value) ? *value : json_object_get(*value, "text");
    const char *gender = json_string_value(json_object_get(*value, "gender"));
    const json_t *voice = json_object_get(*value, "voice");
    if (!json_is_string(text))
        return swml_fail(&norm->place, "method_parameter_missing", "'say' needs 'text'");
    json_t *play = json_object();
    json_object_set_new(play, "url", json_sprintf("say:%s", json_string_value(text)));
    bool is_voice = gender && strcmp(gender, "male") != 0 && strcmp(gender, "female") != 0;
    if (gender)
        json_object_set_new(play, is_voice ? "say_voice" : "say_gender", json_string(gender));
    if (voice)
        json_object_set(play, "say_voice", (json_t *)(uintptr_t)voice);
    if (json_object_get(*value, "language"))
        json_object_set(play, "say_language", json_object_get(*value, "language"));
    json_decref(*value);
    *value = play;
    return OK;
}

static bool is_playable(const char *text)
{
    static const char *const begins[] = { "http://", "https://", "say:", "silence:", "ring:",
                                          "${",      "%{",       "/",    "file:" };
    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (slice_starts(slice_of(text), slice_of(begins[i])))
            return true;
    return false;
}

/* Rule 18: prompt: {say: …} and prompt: {play: "plain text"} */
static enum err norm_prompt(struct swml_norm *norm, json_t **value)
{
    enum err err = OK;
    const json_t *say = json_object_get(*value, "say");
    const char *play = json_string_value(json_object_get(*value, "play"));
    const char *text = json_is_object(say) ? json_string_value(json_object_get(say, "text"))
                                           : json_string_value(say);
    if (!text && play && !is_playable(play))
        text = play;
    if (!text)
        return OK;
    err = swml_norm_use(norm, 18, "a text to be said is written as play: \"say:…\"");
    if (!err) {
        json_object_set_new(*value, "play", json_sprintf("say:%s", text));
        json_object_del(*value, "say");
    }
    return err;
}

/* Rule 12 */
static enum err norm_pay(struct swml_norm *norm, json_t **value)
{
    json_t *handler = json_object_get(*value, "payment_handler");
    const char *method = json_string_value(json_object_get(*value, "payment_method"));
    enum err err = OK;
    if (handler) {
        err = swml_norm_use(norm, 12, "'payment_handler' is 'payment_connector_url'");
        if (!err && !json_object_get(*value, "payment_connector_url"))
            json_object_set(*value, "payment_connector_url", handler);
        json_object_del(*value, "payment_handler");
    }
    if (!err && method && strcmp(method, "credit_card") == 0) {
        err = swml_norm_use(norm, 12, "'credit_card' is 'credit-card'");
        json_object_set_new(*value, "payment_method", json_string("credit-card"));
    }
    return err;
}

/* Rules 20 and 21 */
static enum err norm_switch(struct swml_norm *norm, json_t **value)
{
    const char *variable = json_string_value(json_object_get(*value, "variable"));
    json_t *cases = json_object_get(*value, "case");
    json_t *inner = json_object_get(cases, "default");
    struct slice name = slice_of(variable);
    enum err err = OK;
    if (name.len > 3 && (name.ptr[0] == '%' || name.ptr[0] == '$') && name.ptr[1] == '{' &&
        name.ptr[name.len - 1] == '}') {
        err = swml_norm_use(norm, 21, "'variable' takes the bare name");
        if (!err)
            json_object_set_new(*value, "variable", json_stringn(name.ptr + 2, name.len - 3));
    }
    if (!err && inner && !json_object_get(*value, "default")) {
        err = swml_norm_use(norm, 20, "'default' stands beside 'case'");
        if (!err) {
            json_object_set(*value, "default", inner);
            json_object_del(cases, "default");
        }
    }
    return err;
}

/* Rule 24 */
static enum err norm_connect(struct swml_norm *norm, json_t **value)
{
    json_t *headers = json_object_get(*value, "headers"), *list, *item;
    const char *name;
    if (!json_is_object(headers))
        return OK;
    enum err err = swml_norm_use(norm, 24, "'headers' is a list of {name, value}");
    if (err)
        return err;
    list = json_array();
    json_object_foreach(headers, name, item)
        json_array_append_new(list, json_pack("{s:s, s:O}", "name", name, "value", item));
    json_object_set_new(*value, "headers", list);
    return OK;
}

/* [{dest: …}, {params: [{foo: bar}]}] as {dest: …, params: {foo: bar}} (the transfer page) */
static json_t *merged(const json_t *list)
{
    json_t *object = json_object(), *item;
    size_t i;
    json_array_foreach(list, i, item)(void) json_object_update(object, item);
    return object;
}

static enum err norm_goal(struct swml_norm *norm, json_t **value)
{
    (void)norm;
    if (json_is_array(*value)) {
        json_t *object = merged(*value);
        json_decref(*value);
        *value = object;
    }
    json_t *params = json_object_get(*value, "params");
    if (json_is_array(params))
        json_object_set_new(*value, "params", merged(params));
    return OK;
}

/* Rule 25: what sister dialects have and nobody ever ran */
static enum err refuse(struct swml_norm *norm, json_t **value)
{
    (void)value;
    bool gather = strstr(norm->place.path, "gather") != NULL;
    return swml_fail(&norm->place, "method_undefined", "there is no method '%s': use '%s'",
                     gather ? "gather" : "forward", gather ? "prompt" : "connect with result");
}

static const struct shape {
    const char *method, *becomes; /* NULL: keeps its name */
    enum err (*norm)(struct swml_norm *norm, json_t **value);
} shapes[] = {
    { "connect", NULL, norm_connect }, { "execute", NULL, norm_goal },
    { "forward", NULL, refuse },       { "gather", NULL, refuse },
    { "pay", NULL, norm_pay },         { "play", NULL, norm_play },
    { "prompt", NULL, norm_prompt },   { "say", "play", norm_say },
    { "switch", NULL, norm_switch },   { "transfer", NULL, norm_goal },
};

static const struct shape *shape_of(const char *method)
{
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (strcmp(shapes[i].method, method) == 0)
            return &shapes[i];
    return NULL;
}

/* --- steps --- */

static enum err norm_steps(struct swml_norm *norm, json_t *steps);

/* Rule 17: {if, then, else} as [{when, then}, {else}] */
static enum err condition(struct swml_norm *norm, json_t **step)
{
    json_t *from = json_object_get(*step, "condition"), *cond;
    enum err err = swml_norm_use(norm, 17, "'condition' is 'cond' with when, then, else");
    if (err)
        return err;
    cond = json_pack("[{s:O?, s:O?}]", "when", json_object_get(from, "if"), "then",
                     json_object_get(from, "then"));
    if (json_object_get(from, "else"))
        json_array_append_new(cond, json_pack("{s:O}", "else", json_object_get(from, "else")));
    json_decref(*step);
    *step = json_pack("{s:o}", "cond", cond);
    return OK;
}

/* Rule 19: on_success and on_failure beside the method become a cond behind it. */
static enum err branches(struct swml_norm *norm, json_t *step, json_t **after)
{
    json_t *success = json_object_get(step, "on_success");
    json_t *failure = json_object_get(step, "on_failure");
    if ((!success && !failure) || json_object_size(step) < 2)
        return OK;
    enum err err = swml_norm_use(norm, 19, "branches by result are a 'cond' behind the method");
    if (err)
        return err;
    const char *method = "";
    for (void *at = json_object_iter(step); at; at = json_object_iter_next(step, at))
        if (strncmp(json_object_iter_key(at), "on_", 3) != 0)
            method = json_object_iter_key(at);
    json_t *when = json_sprintf("['failed', 'no_input', 'no_match', 'error', 'unknown']"
                                ".indexOf(%s_result) < 0",
                                strcmp(method, "play") == 0 ? "vars.play" : method);
    *after = json_pack("{s:[{s:o, s:O}, {s:O}]}", "cond", "when", when, "then",
                       success ? success : json_null(), "else", failure ? failure : json_null());
    json_object_del(step, "on_success");
    json_object_del(step, "on_failure");
    return OK;
}

/* `- hangup`, `- hangup:` and methods whose only parameter is written bare. */
static enum err norm_value(struct swml_norm *norm, json_t *step, const char *method)
{
    const struct shape *shape = shape_of(method);
    const struct verb *verb = verb_find(shape && shape->becomes ? shape->becomes : method);
    json_t *value = json_incref(json_object_get(step, method));
    enum err err = OK;
    if (json_is_null(value) && !(verb && verb->bare == VERB_ANY_VALUE)) {
        json_decref(value);
        value = json_object();
    }
    if (shape)
        err = shape->norm(norm, &value);
    bool is_scalar = json_is_string(value) || json_is_number(value) || json_is_array(value);
    if (!err && verb && verb->bare && verb->bare != VERB_ANY_VALUE && is_scalar)
        value = json_pack("{s:o}", verb->bare, value);
    if (!err && strcmp(method, "ai") == 0)
        err = swml_norm_ai(norm, value);
    if (shape && shape->becomes)
        json_object_del(step, method);
    json_object_set_new(step, shape && shape->becomes ? shape->becomes : method, value);
    return err;
}

/* Steps within the values of cond, switch, execute and connect. */
static enum err norm_inner(struct swml_norm *norm, json_t *value, unsigned depth)
{
    static const char *const lists[] = { "then", "else", "default", "on_return", "confirm" };
    const char *key;
    json_t *child;
    size_t i;
    enum err err = OK;
    json_array_foreach(value, i, child)
    {
        size_t up = swml_place_index(&norm->place, i);
        err = err ? err : norm_inner(norm, child, depth);
        swml_place_up(&norm->place, up);
    }
    json_object_foreach(value, key, child)
    {
        size_t up = swml_place_key(&norm->place, key), k = 0;
        while (k < COUNT_OF(lists) && strcmp(lists[k], key) != 0)
            k++;
        if (!err && k < COUNT_OF(lists) && json_is_array(child))
            err = norm_steps(norm, child);
        else if (!err && strcmp(key, "case") == 0)
            err = norm_inner(norm, child, depth + 1);
        else if (!err && strcmp(key, "result") == 0)
            err = norm_inner(norm, child, 0);
        else if (!err && depth && json_is_array(child)) /* a case's steps */
            err = norm_steps(norm, child);
        swml_place_up(&norm->place, up);
    }
    return err;
}

static bool has_inner_steps(const char *method)
{
    static const char *const methods[] = { "cond", "connect", "execute", "join_conference",
                                           "switch" };
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (strcmp(method, methods[i]) == 0)
            return true;
    return false;
}

static enum err norm_step(struct swml_norm *norm, json_t **step, json_t **after)
{
    enum err err = OK;
    if (json_is_string(*step)) {
        const char *name = json_string_value(*step);
        json_t *object = json_object();
        json_object_set_new(object, name, json_object());
        json_decref(*step);
        *step = object;
    }
    if (!json_is_object(*step))
        return OK; /* the check has the words for it */
    err = branches(norm, *step, after);
    if (!err && json_object_get(*step, "condition") && json_object_size(*step) == 1)
        err = condition(norm, step);
    if (err || json_object_size(*step) != 1)
        return err;
    char method[64];
    snprintf(method, sizeof method, "%s", json_object_iter_key(json_object_iter(*step)));
    size_t up = swml_place_key(&norm->place, method);
    err = norm_value(norm, *step, method);
    if (!err && has_inner_steps(method))
        err = norm_inner(norm, json_object_get(*step, method), 0);
    swml_place_up(&norm->place, up);
    return err;
}

static enum err norm_steps(struct swml_norm *norm, json_t *steps)
{
    enum err err = OK;
    size_t written = 0;
    for (size_t i = 0; i < json_array_size(steps) && !err; i++, written++) {
        json_t *step = json_incref(json_array_get(steps, i)), *after = NULL;
        size_t up = swml_place_index(&norm->place, written);
        err = norm_step(norm, &step, &after);
        swml_place_up(&norm->place, up);
        json_array_set_new(steps, i, step);
        if (after)
            json_array_insert_new(steps, i + 1, after);
    }
    return err;
}

/* --- texts, everywhere --- */

static enum err norm_texts(struct swml_norm *norm, json_t *value, bool in_ai)
{
    const char *key;
    json_t *child;
    size_t i;
    void *next;
    enum err err = OK;
    json_array_foreach(value, i, child)
    {
        json_t *text = NULL;
        size_t up = swml_place_index(&norm->place, i);
        if (!err && json_is_string(child))
            err = swml_norm_text(norm, json_string_value(child), in_ai, &text);
        else if (!err)
            err = norm_texts(norm, child, in_ai);
        if (text)
            json_array_set_new(value, i, text);
        swml_place_up(&norm->place, up);
    }
    json_object_foreach_safe(value, next, key, child)
    {
        json_t *text = NULL;
        size_t up = swml_place_key(&norm->place, key);
        bool ai = in_ai || strcmp(key, "ai") == 0;
        if (!err && json_is_string(child))
            err = swml_norm_text(norm, json_string_value(child), ai, &text);
        else if (!err)
            err = norm_texts(norm, child, ai);
        if (text)
            json_object_set_new(value, key, text);
        swml_place_up(&norm->place, up);
    }
    return err;
}

/* Rule 27: who reads the answer's fields must have them saved. */
static void save_responses(json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;
    json_array_foreach(value, i, child) save_responses(child);
    json_object_foreach(value, key, child)
    {
        if (strcmp(key, "request") == 0 && json_is_object(child))
            json_object_set_new(child, "save_variables", json_true());
        save_responses(child);
    }
}

/* Rule 11: a list of steps, or bare methods, where the document should be. */
static enum err wrap(struct swml_norm *norm, json_t **document)
{
    json_t *steps = NULL;
    if (json_is_array(*document)) {
        steps = json_incref(*document);
    } else if (json_is_object(*document) && !json_object_get(*document, "sections") &&
               json_object_size(*document) == 1) {
        const char *method = json_object_iter_key(json_object_iter(*document));
        if (verb_find(method) || shape_of(method))
            steps = json_pack("[O]", *document);
    }
    if (!steps)
        return OK;
    enum err err = swml_norm_use(norm, 11, "steps stand under sections.main");
    json_decref(*document);
    *document = json_pack("{s:{s:o}}", "sections", "main", steps);
    return err;
}

enum err swml_norm(struct swml_norm *norm, json_t **document)
{
    const char *name;
    json_t *section;
    void *next;
    enum err err = wrap(norm, document);
    json_t *sections = json_object_get(*document, "sections");
    size_t top = swml_place_key(&norm->place, "sections");
    if (!err)
        err = norm_texts(norm, sections, false);
    json_object_foreach_safe(sections, next, name, section)
    {
        size_t up = swml_place_key(&norm->place, name);
        if (json_is_object(section)) /* the deployment guide's single step */
            json_object_set_new(sections, name, json_pack("[O]", section));
        if (!err)
            err = norm_steps(norm, json_object_get(sections, name));
        swml_place_up(&norm->place, up);
    }
    swml_place_up(&norm->place, top);
    if (norm->saves_response)
        save_responses(sections);
    if (!err && json_is_object(*document) && !json_object_get(*document, "version"))
        json_object_set_new(*document, "version", json_string("1.0.0"));
    return err;
}
