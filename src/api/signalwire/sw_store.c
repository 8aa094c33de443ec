/* What most handlers do with what the store said. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/hash.h"
#include "base/num.h"
#include "store/store_programs.h"

void sw_fail_store(struct rest *rest, enum err err, const char *attribute)
{
    if (err == ERR_EXISTS)
        rest_fail(rest, 422, "value_not_unique", attribute, "%s is taken",
                  attribute ? attribute : "it");
    else
        rest_fail_store(rest, err, attribute ? attribute : "object");
}

void sw_on_written(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *body = rest->answer;
    rest->answer = NULL;
    if (answer->err) {
        json_decref(body);
        sw_fail_store(rest, answer->err, sw_of(rest)->noun);
        return;
    }
    rest_tell_change(rest);
    rest_reply_take(rest, sw_of(rest)->endpoint->status, body);
}

void sw_on_removed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        sw_fail_store(rest, answer->err, sw_of(rest)->noun);
        return;
    }
    rest_tell_change(rest);
    rest_reply_text(rest, 204, NULL, SLICE_NONE);
}

char *sw_merge(const struct rest *rest, const char *before, const char *const *names, size_t n)
{
    json_t *body = json_loads(before, 0, NULL), *given;
    if (!body)
        body = json_object();
    for (size_t i = 0; i < n; i++)
        if ((given = json_object_get(rest->body, names[i])) != NULL)
            json_object_set(body, names[i], given);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

const struct store_resource *sw_found_resource(struct rest *rest, const struct store_answer *answer,
                                               const char *type)
{
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (row && strcmp(row->project_id, sw_of(rest)->project_id) == 0 &&
        (!type || strcmp(row->type, type) == 0))
        return row;
    sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "id");
    return NULL;
}

void sw_derived_id(const char *kind, const char *a, const char *b, char out[SW_ID])
{
    char hex[HASH_HEX_MAX];
    const struct slice parts[] = { slice_of(kind), SLICE(":"), slice_of(a), slice_of(b) };
    hash_hex(HASH_SHA256, parts, COUNT_OF(parts), hex);
    snprintf(out, SW_ID, "%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}
