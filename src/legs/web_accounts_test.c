/* What web phones show at SIP, asked as the registrar asks: whose token it is, and whether the
 * session that a request names is its caller's. The registrar is this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/jwt.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "legs/registrar.h"
#include "legs/web_accounts.h"
#include "sip/sip_auth.h"
#include "sip/sip_msg.h"
#include "store/store_accounts.h"
#include "store/token.h"

enum { PENDING = -1 };

static struct {
    struct registrar_tokens tokens;
    char account[64], user[64]; /* of the last token; "" nobody */
    int answers, fits;
} registrar;

static struct leg_env env;
static struct web_accounts *accounts;
static char session[TOKEN_TEXT];

/* What the registrar does with us. */
void registrar_set_tokens(struct registrar *of, const struct registrar_tokens *tokens)
{
    (void)of;
    registrar.tokens = tokens ? *tokens : (struct registrar_tokens){ 0 };
}

void registrar_token_found(struct registrar *of, struct sip_auth_lookup *lookup,
                           struct slice sip_username, struct slice user)
{
    (void)of, (void)lookup;
    registrar.answers++;
    snprintf(registrar.account, sizeof registrar.account, "%.*s", SLICE_ARG(sip_username));
    snprintf(registrar.user, sizeof registrar.user, "%.*s", SLICE_ARG(user));
}

const char *registrar_user_of(const struct registrar *of, struct slice sip_username)
{
    (void)of;
    return slice_is(sip_username, "u1") ? "alice" : "";
}

void sip_auth_vouched(struct sip_auth_lookup *lookup, bool fits)
{
    (void)lookup;
    registrar.answers++;
    registrar.fits = fits;
}

static void add_rows(void)
{
    char hash[TOKEN_HASH];
    token_make("ST_", session);
    token_hash(slice_of(session), hash);
    const struct store_project project = { .id = "p1", .name = "p", .signing_key = "k" };
    const struct store_user alice = { .id = "a1", .project_id = "p1", .name = "alice" };
    const struct store_user bob = { .id = "b1", .project_id = "p1", .name = "bob" };
    const struct store_token token = {
        .id = "t1", .project_id = "p1", .user_id = "a1", .hash = "h"
    };
    const struct store_session row = {
        .hash = hash, .user_id = "a1", .token_id = "t1", .expires_ms = INT64_MAX
    };
    const struct store_device device = {
        .id = "d1", .user_id = "a1", .sip_username = "u1", .platform = "script", .rotated_ms = 7
    };
    store_project_add(env.store, &project, STORE_NOBODY);
    store_user_add(env.store, &alice, STORE_NOBODY);
    store_user_add(env.store, &bob, STORE_NOBODY);
    store_token_add(env.store, &token, STORE_NOBODY);
    store_session_add(env.store, &row, STORE_NOBODY);
    store_device_add(env.store, &device, STORE_NOBODY);
    store_device_rotate(env.store, &device, STORE_NOBODY);
    loop_advance(env.loop, 10);
}

static int setup(void **state)
{
    (void)state;
    memset(&registrar, 0, sizeof registrar);
    env.loop = loop_create_simulated();
    struct store_config memory = { .loop = env.loop, .url = ":memory:" };
    env.seal = seal_create();
    if (store_open(&env.store, &memory, NULL) || seal_renew(env.seal))
        return -1;
    accounts = web_accounts_create(&env, NULL);
    add_rows();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    web_accounts_destroy(accounts);
    assert_null(registrar.tokens.find); /* nobody asks us any more */
    store_close(env.store);
    seal_destroy(env.seal);
    loop_destroy(env.loop);
    return 0;
}

/* A token as provisioning issues it, but for what the test says. */
static char *issue(const char *issuer, const char *device, int64_t rotated_ms, int64_t lasts_s)
{
    uint8_t key[SEAL_KEY_LEN];
    char *text;
    int64_t now_s = loop_wall_ms(env.loop) / 1000;
    json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "iss", issuer, "sub", "u1", "dev",
                               device, "rot", (json_int_t)rotated_ms, "iat", (json_int_t)now_s,
                               "exp", (json_int_t)(now_s + lasts_s));
    seal_derive(env.seal, 0, SLICE(WEB_ACCOUNTS_KEY), key);
    assert_int_equal(
        jwt_print(&text, claims, JWT_HS256, seal_key_id(env.seal, 0), slice_make(key, sizeof key)),
        OK);
    json_decref(claims);
    return text;
}

/* Whose is it? "" when nobody's. */
static const char *owner_of(const char *token)
{
    registrar.answers = 0;
    registrar.tokens.find(registrar.tokens.owner, slice_of(token), NULL);
    loop_advance(env.loop, 5);
    assert_int_equal(registrar.answers, 1);
    return registrar.account;
}

