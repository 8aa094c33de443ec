/* Multi-factor authentication for programs: a code by message or call, and its verification. */
#include <stdio.h>
#include <string.h>

#include "api/mfa.h"
#include "api/signalwire/sw.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "message/message_text.h"

enum { VALID_S = 3600, TRIES = 3, LEN = 6, TEXT_MAX = 700 };
static const char default_message[] = "Your Personal Authorization Code is:", place[] = "{{code}}";

static int64_t number_of(const struct rest *rest, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(rest->body, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static const char *message_of(const struct rest *rest)
{
    const char *given = sw_text(rest->body, "message");
    return given[0] ? given : default_message;
}

static void on_kept(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    json_t *body = rest->answer;
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    rest->answer = NULL;
    rest_reply_take(rest, 200, body);
}

/* The code stands where {{code}} does, or behind the text. */
static bool deliver(struct rest *rest, const char *channel, const char *code)
{
    char before[TEXT_MAX];
    struct fault fault = { 0 };
    const char *message = message_of(rest), *after = "", *at = strstr(message, place);
    bool is_call = strcmp(channel, "call") == 0;
    if (at)
        after = at + strlen(place);
    snprintf(before, sizeof before, "%.*s%s", (int)(at ? at - message : (long)strlen(message)),
             message, at ? "" : " ");
    const char *from = sw_text(rest->body, "from");
    const struct mfa_text text = { .project_id = sw_of(rest)->project_id,
                                   .from = from[0] ? from : rest->api->config.message_from,
                                   .to = sw_text(rest->body, "to"),
                                   .before = before,
                                   .after = after,
                                   .code = code };
    enum err err = is_call ? mfa_say(rest, &text, &fault) : mfa_send(rest, &text, &fault);
    if (err)
        sw_refuse(rest, "not_routable", "to", fault.text[0] ? fault.text : "nobody takes it");
    return err == OK;
}

static void start(struct rest *rest, const char *channel)
{
    char id[UUID_TEXT], code[MFA_TEXT];
    struct message_size size;
    const char *to = sw_text(rest->body, "to");
    if (message_text_measure(slice_of(message_of(rest)), &size) || size.segments > 1) {
        sw_refuse(rest, "character_limit_exceeded", "message",
                  "Message is too long: 160 characters of GSM, else 70");
        return;
    }
    if (!mfa_may_send(rest, to, sw_of(rest)->project_id))
        return;
    mfa_make(code, (size_t)number_of(rest, "token_length", LEN), /* 4 to 20: checked */
             json_is_true(json_object_get(rest->body, "allow_alphas")));
    if (deliver(rest, channel, code)) {
        const struct mfa_order order = { .project_id = sw_of(rest)->project_id,
                                         .party = to,
                                         .channel = channel,
                                         .code = code,
                                         .valid_ms = 1000 * number_of(rest, "valid_for", VALID_S),
                                         .tries = number_of(rest, "max_attempts", TRIES) };
        rest->answer =
            json_pack("{s:s, s:b, s:s, s:s}", "id", "", "success", 1, "to", to, "channel", channel);
        mfa_keep(rest, &order, id, on_kept);
        json_object_set_new(rest->answer, "id", json_string(id));
    }
    mem_wipe(code, sizeof code);
}

void sw_mfa_sms(struct rest *rest)
{
    start(rest, "sms");
}

void sw_mfa_call(struct rest *rest)
{
    start(rest, "call");
}

static void on_used(void *owner, const struct store_answer *answer)
{
    /* not found: somebody used it in this moment */
    if (answer->err)
        sw_fail_store(owner, answer->err, "id");
    else
        rest_reply_take(owner, 200, json_pack("{s:b}", "success", 1));
}

static void on_try(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_mfa_code *row = answer->err ? NULL : STORE_ROWS(answer, store_mfa_code);
    if (!row)
        sw_fail_store(rest, answer->err, "id");
    else if (mfa_is(rest->api, row, sw_text(rest->body, "token")))
        store_mfa_code_remove(rest_store(rest), row->id, rest_then(rest, on_used));
    else
        rest_reply_take(rest, 200, json_pack("{s:b}", "success", 0));
}

void sw_mfa_verify(struct rest *rest)
{
    store_mfa_code_try(rest_store(rest), rest_captured(rest, 0), sw_of(rest)->project_id,
                       rest_now_ms(rest), rest_then(rest, on_try));
}
