#include "api/signalwire/sw_caller_ids.h"

#include <stdio.h>
#include <string.h>

#include "api/mfa.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "store/store_programs.h"

enum { CODE_LEN = 6, VALID_MS = 10 * 60 * 1000, TRIES = 5 };
static const char type[] = "verified_caller_id";

static json_t *caller_id_json(const struct store_resource *row)
{
    json_t *body = json_loads(row->body, 0, NULL);
    int64_t at_ms = json_integer_value(json_object_get(body, "verified_ms"));
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "type", type, "id", row->id,
                             "number", sw_text(body, "number"), "name", row->name, "extension",
                             sw_text(body, "extension"), "verified", at_ms != 0, "status",
                             at_ms ? "Verified" : "Awaiting Verification");
    if (at_ms)
        json_object_set_new(json, "verified_at", rest_time(at_ms));
    json_decref(body);
    return json;
}

static json_t *listed(const struct rest *rest, const void *row)
{
    const char *name = rest_param(rest, "filter_name");
    const char *number = rest_param(rest, "filter_number");
    json_t *one = caller_id_json(row);
    if ((!name || strstr(sw_text(one, "name"), name)) &&
        (!number || strstr(sw_text(one, "number"), number)))
        return one;
    json_decref(one);
    return NULL;
}

static void on_list(void *owner, const struct store_answer *answer)
{
    sw_page_reply_resources(owner, answer, listed);
}

void sw_caller_id_list(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type, rest_then(rest, on_list));
}

/* --- the call with the code --- */

static void on_kept(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *body = rest->answer;
    rest->answer = NULL;
    if (answer->err) {
        json_decref(body);
        sw_fail_store(rest, answer->err, NULL);
    } else {
        rest_reply_take(rest, sw_of(rest)->endpoint->status, body);
    }
}

/* The row is written when the call is under way: its `ref` is the code's. */
static void call(struct rest *rest, const struct store_resource *before)
{
    char code[MFA_TEXT], id[UUID_TEXT];
    struct fault fault = { 0 };
    struct store_resource row = *before;
    json_t *body = json_loads(row.body, 0, NULL);
    const struct mfa_text text = { .project_id = row.project_id,
                                   .from = rest->api->config.message_from,
                                   .to = sw_text(body, "number"),
                                   .keys = sw_text(body, "extension"),
                                   .before = "Your verification code is:",
                                   .code = code };
    const struct mfa_order order = { .project_id = row.project_id,
                                     .party = text.to,
                                     .channel = "call",
                                     .code = code,
                                     .valid_ms = VALID_MS,
                                     .tries = TRIES };
    if (mfa_may_send(rest, text.to, row.project_id)) {
        mfa_make(code, CODE_LEN, false);
        if (mfa_say(rest, &text, &fault)) {
            sw_refuse(rest, "not_routable", "number",
                      fault.text[0] ? fault.text : "No route leads to the number");
        } else {
            rest->answer = caller_id_json(&row);
            mfa_keep(rest, &order, id, on_kept);
            row.ref = id;
            row.updated_ms = rest_now_ms(rest);
            store_resource_set(rest_store(rest), &row, STORE_NOBODY);
        }
        mem_wipe(code, sizeof code);
    }
    json_decref(body);
}

static void on_others(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *rows = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    const char *number = sw_text(rest->body, "number"), *name = sw_text(rest->body, "name");
    char id[UUID_TEXT];
    bool is_taken = false;
    for (size_t i = 0; i < answer->n; i++) {
        json_t *body = json_loads(rows[i].body, 0, NULL);
        is_taken |= strcmp(sw_text(body, "number"), number) == 0;
        json_decref(body);
    }
    if (answer->err || is_taken) {
        sw_fail_store(rest, is_taken ? ERR_EXISTS : answer->err, "Number");
        return;
    }
    rand_uuid(id);
    char *body = sw_merge(rest, "", (const char *const[]){ "number", "extension" }, 2);
    const struct store_resource row = { .id = id,
                                        .project_id = sw_of(rest)->project_id,
                                        .type = type,
                                        .name = name[0] ? name : number,
                                        .body = body,
                                        .created_ms = rest_now_ms(rest) };
    call(rest, &row);
    free(body);
}

void sw_caller_id_add(struct rest *rest)
{
    store_resource_list(rest_store(rest), sw_of(rest)->project_id, type,
                        rest_then(rest, on_others));
}

/* --- the code comes back --- */

static void on_proved(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *found = sw_found_resource(rest, answer, type);
    if (!found)
        return;
    struct store_resource row = *found;
    json_t *body = json_loads(row.body, 0, NULL);
    json_object_set_new(body, "verified_ms", json_integer(rest_now_ms(rest)));
    char *text = json_dumps(body, JSON_COMPACT);
    row.body = text;
    row.ref = "";
    row.updated_ms = rest_now_ms(rest);
    rest->answer = caller_id_json(&row);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
    free(text);
    json_decref(body);
}

static void on_used(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (answer->err) /* somebody used it in this moment */
        sw_fail_store(rest, answer->err, "id");
    else
        store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_proved));
}

static void on_try(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_mfa_code *row = answer->err ? NULL : STORE_ROWS(answer, store_mfa_code);
    if (row && mfa_is(rest->api, row, sw_text(rest->body, "verification_code")))
        store_mfa_code_remove(rest_store(rest), row->id, rest_then(rest, on_used));
    else if (row || answer->err == ERR_NOT_FOUND)
        sw_refuse(rest, "invalid_parameter", "verification_code",
                  row ? "Verification code is invalid"
                      : "Verification code is expired or used up: ask for another call");
    else
        sw_fail_store(rest, answer->err, NULL);
}

/* --- one of them --- */

static void change(struct rest *rest, const struct store_resource *found)
{
    struct store_resource row = *found;
    row.name = sw_text(rest->body, "name");
    row.updated_ms = rest_now_ms(rest);
    rest->answer = caller_id_json(&row);
    store_resource_set(rest_store(rest), &row, rest_then(rest, sw_on_written));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const rest_fn endpoint = sw_of(rest)->endpoint->handle;
    const struct store_resource *row = sw_found_resource(rest, answer, type);
    if (!row)
        return;
    if (endpoint == sw_caller_id_change)
        change(rest, row);
    else if (endpoint == sw_caller_id_remove)
        store_resource_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
    else if (endpoint == sw_caller_id_call && row->ref[0])
        call(rest, row);
    else if (endpoint == sw_caller_id_verify)
        store_mfa_code_try(rest_store(rest), row->ref, row->project_id, rest_now_ms(rest),
                           rest_then(rest, on_try));
    else /* shown; or one that is verified already: nobody is called */
        rest_reply_take(rest, 200, caller_id_json(row));
}

static void find(struct rest *rest)
{
    store_resource_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_caller_id_show(struct rest *rest)
{
    find(rest);
}

void sw_caller_id_change(struct rest *rest)
{
    find(rest);
}

void sw_caller_id_remove(struct rest *rest)
{
    find(rest);
}

void sw_caller_id_call(struct rest *rest)
{
    find(rest);
}

void sw_caller_id_verify(struct rest *rest)
{
    find(rest);
}
