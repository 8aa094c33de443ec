/* Subscribers: people of a project. Each is a user, whom calls to "client:EMAIL" and to his address
 * ring on the SIP endpoints that are made for him, and a resource that keeps the rest. His password
 * is for the program's own log-in: nothing here asks for it, so it is not kept. */
#include <stdio.h>
#include <string.h>

#include "api/signalwire/sw_fabric.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/store_programs.h"

static const char type[] = "subscriber";
/* The last two are set once. */
enum { N_ONCE = 2 };
static const char *const kept[] = { "first_name", "last_name", "display_name", "job_title",
                                    "timezone",   "country",   "company_name", "region",
                                    "email",      "address" };

json_t *sw_subscriber_json(const struct store_resource *row)
{
    static const char *const shown[] = { "email",     "first_name", "last_name", "display_name",
                                         "job_title", "timezone",   "country",   "company_name" };
    json_t *body = json_loads(row->body, 0, NULL);
    json_t *inner = json_pack("{s:s}", "id", row->id);
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        json_object_set_new(inner, shown[i], json_string(sw_text(body, shown[i])));
    json_decref(body);
    return sw_resource_frame(row, inner);
}

static json_t *listed(const struct rest *rest, const void *row)
{
    (void)rest;
    return sw_subscriber_json(row);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    sw_page_reply_resources(owner, answer, listed);
}

void sw_subscriber_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type, rest_then(rest, on_list));
}

/* --- made or changed, and perhaps given a token --- */

static void write_subscriber(struct rest *rest, const struct store_resource *before, bool is_new)
{
    struct store_resource row = *before;
    int64_t end = 0;
    char *text = sw_merge(rest, before->body, kept, COUNT_OF(kept) - (is_new ? 0 : N_ONCE));
    json_t *body = json_loads(text, 0, NULL);
    const char *shown = sw_text(body, "display_name");
    row.body = text;
    row.name = shown[0] ? shown : sw_text(body, "email");
    row.updated_ms = rest_now_ms(rest);
    rest->changes = "subscribers";
    if (sw_of(rest)->endpoint->handle != sw_subscriber_token)
        rest->answer = sw_subscriber_json(&row);
    else if (sw_token_end(rest, "expire_at", &end)) /* it was looked at before */
        rest->answer = sw_token_pair(rest, row.id, end);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
    json_decref(body);
    free(text);
}

static void on_user(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) {
        sw_fail_store(rest, answer->err, sw_of(rest)->noun);
        return;
    }
    const struct store_resource row = { .id = sw_of(rest)->target_id,
                                        .project_id = sw_of(rest)->project_id,
                                        .type = type,
                                        .body = "{}",
                                        .created_ms = rest_now_ms(rest) };
    write_subscriber(rest, &row, true);
}

static void add(struct rest *rest, const struct store_answer *others)
{
    struct sw *sw = sw_of(rest);
    char *text = sw_address_body(others, sw_text(rest->body, "email"));
    json_t *address = json_loads(text, 0, NULL);
    json_object_update(rest->body, address);
    json_decref(address);
    free(text);
    rand_uuid(sw->target_id);
    const struct store_user user = { .id = sw->target_id,
                                     .project_id = sw->project_id,
                                     .name = sw_text(rest->body, "email"),
                                     .display_name = sw_text(rest->body, "display_name"),
                                     .created_ms = rest_now_ms(rest) };
    store_user_add(rest_store(rest), &user, rest_then(rest, on_user));
}

static bool is_his(const struct store_resource *row, const char *name, const char *value)
{
    json_t *body = json_loads(row->body, 0, NULL);
    bool is_it = strcmp(sw_text(body, name), value) == 0;
    json_decref(body);
    return is_it;
}

static void on_others(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *rows = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    const char *email = sw_text(rest->body, "email");
    size_t i = 0;
    while (i < answer->n && (strcmp(rows[i].type, type) != 0 || !is_his(&rows[i], "email", email)))
        i++;
    if (answer->err)
        sw_fail_store(rest, answer->err, NULL);
    else if (i == answer->n)
        add(rest, answer);
    else if (sw_of(rest)->endpoint->handle == sw_subscriber_token)
        write_subscriber(rest, &rows[i], false);
    else
        sw_fail_store(rest, ERR_EXISTS, sw_of(rest)->noun);
}

void sw_subscriber_add(struct rest *rest)
{
    sw_of(rest)->noun = "email";
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL,
                        rest_then(rest, on_others));
}

void sw_subscriber_token(struct rest *rest)
{
    json_t *zone = json_object_get(rest->body, "time_zone");
    int64_t end;
    if (!sw_token_end(rest, "expire_at", &end)) {
        sw_refused(rest);
        return;
    }
    json_object_set(rest->body, "email", json_object_get(rest->body, "reference"));
    if (zone)
        json_object_set(rest->body, "timezone", zone);
    sw_of(rest)->noun = "reference";
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, NULL,
                        rest_then(rest, on_others));
}

/* --- those that exist --- */

static void change(struct rest *rest, const struct store_resource *row)
{
    if (is_his(row, "email", sw_text(rest->body, "email")))
        write_subscriber(rest, row, false);
    else
        sw_refuse(rest, "invalid_parameter", "email", "email cannot be changed");
}

/* With him go his phones: their accounts with the user, the rest here. */
static void on_phones(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const char *id = rest_captured(rest, 0);
    const struct store_resource *rows = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    for (size_t i = 0; i < answer->n; i++)
        if (is_his(&rows[i], "subscriber_id", id))
            store_resource_remove(rest_store(rest), rows[i].id, STORE_NOBODY);
    rest->changes = "subscribers";
    store_user_remove(rest_store(rest), id, STORE_NOBODY);
    store_resource_remove(rest_store(rest), id, rest_then(rest, sw_on_removed));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_resource *row = sw_found_resource(rest, answer, type);
    if (!row)
        return;
    if (endpoint == sw_subscriber_show)
        rest_reply_take(rest, 200, sw_subscriber_json(row));
    else if (endpoint == sw_subscriber_change)
        change(rest, row);
    else
        store_resource_list(rest_store(rest), row->project_id, "sip_endpoint",
                            rest_then(rest, on_phones));
}

static void find(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_subscriber_show(struct rest *rest)
{
    find(rest);
}

void sw_subscriber_change(struct rest *rest)
{
    find(rest);
}

void sw_subscriber_remove(struct rest *rest)
{
    find(rest);
}

/* --- what he may know of himself --- */

static void on_self(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = sw_found_resource(rest, answer, type);
    if (!row)
        return;
    json_t *shown = sw_subscriber_json(row);
    json_t *self = json_incref(json_object_get(shown, type));
    json_t *body = json_loads(row->body, 0, NULL);
    json_object_set(self, "time_zone", json_object_get(self, "timezone"));
    json_object_del(self, "timezone");
    json_object_set_new(self, "region", json_string(sw_text(body, "region")));
    json_decref(body);
    json_decref(shown);
    rest_reply_take(rest, 200, self);
}

void sw_subscriber_info(struct rest *rest)
{
    store_resource_find(rest_store(rest), sw_of(rest)->subscriber_id, rest_then(rest, on_self));
}
