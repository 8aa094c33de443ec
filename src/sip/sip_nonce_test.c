#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_nonce.h"

static const struct sip_challenge_config config = { .realm = { "tandem", 6 } };
static const struct sip_digest_key bobs = { .password = { "zanzibar", 8 } };

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_is(s, text))
        fail_msg("'%.*s' is not '%s'", SLICE_ARG(s), text);
}

/* A 401 as a client sees it; headers of one line each. */
static struct sip_msg *challenged(struct sip_nonces *nonces,
                                  const struct sip_challenge_config *with, int64_t now_ms)
{
    char wire[2000];
    struct buf out = BUF_ON(wire);
    struct sip_build b;
    struct sip_msg *msg = NULL;
    size_t used;
    sip_build_status(&b, &out, 401, NULL);
    sip_build_text(&b, SIP_H_VIA, "SIP/2.0/UDP h;branch=z9hG4bK1");
    sip_build_text(&b, SIP_H_TO, "<sip:a@b>");
    sip_build_text(&b, SIP_H_FROM, "<sip:a@b>;tag=1");
    sip_build_text(&b, SIP_H_CALL_ID, "x");
    sip_build_text(&b, SIP_H_CSEQ, "1 REGISTER");
    sip_nonces_challenge(nonces, &b, SIP_H_WWW_AUTHENTICATE, with, now_ms);
    assert_int_equal(sip_build_end(&b, SLICE_NONE, SLICE_NONE), OK);
    assert_int_equal(sip_msg_parse(&msg, buf_slice(&out), &used), OK);
    return msg;
}

static struct sip_digest_client *client_for(struct sip_nonces *nonces, const char *password,
                                            int64_t now_ms)
{
    struct sip_digest_client_config as_bob = { .username = SLICE("bob"),
                                               .password = slice_of(password) };
    struct sip_digest_client *client = sip_digest_client_create(&as_bob);
    enum sip_challenge_news news;
    struct sip_msg *msg = challenged(nonces, &config, now_ms);
    assert_int_equal(sip_digest_client_challenge(client, msg, &news), OK);
    sip_msg_unref(msg);
    return client;
}

static struct slice answer(struct sip_digest_client *client)
{
    static char text[2000];
    struct buf out = BUF_ON(text);
    assert_int_equal(
        sip_digest_client_print(client, SLICE("REGISTER"), SLICE("sip:b"), SLICE_NONE, &out), OK);
    return buf_slice(&out);
}

static enum sip_verdict verdict(struct sip_nonces *nonces, struct slice header,
                                const struct sip_digest_key *key, int64_t now_ms)
{
    struct sip_credentials c;
    assert_int_equal(sip_credentials_parse(header, &c), OK);
    return sip_nonces_verify(nonces, &c, &config, key, SLICE("REGISTER"), SLICE_NONE, now_ms);
}

static void the_right_password_is_let_in(void **state)
{
    (void)state;
    struct sip_nonces *nonces = sip_nonces_create();
    struct sip_digest_client *client = client_for(nonces, "zanzibar", 1000);
    assert_int_equal(verdict(nonces, answer(client), &bobs, 2000), SIP_VERDICT_OK);
    assert_int_equal(verdict(nonces, answer(client), &bobs, 3000), SIP_VERDICT_OK);
    char ha1[HASH_HEX_MAX];
    sip_digest_ha1(SIP_DIGEST_MD5, SLICE("bob"), SLICE("tandem"), SLICE("zanzibar"), ha1);
    struct sip_digest_key stored = { .ha1 = slice_of(ha1) };
    assert_int_equal(verdict(nonces, answer(client), &stored, 4000), SIP_VERDICT_OK);
    sip_digest_client_destroy(client);
    sip_nonces_destroy(nonces);
    sip_nonces_destroy(NULL);
}

