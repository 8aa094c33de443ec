/* The seed's `ai`: prompt as text, functions beside it, their parameters as a list. */
#include <string.h>

#include "base/num.h"
#include "script/swml_priv.h"

static enum err rename_key(struct swml_norm *norm, json_t *object, const char *from, const char *to,
                           unsigned rule, const char *what)
{
    json_t *value = json_object_get(object, from);
    if (!value)
        return OK;
    enum err err = swml_norm_use(norm, rule, what);
    if (!err && !json_object_get(object, to))
        json_object_set(object, to, value);
    json_object_del(object, from);
    return err;
}

/* Rule 10: [{name, type, description, required}] as a JSON Schema. */
static enum err norm_parameters(struct swml_norm *norm, json_t *function)
{
    json_t *list = json_object_get(function, "parameters"), *one;
    size_t i;
    if (!json_is_array(list))
        return OK;
    enum err err = swml_norm_use(norm, 10, "'parameters' is a JSON Schema object");
    json_t *properties = json_object(), *required = json_array();
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        json_t *property = json_object(), *value;
        const char *key;
        json_object_foreach(one, key, value)
        {
            if (strcmp(key, "name") != 0 && strcmp(key, "required") != 0)
                json_object_set(property, key, value);
        }
        if (name && json_is_true(json_object_get(one, "required")))
            json_array_append_new(required, json_string(name));
        if (name)
            json_object_set_new(properties, name, property);
        else
            json_decref(property);
    }
    json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    json_object_set_new(function, "parameters", schema);
    return err;
}

/* Rule 28: the seed's server is meant to see the arguments, and would not without this. */
static enum err norm_webhooks(struct swml_norm *norm, json_t *function, bool is_dialect)
{
    json_t *webhooks = json_object_get(json_object_get(function, "data_map"), "webhooks"), *one;
    enum err err = OK;
    size_t i;
    json_array_foreach(webhooks, i, one)
    {
        if (!is_dialect || json_object_get(one, "params") ||
            json_object_get(one, "input_args_as_params"))
            continue;
        err = swml_norm_use(norm, 28, "the function's arguments are sent: input_args_as_params");
        json_object_set_new(one, "input_args_as_params", json_true());
    }
    return err;
}

static enum err norm_function(struct swml_norm *norm, json_t *function)
{
    bool is_dialect = json_object_get(function, "name") != NULL;
    enum err err =
        rename_key(norm, function, "name", "function", 8, "a function's 'name' is 'function'");
    if (!err)
        err = rename_key(norm, function, "purpose", "description", 9, "'purpose' is 'description'");
    if (!err)
        err = rename_key(norm, function, "arguments", "parameters", 10,
                         "'arguments' is 'parameters'");
    if (!err)
        err = norm_parameters(norm, function);
    return err ? err : norm_webhooks(norm, function, is_dialect);
}

/* Rules 7: functions beside the prompt go under SWAIG. */
static enum err norm_functions(struct swml_norm *norm, json_t *ai)
{
    json_t *functions = json_object_get(ai, "functions"), *one;
    json_t *swaig = json_object_get(ai, "SWAIG");
    size_t i;
    enum err err = OK;
    if (functions) {
        err = swml_norm_use(norm, 7, "'functions' stand under SWAIG");
        if (!swaig) {
            json_object_set_new(ai, "SWAIG", json_object());
            swaig = json_object_get(ai, "SWAIG");
        }
        json_t *official = json_object_get(swaig, "functions");
        if (official)
            (void)json_array_extend(official, functions);
        else
            json_object_set(swaig, "functions", functions);
        json_object_del(ai, "functions");
    }
    json_array_foreach(json_object_get(swaig, "functions"), i, one) err =
        err ? err : norm_function(norm, one);
    return err;
}

/* Rule 23: one voice and a temperature beside the prompt. */
static enum err norm_voice(struct swml_norm *norm, json_t *ai)
{
    json_t *language = json_object_get(ai, "language"), *voice = json_object_get(ai, "voice");
    json_t *temperature = json_object_get(ai, "temperature");
    enum err err = OK;
    if (language || voice || temperature)
        err = swml_norm_use(norm, 23, "voice, language and temperature have places of their own");
    if (!err && (language || voice)) {
        json_t *one = json_pack("{s:s, s:o, s:o}", "name", "default", "code",
                                language ? json_incref(language) : json_string("en-US"), "voice",
                                voice ? json_incref(voice) : json_string("Polly.Salli"));
        json_object_set_new(ai, "languages", json_pack("[o]", one));
    }
    if (!err && temperature && json_is_object(json_object_get(ai, "prompt")))
        json_object_set(json_object_get(ai, "prompt"), "temperature", temperature);
    json_object_del(ai, "language");
    json_object_del(ai, "voice");
    json_object_del(ai, "temperature");
    return err;
}

enum err swml_norm_ai(struct swml_norm *norm, json_t *ai)
{
    enum err err = OK;
    json_t *prompt = json_object_get(ai, "prompt");
    if (json_is_string(prompt)) {
        err = swml_norm_use(norm, 6, "'prompt' is an object with 'text'");
        json_object_set_new(ai, "prompt", json_pack("{s:O}", "text", prompt));
    }
    if (!err)
        err = norm_functions(norm, ai);
    return err ? err : norm_voice(norm, ai);
}
