/* Accounts of the compatibility API are projects. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"
#include "store/store_programs.h"

static json_t *account_json(const struct store_project *row)
{
    static const struct {
        const char *name, *segment; /* NULL: there is nothing of the kind */
    } subresources[] = {
        { "addresses", NULL },
        { "available_phone_numbers", "AvailablePhoneNumbers" },
        { "applications", "Applications" },
        { "authorized_connect_apps", NULL },
        { "calls", "Calls" },
        { "conferences", "Conferences" },
        { "connect_apps", NULL },
        { "incoming_phone_numbers", "IncomingPhoneNumbers" },
        { "keys", NULL },
        { "notifications", NULL },
        { "outgoing_caller_ids", NULL },
        { "queues", "Queues" },
        { "recordings", "Recordings" },
        { "sandbox", NULL },
        { "sip", NULL },
        { "short_codes", NULL },
        { "messages", "Messages" },
        { "transcriptions", "Transcriptions" },
        { "usage", NULL },
    };
    char uri[200];
    snprintf(uri, sizeof uri, "/api/laml/2010-04-01/Accounts/%s", row->id);
    json_t *children = json_object();
    for (size_t i = 0; i < COUNT_OF(subresources); i++)
        json_object_set_new(children, subresources[i].name,
                            subresources[i].segment
                                ? json_sprintf("%s/%s", uri, subresources[i].segment)
                                : json_null());
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:b, s:n, s:o}", "sid",
                     row->id, "friendly_name", row->name, "status", "active", "auth_token",
                     "redacted", "date_created", sw_laml_time(row->created_ms), "date_updated",
                     sw_laml_time(row->updated_ms ? row->updated_ms : row->created_ms), "type",
                     "Full", "owner_account_sid", row->parent_id[0] ? row->parent_id : row->id,
                     "region_preference", "us", "uri", uri, "subproject", row->parent_id[0] != '\0',
                     "signing_key", "subresource_uris", children);
}

static json_t *listed(const struct rest *rest, const void *of)
{
    const struct store_project *row = of;
    const char *name = sw_laml_param(rest, "FriendlyName");
    return !name[0] || strcmp(row->name, name) == 0 ? account_json(row) : NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_project, listed, &page);
    if (list)
        sw_laml_page_reply(rest, &page, "accounts", sw_page_cut(&page, list));
}

void sw_laml_account_list(struct rest *rest)
{
    store_project_list_tree(rest_store(rest), sw_of(rest)->project_id, rest_then(rest, on_list));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    if (answer->err)
        sw_fail_store(owner, answer->err, "account");
    else
        rest_reply_take(owner, 200, account_json(STORE_ROWS(answer, store_project)));
}

void sw_laml_account_show(struct rest *rest)
{
    store_project_find(rest_store(rest), sw_of(rest)->project_id, rest_then(rest, on_found));
}
