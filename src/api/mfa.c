#include "mfa.h"

#include <stdio.h>
#include <string.h>

#include "api/rate_limit.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/seal.h"
#include "message/message.h"
#include "script/script.h"

enum { SALT_LEN = 16, KEY_MAX = 160, BODY_MAX = 1000, SPACED_MAX = 2 * MFA_TEXT };

void mfa_make(char out[MFA_TEXT], size_t len, bool with_letters)
{
    static const char signs[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint32_t n = with_letters ? (uint32_t)sizeof signs - 1 : 10;
    BUG_IF(len > MFA_LEN_MAX);
    for (size_t i = 0; i < len;) {
        uint32_t drawn = rand_u32();
        if (drawn >= UINT32_MAX - UINT32_MAX % n) /* the last, shorter stretch would favour some */
            continue;
        out[i++] = signs[drawn % n];
    }
    out[len] = '\0';
}

/* Under key number `i` of the ring, so that whoever has the table alone cannot try all codes. */
static void digest(const struct seal *seal, size_t i, const char *salt, const char *code,
                   char out[HASH_HEX_MAX])
{
    uint8_t key[SEAL_KEY_LEN], mac[HASH_MAX];
    char text[SALT_LEN + 1 + MFA_TEXT + 1];
    int len = snprintf(text, sizeof text, "%.16s:%.20s", salt, code);
    seal_derive(seal, i, SLICE("mfa"), key);
    size_t mac_len =
        hash_hmac(HASH_SHA256, slice_make(key, sizeof key), slice_make(text, (size_t)len), mac);
    hex_print(mac, mac_len, out);
    mem_wipe(key, sizeof key);
    mem_wipe(text, sizeof text);
}

bool mfa_is(const struct api *api, const struct store_mfa_code *row, const char *code)
{
    char hex[HASH_HEX_MAX];
    bool same = false;
    if (strlen(code) > MFA_LEN_MAX)
        return false;
    for (size_t i = 0; i < seal_keys(api->config.seal); i++) {
        digest(api->config.seal, i, row->salt, code, hex);
        same |= hash_same(slice_of(hex), slice_of(row->hash));
    }
    return same;
}

void mfa_keep(struct rest *rest, const struct mfa_order *order, char *id, store_fn then)
{
    char salt[SALT_LEN + 1], hash[HASH_HEX_MAX];
    int64_t now_ms = rest_now_ms(rest);
    rand_uuid(id);
    rand_token(salt, SALT_LEN);
    digest(rest->api->config.seal, 0, salt, order->code, hash);
    const struct store_mfa_code row = { .id = id,
                                        .project_id = order->project_id,
                                        .party = order->party,
                                        .channel = order->channel,
                                        .salt = salt,
                                        .hash = hash,
                                        .tries_left = order->tries,
                                        .expires_ms = now_ms + order->valid_ms,
                                        .created_ms = now_ms };
    store_mfa_code_add(rest_store(rest), &row, rest_then(rest, then));
}

bool mfa_may_send(struct rest *rest, const char *party, const char *asker)
{
    char key[KEY_MAX], seconds[16];
    struct rate_limit *limits[] = { rest->api->mfa_numbers, rest->api->mfa_askers };
    struct slice keys[] = { slice_make(key, (size_t)snprintf(key, sizeof key, "%.150s", party)),
                            slice_of(asker) };
    int64_t now_ms = rest_now_ms(rest);
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        if (rate_limit_take(limits[i], keys[i], now_ms))
            continue;
        snprintf(seconds, sizeof seconds, "%u", rate_limit_wait_s(limits[i], keys[i], now_ms));
        rest_set_header(rest, "Retry-After", slice_of(seconds));
        rest_fail(rest, 429, "rate_limit_exceeded", NULL, "Too many requests");
        return false;
    }
    return true;
}

enum err mfa_send(struct rest *rest, const struct mfa_text *text, struct fault *fault)
{
    char body[BODY_MAX];
    snprintf(body, sizeof body, "%s%s%s", text->before, text->code, text->after);
    const struct message_new message = { .project_id = text->project_id,
                                         .from = text->from,
                                         .to = text->to,
                                         .body = body,
                                         .is_sensitive = true };
    enum err err = messages_add(rest->api->config.messages, &message, NULL, NULL, fault);
    mem_wipe(body, sizeof body);
    return err;
}

enum err mfa_say(struct rest *rest, const struct mfa_text *text, struct fault *fault)
{
    char spaced[SPACED_MAX] = "";
    struct call *call;
    for (size_t i = 0; text->code[i]; i++)
        snprintf(spaced + 2 * i, sizeof spaced - 2 * i, "%c ", text->code[i]);
    json_t *document =
        json_pack("{s:s, s:{s:[{s:{}}, {s:{s:s}}, {s:{s:s}}, {s:{s:s}}, {s:{}}]}}", "version",
                  "1.0.0", "sections", "main", "answer", "say", "text", text->before, "say", "text",
                  "{mfa_code}", "say", "text", "I repeat, your code is {mfa_code}", "hangup");
    if (text->keys && text->keys[0]) {
        json_t *steps = json_object_get(json_object_get(document, "sections"), "main");
        json_array_insert_new(
            steps, 1, /* behind answer; it listens for a moment first */
            json_pack("{s:{s:o}}", "send_digits", "digits", json_sprintf("W%s", text->keys)));
    }
    json_t *envs = json_pack("{s:s}", "mfa_code", spaced);
    const struct script_dial dial = { .project_id = slice_of(text->project_id),
                                      .from = slice_of(text->from),
                                      .to = slice_of(text->to),
                                      .source = { .document = document },
                                      .envs = envs };
    enum err err = scripts_dial_out(rest->api->config.scripts, &dial, &call, fault);
    json_decref(document);
    json_decref(envs);
    mem_wipe(spaced, sizeof spaced);
    return err;
}
