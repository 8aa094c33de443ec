/* What a body must hold, and what is said when it does not: one entry for each field. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/num.h"

enum { MESSAGE_MAX = 300, WORD_MAX = 64 };
enum { VARIABLES_MAX = 20, VARIABLE_VALUE_MAX = 1024 };

void sw_wrong(struct rest *rest, const char *code, const char *attribute, const char *fmt, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const struct rest_error error = { 422, code, attribute, text };
    json_t *body = rest->family->error(rest, &error);
    if (!rest->answer)
        rest->answer = json_array();
    if (sw_of(rest)->is_laml)
        json_array_append(rest->answer, body);
    else
        json_array_extend(rest->answer, json_object_get(body, "errors"));
    json_decref(body);
}

bool sw_refused(struct rest *rest)
{
    json_t *errors = rest->answer;
    if (!errors)
        return false;
    rest->answer = NULL;
    if (sw_of(rest)->is_laml) { /* its errors are about one thing */
        rest_reply_take(rest, 422, json_incref(json_array_get(errors, 0)));
        json_decref(errors);
        return true;
    }
    rest_reply_take(rest, 422, json_pack("{s:o}", "errors", errors));
    return true;
}

void sw_refuse(struct rest *rest, const char *code, const char *attribute, const char *text)
{
    rest_fail(rest, 422, code, attribute, "%s", text);
}

static bool is_of_type(const json_t *value, enum sw_type type)
{
    switch (type) {
    case SW_TEXT:
        return json_is_string(value);
    case SW_NUMBER:
        return json_is_integer(value);
    case SW_REAL:
        return json_is_number(value);
    case SW_BOOL:
        return json_is_boolean(value);
    case SW_OBJECT:
        return json_is_object(value);
    case SW_LIST:
        return json_is_array(value);
    case SW_ANY:
        return true;
    }
    return false;
}

static bool is_word_of(const char *words, const char *value)
{
    char word[WORD_MAX];
    snprintf(word, sizeof word, " %s ", value);
    return strlen(value) < WORD_MAX - 2 && strstr(words, word) != NULL;
}

static bool is_within(const struct sw_field *field, const json_t *value)
{
    if (json_is_number(value))
        return (field->low == 0 && field->high == 0) ||
               (json_number_value(value) >= (double)field->low &&
                json_number_value(value) <= (double)field->high);
    int64_t len = (int64_t)(json_is_string(value) ? json_string_length(value)
                                                  : json_array_size(value)); /* a JSON body's */
    return field->high == 0 || (len >= field->low && len <= field->high);
}

static bool is_fine(const struct sw_field *field, const json_t *value)
{
    struct slice text = slice_make(json_string_value(value), json_string_length(value));
    if (!is_of_type(value, field->type) || !is_within(field, value))
        return false;
    if (field->type != SW_TEXT)
        return true;
    if (memchr(text.len ? text.ptr : "", '\0', text.len) != NULL)
        return false;
    return (!field->words || is_word_of(field->words, text.ptr)) &&
           (!field->check || field->check(text));
}

static void check_one(struct rest *rest, const struct sw_field *field, const json_t *value)
{
    static const char *const types[] = { "text",      "a whole number", "a number", "true or false",
                                         "an object", "a list",         "a value" };
    bool is_absent = !value || json_is_null(value) ||
                     (field->type == SW_TEXT && field->is_required && json_is_string(value) &&
                      json_string_length(value) == 0);
    if (is_absent && field->is_required)
        sw_wrong(rest,
                 sw_of(rest)->is_laml && field->code ? field->code : "missing_required_parameter",
                 field->name, "%s is required", field->name);
    else if (!is_absent && !is_fine(field, value))
        sw_wrong(rest, field->code ? field->code : "invalid_parameter", field->name,
                 "%s must be %s%s", field->name, field->words ? "one of" : "",
                 field->words      ? field->words
                 : field->expected ? field->expected
                                   : types[field->type]);
}

void sw_check(struct rest *rest, const json_t *body, const struct sw_body *expected)
{
    for (size_t i = 0; i < expected->n; i++)
        check_one(rest, &expected->fields[i], json_object_get(body, expected->fields[i].name));
}

bool sw_is_web_url(struct slice value)
{
    bool is_web = slice_istarts(value, SLICE("http://")) || slice_istarts(value, SLICE("https://"));
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] <= ' ')
            return false;
    return is_web && value.len < SW_URL_MAX && slice_find(value, SLICE("://")) + 3 < value.len;
}

bool sw_is_e164(struct slice value)
{
    if (value.len < 2 || value.len > 18 || value.ptr[0] != '+')
        return false;
    for (size_t i = 1; i < value.len; i++)
        if (!isdigit((unsigned char)value.ptr[i]))
            return false;
    return true;
}

/* From here texts go into headers: a line break would begin another one. */
static bool is_above(struct slice value, unsigned char lowest)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < lowest || value.ptr[i] == 0x7f)
            return false;
    return true;
}

bool sw_is_party(struct slice value)
{
    return is_above(value, ' ' + 1);
}

bool sw_is_line(struct slice value)
{
    return is_above(value, ' ');
}

static bool is_variable_name(const char *name)
{
    bool fine = isalpha((unsigned char)name[0]) || name[0] == '_';
    for (const char *at = name; fine && *at; at++)
        fine = isalnum((unsigned char)*at) || *at == '_';
    return fine;
}

static bool is_reserved(const char *name)
{
    static const char *const prefixes[] = { "signalwire_", "sw_", "rtc_", "internal_" };
    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (slice_istarts(slice_of(name), slice_of(prefixes[i])))
            return true;
    return false;
}

static void check_variable(struct rest *rest, const char *name, const json_t *value)
{
    const char *where = "custom_variables";
    if (!is_variable_name(name))
        sw_wrong(rest, "invalid_custom_variable_name", where, "the name %.60s is not allowed",
                 name);
    else if (is_reserved(name))
        sw_wrong(rest, "reserved_custom_variable_name", where, "the name %.60s is reserved", name);
    else if (!json_is_string(value) || json_string_length(value) == 0)
        sw_wrong(rest, "invalid_custom_variable_value", where, "%.60s must be text", name);
    else if (json_string_length(value) > VARIABLE_VALUE_MAX)
        sw_wrong(rest, "custom_variable_value_too_long", where, "%.60s is longer than %d bytes",
                 name, VARIABLE_VALUE_MAX);
}

void sw_check_variables(struct rest *rest, const json_t *variables)
{
    const char *name;
    json_t *value;
    if (!variables || json_is_null(variables))
        return;
    if (!json_is_object(variables)) {
        sw_wrong(rest, "must_be_object", "custom_variables", "custom_variables must be an object");
        return;
    }
    if (json_object_size(variables) > VARIABLES_MAX)
        sw_wrong(rest, "too_many_custom_variables", "custom_variables", "at most %d variables",
                 VARIABLES_MAX);
    json_object_foreach((json_t *)(uintptr_t)variables, name, value)
        check_variable(rest, name, value);
}

const char *sw_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

json_t *sw_text_or_null(const char *text)
{
    return text && text[0] ? json_string(text) : json_null();
}
