/* What is asked of the daemon as a whole. */
#include "admin.h"
#include "base/loop.h"
#include "base/num.h"
#include "call/route.h"

enum { POLL_MS = 50 };

static void poll_doctor(void *owner)
{
    struct rest *rest = owner;
    const struct api_config *config = &rest->api->config;
    bool is_known = false;
    json_t *report = config->live->doctor_report(config->owner, rest->waits_for, &is_known);
    if (report)
        rest_reply_take(rest, 200, report);
    else if (!is_known)
        rest_fail(rest, 503, "closing", NULL, "the examination was given up");
    else
        loop_timer_start(config->loop, &rest->poll, POLL_MS, poll_doctor, rest);
}

void admin_doctor(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    const char *trunk;
    const char *dry_invite;
    const char *try_forms;
    const struct rest_field fields[] = { { .name = "trunk", .out = &trunk },
                                         { .name = "dry_invite", .out = &dry_invite },
                                         { .name = "try_forms", .out = &try_forms } };
    if (!rest_take(rest, fields, COUNT_OF(fields)))
        return;
    if (config->live && config->live->doctor_start)
        rest->waits_for = config->live->doctor_start(
            config->owner, trunk, dry_invite[0] ? dry_invite : NULL, try_forms[0] != '\0');
    if (rest->waits_for)
        poll_doctor(rest);
    else
        rest_fail(rest, 404, "not_found", "trunk", "there is no trunk \"%s\"",
                  trunk[0] ? trunk : "default");
}

void admin_route(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    const char *face = rest_param(rest, "face");
    struct route_query query = { .face = slice_of(face ? face : "bridge"),
                                 .from = slice_of(rest_param(rest, "from")),
                                 .from_user = slice_of(rest_param(rest, "user")),
                                 .trunk = slice_of(rest_param(rest, "trunk")),
                                 .dialled = slice_of(rest_param(rest, "to")) };
    struct slice value = slice_of(rest_param(rest, "header"));
    struct slice name = slice_cut(&value, '=');
    json_t *headers = name.len ? json_object() : NULL;
    char header[ROUTE_TEXT_MAX];
    if (headers && slice_copy(name, header, sizeof header))
        json_object_set_new(headers, header, json_stringn(value.ptr, value.len));
    query.headers = headers;
    query.may_use_trunks = slice_empty(query.trunk); /* what came from one goes to none */
    if (config->live && config->live->route)
        rest_reply_take(rest, 200, config->live->route(config->owner, &query));
    else
        rest_fail(rest, 404, "not_found", NULL, "there is no router");
    json_decref(headers);
}

void admin_reload(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    struct fault fault = { 0 };
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    json_t *answer = NULL;
    if (!rest_take(rest, NULL, 0))
        return;
    enum err err = config->live && config->live->reload
                       ? config->live->reload(config->owner, &answer, &fault)
                       : ERR_UNSUPPORTED;
    fault_print(&fault, text, sizeof text);
    if (err)
        rest_fail(rest, 422, "invalid", NULL, "nothing changed: %s", text);
    else
        rest_reply_take(rest, 200, answer);
}
