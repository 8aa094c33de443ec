/* JSON.stringify() and JSON.parse() by jansson. */
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "script/js_priv.h"

enum { INDENT_MAX = 10, JSON_TEXT_MAX = JS_MEMORY_MAX / 4 };

struct js_value js_json_stringify(struct js *js, const struct js_call *call)
{
    json_t *json = js_to_json(js, js_arg(call, 0));
    if (js->err)
        js_throw(js, ERR_LIMIT, "a value that is too large for JSON.stringify()");
    if (!json)
        return JS_NOTHING;
    int64_t indent = js_to_integer(js, js_arg(call, 2));
    size_t flags = JSON_ENCODE_ANY;
    flags |=
        indent > 0 ? JSON_INDENT(indent < INDENT_MAX ? (size_t)indent : INDENT_MAX) : JSON_COMPACT;
    size_t len = json_dumpb(json, NULL, 0, flags);
    char *mem = len <= JSON_TEXT_MAX ? js_try_alloc(js, len + 1) : NULL;
    if (mem)
        len = json_dumpb(json, mem, len, flags);
    json_decref(json);
    if (!mem)
        js_throw(js, ERR_LIMIT, "the expression needs too much memory");
    js_step(js, len / 16);
    return js_slice(slice_make(mem, len));
}

struct js_value js_json_parse(struct js *js, const struct js_call *call)
{
    struct slice text = js_to_text(js, js_arg(call, 0));
    json_error_t error;
    if (text.len > JSON_TEXT_MAX)
        js_throw(js, ERR_LIMIT, "a text that is too large for JSON.parse()");
    json_t *json = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_DECODE_ANY, &error);
    if (!json)
        js_throw(js, ERR_INVALID, "JSON.parse(): %s", error.text);
    js_keep_json(js, json);
    js_step(js, text.len / 8);
    return js_of_json(js, json);
}