static void the_wrong_password_and_nobody_look_the_same(void **state)
{
    (void)state;
    struct sip_nonces *nonces = sip_nonces_create();
    struct sip_digest_client *wrong = client_for(nonces, "wrong", 1000);
    struct sip_digest_client *empty = client_for(nonces, "", 1000);
    struct sip_digest_key nobody = { 0 };
    assert_int_equal(verdict(nonces, answer(wrong), &bobs, 1000), SIP_VERDICT_WRONG);
    assert_int_equal(verdict(nonces, answer(wrong), &nobody, 1000), SIP_VERDICT_WRONG);
    assert_int_equal(verdict(nonces, answer(empty), &nobody, 1000), SIP_VERDICT_WRONG);
    sip_digest_client_destroy(wrong);
    sip_digest_client_destroy(empty);
    sip_nonces_destroy(nonces);
}

static void an_old_nonce_is_stale_and_a_strange_one_foreign(void **state)
{
    (void)state;
    struct sip_nonces *nonces = sip_nonces_create(), *others = sip_nonces_create();
    struct sip_digest_client *client = client_for(nonces, "zanzibar", 1000);
    int64_t late = 1000 + SIP_NONCE_LIFE_MS + 1;
    assert_int_equal(verdict(nonces, answer(client), &bobs, late), SIP_VERDICT_STALE);
    assert_int_equal(verdict(others, answer(client), &bobs, 1000), SIP_VERDICT_FOREIGN);
    struct sip_credentials c;
    assert_int_equal(sip_credentials_parse(answer(client), &c), OK);
    struct sip_challenge_config elsewhere = { .realm = SLICE("other") };
    assert_int_equal(
        sip_nonces_verify(nonces, &c, &elsewhere, &bobs, SLICE("REGISTER"), SLICE_NONE, 1000),
        SIP_VERDICT_FOREIGN);
    c.algorithm = SLICE("SHA-512-256");
    assert_int_equal(
        sip_nonces_verify(nonces, &c, &config, &bobs, SLICE("REGISTER"), SLICE_NONE, 1000),
        SIP_VERDICT_FOREIGN);
    c.algorithm = SLICE_NONE;
    c.qop = SLICE("auth-int"); /* was not offered */
    assert_int_equal(
        sip_nonces_verify(nonces, &c, &config, &bobs, SLICE("REGISTER"), SLICE_NONE, 1000),
        SIP_VERDICT_FOREIGN);
    sip_digest_client_destroy(client);
    sip_nonces_destroy(nonces);
    sip_nonces_destroy(others);
}

static void credentials_work_once(void **state)
{
    (void)state;
    struct sip_nonces *nonces = sip_nonces_create();
    struct sip_digest_client *client = client_for(nonces, "zanzibar", 1000);
    struct sip_credentials c;
    assert_int_equal(sip_credentials_parse(answer(client), &c), OK);
    struct slice method = SLICE("REGISTER");
    assert_int_equal(sip_nonces_verify(nonces, &c, &config, &bobs, method, SLICE_NONE, 1000),
                     SIP_VERDICT_OK);
    assert_int_equal(sip_nonces_verify(nonces, &c, &config, &bobs, method, SLICE_NONE, 1001),
                     SIP_VERDICT_REPLAY);
    assert_int_equal(
        sip_nonces_verify(nonces, &c, &config, &bobs, SLICE("INVITE"), SLICE_NONE, 1001),
        SIP_VERDICT_WRONG);
    assert_int_equal(verdict(nonces, answer(client), &bobs, 1002), SIP_VERDICT_OK);

    /* RFC 2069: no nc, so a nonce is good once; an nc beside it proves nothing */
    struct sip_digest_client *other = client_for(nonces, "zanzibar", 1000);
    char response[HASH_HEX_MAX];
    assert_int_equal(sip_credentials_parse(answer(other), &c), OK);
    c.qop = c.nc = c.cnonce = SLICE_NONE;
    struct sip_digest_input in = { .username = c.username,
                                   .realm = c.realm,
                                   .password = bobs.password,
                                   .nonce = c.nonce,
                                   .method = method,
                                   .uri = c.uri };
    sip_digest_response(&in, response);
    c.response = slice_of(response);
    c.nc_value = 1;
    assert_int_equal(sip_nonces_verify(nonces, &c, &config, &bobs, method, SLICE_NONE, 1000),
                     SIP_VERDICT_OK);
    c.nc_value = 9;
    assert_int_equal(sip_nonces_verify(nonces, &c, &config, &bobs, method, SLICE_NONE, 1000),
                     SIP_VERDICT_REPLAY);
    sip_digest_client_destroy(client);
    sip_digest_client_destroy(other);
    sip_nonces_destroy(nonces);
}

