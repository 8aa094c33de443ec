#include "legs/kandy/kandy_dialect.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

void kandy_request_clear(struct kandy_request *request)
{
    if (request->body)
        mem_wipe(request->body, strlen(request->body));
    free(request->body); /* of json_dumps(), or mem_alloc(), which is the same allocator */
    mem_wipe(request->path, sizeof request->path);
    *request = (struct kandy_request){ 0 };
}

void kandy_put_escaped(struct buf *out, const char *text, const char *keep)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-._~", c) || strchr(keep, c);
        if (plain)
            buf_char(out, *text);
        else
            buf_printf(out, "%%%02X", c);
    }
}

bool kandy_put_body(struct kandy_request *out, json_t *take_json)
{
    out->body = take_json ? json_dumps(take_json, JSON_COMPACT) : NULL;
    json_decref(take_json);
    return out->body != NULL;
}

json_t *kandy_services_json(const struct kandy_identity *who)
{
    json_t *list = json_array();
    for (size_t i = 0; i < who->n_services; i++)
        json_array_append_new(list, json_string(who->services[i]));
    return list;
}
