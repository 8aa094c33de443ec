#include "admin.h"

#include "base/num.h"
#include "base/rand.h"
#include "legs/leg_users.h"
#include "store/token.h"

static json_t *row_json(const struct rest *rest, const void *of)
{
    const struct store_user *row = of;
    (void)rest;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "user_id", row->id, "name", row->name,
                     "display_name", row->display_name, "project_id", row->project_id, "prefer",
                     row->prefer[0] ? row->prefer : "auto", "codecs",
                     row->codecs[0] ? row->codecs : "auto", "created_at",
                     rest_time(row->created_ms));
}

static void on_list(void *owner, const struct store_answer *answer)
{
    REST_REPLY_LIST(owner, answer, store_user, "user", row_json);
}

void admin_user_list(struct rest *rest)
{
    store_user_list(rest_store(rest), rest_then(rest, on_list));
}

static void add_to(struct rest *rest, const char *project_id)
{
    char id[UUID_TEXT];
    rand_uuid(id);
    struct store_user row = { .id = id,
                              .project_id = project_id,
                              .name = rest_given(rest, "name", ""),
                              .display_name = rest_given(rest, "display_name", ""),
                              .created_ms = rest_now_ms(rest),
                              .prefer = rest_given(rest, "prefer", ""),
                              .codecs = rest_given(rest, "codecs", "") };
    rest->answer =
        json_pack("{s:s, s:s, s:s}", "user_id", id, "name", row.name, "project_id", project_id);
    rest->changes = "users";
    store_user_add(rest_store(rest), &row, rest_then(rest, rest_on_added));
}

#define DEFAULT_PROJECT "default"

static void on_default_added(void *owner, const struct store_answer *answer);

static void on_project(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err == ERR_NOT_FOUND && !rest_given(rest, "project", "")[0]) {
        char id[UUID_TEXT];
        char key[TOKEN_TEXT];
        rand_uuid(id);
        token_make("PSK_", key);
        struct store_project row = {
            .id = id, .name = DEFAULT_PROJECT, .signing_key = key, .created_ms = rest_now_ms(rest)
        };
        store_project_add(rest_store(rest), &row, rest_then(rest, on_default_added));
        return;
    }
    if (rest_has(rest, answer, "project"))
        add_to(rest, STORE_ROWS(answer, store_project)->id);
}

/* Whoever added it, this request or one beside it: now it is there. */
static void on_default_added(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err && answer->err != ERR_EXISTS)
        rest_fail_store(rest, answer->err, "project");
    else
        store_project_find(rest_store(rest), DEFAULT_PROJECT, rest_then(rest, on_project));
}

#define POLICY(prefer_to, codecs_to)                                        \
    { .name = "prefer",                                                     \
      .out = (prefer_to),                                                   \
      .check = leg_user_is_prefer,                                          \
      .expected = LEG_USER_PREFER },                                        \
    {                                                                       \
        .name = "codecs", .out = (codecs_to), .check = leg_user_are_codecs, \
        .expected = LEG_USER_CODECS                                         \
    }

void admin_user_add(struct rest *rest)
{
    const char *name;
    const char *project;
    const char *display_name;
    const char *prefer;
    const char *codecs;
    const struct rest_field fields[] = {
        { .name = "name",
          .out = &name,
          .is_required = true,
          .check = rest_is_name,
          .expected = "letters, digits, '-', '_' and '.', at most 63" },
        { .name = "project", .out = &project },
        { .name = "display_name", .out = &display_name },
        POLICY(&prefer, &codecs),
    };
    if (!rest_take(rest, fields, COUNT_OF(fields)))
        return;
    store_project_find(rest_store(rest), project[0] ? project : DEFAULT_PROJECT,
                       rest_then(rest, on_project));
}

static void on_shown(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (rest_has(rest, answer, "user"))
        rest_reply_take(rest, 200, row_json(rest, STORE_ROWS(answer, store_user)));
}

void admin_user_show(struct rest *rest)
{
    store_user_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_shown));
}

static void on_changed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "user"))
        return;
    rest_tell_change(rest);
    admin_user_show(rest);
}

static void on_to_change(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "user"))
        return;
    struct store_user row = *STORE_ROWS(answer, store_user);
    row.display_name = rest_given(rest, "display_name", row.display_name);
    row.prefer = rest_given(rest, "prefer", row.prefer);
    row.codecs = rest_given(rest, "codecs", row.codecs);
    rest->changes = "users";
    store_user_change(rest_store(rest), &row, rest_then(rest, on_changed));
}

void admin_user_change(struct rest *rest)
{
    const char *display_name;
    const char *prefer;
    const char *codecs;
    const struct rest_field fields[] = {
        { .name = "display_name", .out = &display_name },
        POLICY(&prefer, &codecs),
    };
    if (rest_take(rest, fields, COUNT_OF(fields)))
        store_user_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_to_change));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "user"))
        return;
    rest->changes = "users";
    store_user_remove(rest_store(rest), STORE_ROWS(answer, store_user)->id,
                      rest_then(rest, rest_on_removed));
}

void admin_user_remove(struct rest *rest)
{
    store_user_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}