/* Beyond its size the table forgets the oldest, and what it forgot is never let in again. */
static void a_full_table_never_forgives_a_replay(void **state)
{
    (void)state;
    struct sip_nonces *nonces = sip_nonces_create();
    struct sip_digest_client *first = client_for(nonces, "zanzibar", 1000);
    char kept[1000];
    assert_true(slice_copy(answer(first), kept, sizeof(kept)));
    assert_int_equal(verdict(nonces, slice_of(kept), &bobs, 1000), SIP_VERDICT_OK);
    for (int i = 0; i < SIP_NONCE_TABLE; i++) {
        struct sip_digest_client *client = client_for(nonces, "zanzibar", 1001 + i);
        assert_int_equal(verdict(nonces, answer(client), &bobs, 1001 + i), SIP_VERDICT_OK);
        sip_digest_client_destroy(client);
    }
    assert_int_equal(verdict(nonces, slice_of(kept), &bobs, 20000), SIP_VERDICT_STALE);
    sip_digest_client_destroy(first);
    sip_nonces_destroy(nonces);
}

static void challenges_come_in_the_order_that_clients_read(void **state)
{
    (void)state;
    static const struct {
        struct sip_challenge_config with;
        const char *algorithms[3];
    } rows[] = {
        { { .policy = SIP_DIGEST_BOTH }, { "MD5", NULL } },
        { { .policy = SIP_DIGEST_BOTH, .websocket = true }, { "SHA-256", "MD5", NULL } },
        { { .policy = SIP_DIGEST_ONLY_SHA256 }, { "SHA-256", NULL } },
        { { .policy = SIP_DIGEST_ONLY_MD5, .websocket = true }, { "MD5", NULL } },
    };
    struct sip_nonces *nonces = sip_nonces_create();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sip_challenge_config with = rows[i].with;
        with.realm = config.realm;
        with.stale = i == 0;
        with.auth_int = i == 1;
        struct sip_msg *msg = challenged(nonces, &with, 1000);
        size_t n = 0;
        for (; rows[i].algorithms[n]; n++) {
            struct slice rest = sip_msg_header_nth(msg, SIP_H_WWW_AUTHENTICATE, n)->value;
            struct sip_challenge c;
            assert_int_equal(sip_challenge_next(&rest, &c), OK);
            assert_slice(c.algorithm, rows[i].algorithms[n]);
            assert_slice(c.realm, "tandem");
            assert_slice(c.qop, i == 1 ? "auth,auth-int" : "auth");
            assert_int_equal(c.stale, i == 0);
        }
        assert_int_equal(sip_msg_count(msg, SIP_H_WWW_AUTHENTICATE), n);
        sip_msg_unref(msg);
    }
    sip_nonces_destroy(nonces);
}

static void policies_have_names(void **state)
{
    (void)state;
    enum sip_digest_policy policy;
    assert_int_equal(sip_digest_policy_parse(SLICE("both"), &policy), OK);
    assert_int_equal(policy, SIP_DIGEST_BOTH);
    assert_int_equal(sip_digest_policy_parse(SLICE("sha256"), &policy), OK);
    assert_int_equal(policy, SIP_DIGEST_ONLY_SHA256);
    assert_int_equal(sip_digest_policy_parse(SLICE("md5"), &policy), OK);
    assert_int_equal(policy, SIP_DIGEST_ONLY_MD5);
    assert_int_equal(sip_digest_policy_parse(SLICE("sha1"), &policy), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_is_let_in),
        cmocka_unit_test(the_wrong_password_and_nobody_look_the_same),
        cmocka_unit_test(an_old_nonce_is_stale_and_a_strange_one_foreign),
        cmocka_unit_test(credentials_work_once),
        cmocka_unit_test(a_full_table_never_forgives_a_replay),
        cmocka_unit_test(challenges_come_in_the_order_that_clients_read),
        cmocka_unit_test(policies_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
