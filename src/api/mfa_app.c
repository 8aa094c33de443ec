/* /api/send-mfa and /api/verify-mfa: what guides show as a customer's own program, ready to use
 * where `mfa_app` is on. No token is asked for, so numbers and sources are limited. */
#include <stdio.h>
#include <string.h>

#include "api/mfa.h"
#include "api/signalwire/sw.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"

enum { VALID_MS = 300000, TRIES = 3, LEN = 6, SESSION_LEN = 43 };
static const char channel[] = "app";

static void send_code(struct rest *rest);
static void verify_code(struct rest *rest);

const struct api_route mfa_app_routes[2] = {
    { HTTP_POST, "/api/send-mfa", send_code },
    { HTTP_POST, "/api/verify-mfa", verify_code },
};

void mfa_app_guard(struct rest *rest)
{
    if (rest->api->config.mfa_app)
        rest_admit(rest);
    else
        rest_fail(rest, 404, "not_found", NULL, "Not Found");
}

json_t *mfa_app_error(const struct rest *rest, const struct rest_error *error)
{
    (void)rest;
    return json_pack("{s:s}", "error", error->text);
}

void mfa_app_dress(struct rest *rest, int status)
{
    (void)status;
    rest_set_header(rest, "Cache-Control", SLICE("no-store"));
}

static const char *phone_of(struct rest *rest)
{
    const char *phone = sw_text(rest->body, "phone");
    if (sw_is_message_to(slice_of(phone)))
        return phone;
    rest_fail(rest, 400, "invalid", "phone", "Invalid phone");
    return NULL;
}

static void on_kept(void *owner, const struct store_answer *answer)
{
    if (answer->err)
        rest_fail(owner, 503, "unavailable", NULL, "The code could not be kept");
    else
        rest_reply_take(owner, 200, json_pack("{s:s}", "status", "sent"));
}

static void send_code(struct rest *rest)
{
    char id[UUID_TEXT], code[MFA_TEXT], address[ADDR_TEXT];
    struct fault fault = { 0 };
    const char *phone = phone_of(rest);
    if (!phone || !mfa_may_send(rest, phone, addr_print_ip(rest->asked.peer, address)))
        return;
    mfa_make(code, LEN, false);
    const struct mfa_text text = { .from = rest->api->config.message_from,
                                   .to = phone,
                                   .before = "Your verification code is: ",
                                   .after = ". Expires in 5 minutes.",
                                   .code = code };
    const struct mfa_order order = {
        .party = phone, .channel = channel, .code = code, .valid_ms = VALID_MS, .tries = TRIES
    };
    if (mfa_send(rest, &text, &fault))
        rest_fail(rest, 502, "not_routable", "phone", "The code could not be sent");
    else
        mfa_keep(rest, &order, id, on_kept);
    mem_wipe(code, sizeof code);
}

static void on_used(void *owner, const struct store_answer *answer)
{
    char token[SESSION_LEN + 1];
    if (answer->err) { /* somebody used it in this moment */
        rest_fail(owner, 400, "no_code", NULL, "No code sent");
        return;
    }
    rand_token(token, SESSION_LEN);
    rest_reply_take(owner, 200, json_pack("{s:b, s:s}", "verified", 1, "session_token", token));
    mem_wipe(token, sizeof token);
}

static void on_try(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_mfa_code *row = answer->err ? NULL : STORE_ROWS(answer, store_mfa_code);
    if (!row)
        rest_fail(rest, 429, "too_many", NULL, "Too many attempts");
    else if (mfa_is(rest->api, row, sw_text(rest->body, "code")))
        store_mfa_code_remove(rest_store(rest), row->id, rest_then(rest, on_used));
    else
        rest_fail(rest, 401, "wrong", NULL, "Invalid code");
}

/* What cannot be verified any more goes, as the next one is asked for. */
static void forget(struct rest *rest, const struct store_mfa_code *row, int status,
                   const char *text)
{
    store_mfa_code_remove(rest_store(rest), row->id, STORE_NOBODY);
    rest_fail(rest, status, "over", NULL, "%s", text);
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_mfa_code *row = answer->err ? NULL : STORE_ROWS(answer, store_mfa_code);
    if (!row)
        rest_fail(rest, 400, "no_code", NULL, "No code sent");
    else if (row->expires_ms <= rest_now_ms(rest))
        forget(rest, row, 400, "Code expired");
    else if (row->tries_left <= 0)
        forget(rest, row, 429, "Too many attempts");
    else
        store_mfa_code_try(rest_store(rest), row->id, "", rest_now_ms(rest),
                           rest_then(rest, on_try));
}

static void verify_code(struct rest *rest)
{
    const char *phone = phone_of(rest);
    if (phone)
        store_mfa_code_find(rest_store(rest), phone, channel, rest_then(rest, on_found));
}