static void test_a_token_names_its_account(void **state)
{
    (void)state;
    char *token = issue(WEB_ACCOUNTS_ISSUER, "d1", 7, 60);
    assert_string_equal(owner_of(token), "u1");
    assert_string_equal(registrar.user, "alice");
    assert_int_equal(seal_renew(env.seal), OK);
    assert_string_equal(owner_of(token), "u1"); /* a new key ends no token */
    loop_advance(env.loop, 61000);
    assert_string_equal(owner_of(token), ""); /* time does */
    mem_free(token);
}

static void test_tokens_that_are_not_ours(void **state)
{
    static const struct {
        const char *issuer, *device;
        int64_t rotated_ms;
    } rows[] = { { "somebody", "d1", 7 },
                 { WEB_ACCOUNTS_ISSUER, "d2", 7 },
                 { WEB_ACCOUNTS_ISSUER, "d1", 6 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *token = issue(rows[i].issuer, rows[i].device, rows[i].rotated_ms, 60);
        assert_string_equal(owner_of(token), "");
        mem_free(token);
    }
    assert_string_equal(owner_of("a.b.c"), "");
    assert_string_equal(owner_of(""), "");
}

static void test_a_disabled_device_ends_its_token(void **state)
{
    const struct store_device disabled = { .id = "d1", .platform = "script", .disabled_ms = 1 };
    (void)state;
    char *token = issue(WEB_ACCOUNTS_ISSUER, "d1", 7, 60);
    store_device_change(env.store, &disabled, STORE_NOBODY);
    loop_advance(env.loop, 5);
    assert_string_equal(owner_of(token), "");
    mem_free(token);
}

/* May u1, who is alice's, send a request with these headers? */
static int vouch(const char *headers)
{
    char wire[2000];
    size_t used;
    struct sip_msg *msg;
    snprintf(wire, sizeof wire,
             "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/WS a;branch=z9hG4bK1\r\nFrom: <sip:u1@a>;tag=1"
             "\r\nTo: <sip:u1@a>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n%sContent-Length: 0\r\n\r\n",
             headers);
    assert_int_equal(sip_msg_parse(&msg, slice_of(wire), &used), OK);
    registrar.answers = 0;
    registrar.fits = PENDING;
    registrar.tokens.vouch(registrar.tokens.owner, SLICE("u1"), msg, NULL);
    sip_msg_unref(msg);
    loop_advance(env.loop, 5);
    assert_int_equal(registrar.answers, 1);
    return registrar.fits;
}

static void test_sessions(void **state)
{
    char headers[400];
    (void)state;
    assert_int_equal(vouch(""), 1); /* who names none is known by his credentials */
#define NAMING(...) (snprintf(headers, sizeof headers, __VA_ARGS__), headers)
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: %s\r\n", session)), 1);
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: %s\r\nX-Siperb-Uid: a1\r\n", session)), 1);
    assert_int_equal(vouch(NAMING("X-Siperb-Uid: a1\r\n")), 1);
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: %s\r\nX-Siperb-Uid: b1\r\n", session)), 0);
    assert_int_equal(vouch(NAMING("X-Siperb-Uid: b1\r\n")), 0);
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: %s,x\r\n", session)), 0); /* one opaque value */
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: stale\r\n")), 0);
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: \r\n")), 0);
    assert_int_equal(vouch(NAMING("X-Siperb-Uid: \r\n")), 0);
}

static void test_a_session_ends_with_its_token(void **state)
{
    char headers[400];
    (void)state;
    store_token_revoke(env.store, "t1", 1, STORE_NOBODY);
    loop_advance(env.loop, 5);
    assert_int_equal(vouch(NAMING("X-Siperb-Sid: %s\r\n", session)), 0);
}

static void test_own_headers(void **state)
{
    (void)state;
    assert_true(web_accounts_is_own(SLICE("x-siperb-sid")));
    assert_true(web_accounts_is_own(SLICE("X-Siperb-Anything")));
    assert_false(web_accounts_is_own(SLICE("X-Shop")));
}

/* Whoever still waits is answered no. */
static void test_an_end_answers_those_who_wait(void **state)
{
    (void)state;
    char *token = issue(WEB_ACCOUNTS_ISSUER, "d1", 7, 60);
    registrar.answers = 0;
    registrar.tokens.find(registrar.tokens.owner, slice_of(token), NULL);
    web_accounts_destroy(accounts);
    assert_int_equal(registrar.answers, 1);
    assert_string_equal(registrar.account, "");
    accounts = web_accounts_create(&env, NULL);
    mem_free(token);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_a_token_names_its_account),        EACH(test_tokens_that_are_not_ours),
        EACH(test_a_disabled_device_ends_its_token), EACH(test_sessions),
        EACH(test_a_session_ends_with_its_token),    EACH(test_own_headers),
        EACH(test_an_end_answers_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
