/* Addresses: the names by which resources are called, one each. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_fabric.h"
#include "base/num.h"
#include "store/store_programs.h"

enum { WANTED_MAX = 48, SAME_MAX = 1000 };

/* Who has an address, and of which type it is. */
static const struct {
    const char *resource, *address;
} with_address[] = {
    { "swml_script", "app" },      { "swml_webhook", "app" }, { "cxml_script", "app" },
    { "cxml_webhook", "app" },     { "sip_gateway", "call" }, { "subscriber", "subscriber" },
    { "cxml_application", "app" },
};

/* NULL: it has none. */
static const char *address_type(const struct store_resource *row)
{
    for (size_t i = 0; i < COUNT_OF(with_address); i++)
        if (strcmp(row->type, with_address[i].resource) == 0)
            return with_address[i].address;
    return NULL;
}

static bool is_person(const struct store_resource *row)
{
    return strcmp(row->type, "subscriber") == 0;
}

void sw_address_id(const struct store_resource *row, char out[SW_ID])
{
    sw_derived_id("address", row->id, "", out);
}

void sw_address_name(const struct store_resource *row, char out[SW_ADDRESS])
{
    json_t *body = json_loads(row->body, 0, NULL);
    const char *name = sw_text(body, "address");
    snprintf(out, SW_ADDRESS, "%s", name[0] ? name : row->id);
    json_decref(body);
}

static bool is_taken(const struct store_answer *answer, const char *name)
{
    const struct store_resource *rows = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    char other[SW_ADDRESS];
    for (size_t i = 0; i < answer->n; i++) {
        sw_address_name(&rows[i], other);
        if (strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* "Front desk (day)" is "front-desk-day", "ann@example.com" is "ann". */
static void slug(const char *name, char out[WANTED_MAX])
{
    size_t len = 0;
    for (; *name && *name != '@' && len < WANTED_MAX - 1; name++)
        if (isalnum((unsigned char)*name))
            out[len++] = (char)tolower((unsigned char)*name);
        else if (len && out[len - 1] != '-')
            out[len++] = '-';
    while (len && out[len - 1] == '-')
        len--;
    out[len] = '\0';
    if (!len)
        snprintf(out, WANTED_MAX, "resource");
}

char *sw_address_body(const struct store_answer *rows, const char *name)
{
    char wanted[WANTED_MAX], address[SW_ADDRESS];
    slug(name, wanted);
    snprintf(address, sizeof address, "%s", wanted);
    for (int i = 2; is_taken(rows, address) && i < SAME_MAX; i++)
        snprintf(address, sizeof address, "%s-%d", wanted, i);
    json_t *body = json_pack("{s:s}", "address", address);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

json_t *sw_address_json(const struct rest *rest, const void *of)
{
    const struct store_resource *row = of;
    char id[SW_ID], name[SW_ADDRESS], audio[SW_ADDRESS + 40];
    (void)rest;
    sw_address_id(row, id);
    sw_address_name(row, name);
    snprintf(audio, sizeof audio, "/%s/%s?channel=audio", is_person(row) ? "private" : "public",
             name);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:{s:s}, s:o, s:s}", "id", id, "name", name,
                     "display_name", row->name, "cover_url", "", "preview_url", "", "locked", 0,
                     "channels", "audio", audio, "created_at", rest_time(row->created_ms), "type",
                     address_type(row));
}

/* Guests were given a list. */
bool sw_address_is_visible(const struct rest *rest, const struct store_resource *row)
{
    char id[SW_ID];
    const char *only = sw_of(rest)->addresses;
    sw_address_id(row, id);
    return address_type(row) && (!only[0] || strstr(only, id));
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_resource *row = of;
    const char *type = rest_param(rest, "type");
    bool is_visible = sw_address_is_visible(rest, row);
    bool fits = is_visible && (!type || strcmp(type, address_type(row)) == 0);
    return fits ? sw_address_json(rest, row) : NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    sw_page_reply_resources(owner, answer, listed);
}

void sw_address_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL, rest_then(rest, on_list));
}

static void on_show(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *rows = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    char id[SW_ID];
    for (size_t i = 0; i < answer->n; i++) {
        sw_address_id(&rows[i], id);
        if (strcmp(id, rest_captured(rest, 0)) == 0 && sw_address_is_visible(rest, &rows[i])) {
            rest_reply_take(rest, 200, sw_address_json(rest, &rows[i]));
            return;
        }
    }
    sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "id");
}

void sw_address_show(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL, rest_then(rest, on_show));
}

static void on_owner(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (sw_found_resource(rest, answer, NULL))
        sw_page_reply_resources(rest, answer, listed);
}

void sw_address_list_of(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_owner));
}
