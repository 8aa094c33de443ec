/* Digest, the server's side: who is challenged how, and what the store's answer decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "sip_auth.h"
#include "sip_ban.h"
#include "sip_digest.h"
#include "sip_msg.h"

struct scene {
    struct loop *loop;
    struct sip_auth *auth;
    struct secret stored;
    struct secret sha256;
    bool is_ha1;
    bool waits;
    struct sip_auth_lookup *asked;
    unsigned lookups;
    const char *extra;      /* a header that is sent with every digest */
    char challenge[3][512]; /* the last ones */
    char log[512];
};

static void note(struct scene *s, const char *text, int status)
{
    size_t len = strlen(s->log);
    snprintf(s->log + len, sizeof s->log - len, "%s:%d ", text, status);
}

static void answer(const struct scene *s, struct sip_auth_lookup *lookup)
{
    struct sip_auth_key key = { .password = s->is_ha1 ? NULL : &s->stored,
                                .ha1_md5 = s->is_ha1 ? &s->stored : NULL,
                                .ha1_sha256 = s->sha256.len ? &s->sha256 : NULL };
    sip_auth_found(lookup, s->stored.len ? &key : NULL);
}

static void on_lookup(void *owner, struct slice user, struct slice realm,
                      struct sip_auth_lookup *lookup)
{
    struct scene *s = owner;
    (void)user;
    (void)realm;
    s->lookups++;
    if (s->waits)
        s->asked = lookup;
    else
        answer(s, lookup);
}

static void on_result(void *owner, const struct sip_auth_result *result)
{
    struct scene *s = owner;
    for (size_t i = 0; i < 3; i++)
        s->challenge[i][0] = '\0';
    for (size_t i = 0; i < result->n_fields; i++)
        assert_true(slice_copy(result->fields[i].value, s->challenge[i], sizeof s->challenge[i]));
    switch (result->verdict) {
    case SIP_AUTH_PROVED:
        assert_true(slice_is(result->user, "alice"));
        note(s, "proved", result->status);
        return;
    case SIP_AUTH_CHALLENGE:
        note(s, result->wrong ? "wrong" : "challenge", result->status);
        return;
    case SIP_AUTH_REFUSED:
        note(s, "refused", result->status);
        return;
    }
}

static void create(struct scene *s, enum sip_digest_policy policy, bool proxy)
{
    struct sip_auth_config config = { .realm = SLICE("r"), .policy = policy, .proxy = proxy };
    sip_auth_destroy(s->auth);
    s->auth = sip_auth_create(s->loop, &config, on_lookup, s);
}

static int setup(void **state)
{
    struct scene *s = mem_new(struct scene);
    s->loop = loop_create_simulated();
    create(s, SIP_DIGEST_BOTH, false);
    secret_set(&s->stored, SLICE("pw"));
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    sip_auth_destroy(s->auth);
    secret_clear(&s->stored);
    loop_destroy(s->loop);
    mem_free(s);
    return 0;
}

static void check_with(struct scene *s, enum sip_kind kind, const char *headers)
{
    char text[2048];
    struct sip_msg *msg = NULL;
    size_t used = 0;
    struct sip_flow flow = { .listener = 1, .kind = kind };
    assert_int_equal(addr_parse_ip(SLICE("192.0.2.3"), 5060, &flow.remote), OK);
    snprintf(text, sizeof text,
             "REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK1\r\n"
             "From: <sip:alice@r>;tag=1\r\nTo: <sip:alice@r>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"
             "%sContent-Length: 0\r\n\r\n",
             headers);
    assert_int_equal(sip_msg_parse(&msg, slice_of(text), &used), OK);
    sip_auth_check(s->auth, msg, &flow, on_result, s);
    sip_msg_unref(msg);
}

/* Answer the challenge on line `i` as a client does. */
static void check_answered(struct scene *s, enum sip_kind kind, size_t i, const char *password,
                           unsigned nc)
{
    struct slice rest = slice_of(s->challenge[i]);
    struct sip_challenge challenge;
    char header[1024];
    char response[HASH_HEX_MAX];
    char count[16];
    assert_int_equal(sip_challenge_next(&rest, &challenge), OK);
    snprintf(count, sizeof count, "%08x", nc);
    struct sip_digest_input in = { .qop = SIP_QOP_AUTH,
                                   .username = SLICE("alice"),
                                   .realm = challenge.realm,
                                   .password = slice_of(password),
                                   .nonce = challenge.nonce,
                                   .cnonce = SLICE("c"),
                                   .nc = slice_of(count),
                                   .method = SLICE("REGISTER"),
                                   .uri = SLICE("sip:r") };
    assert_int_equal(sip_digest_algorithm_parse(challenge.algorithm, &in.algorithm), OK);
    sip_digest_response(&in, response);
    snprintf(header, sizeof header,
             "%s: Digest username=\"alice\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"sip:r\", "
             "response=\"%s\", algorithm=%.*s, cnonce=\"c\", qop=auth, nc=%s\r\n%s",
             strstr(s->log, "407") ? "Proxy-Authorization" : "Authorization",
             SLICE_ARG(challenge.realm), SLICE_ARG(challenge.nonce), response,
             SLICE_ARG(challenge.algorithm), count, s->extra ? s->extra : "");
    check_with(s, kind, header);
}

static void clients_get_the_challenges_that_they_can_read(void **state)
{
    struct scene *s = *state;
    check_with(s, SIP_UDP, "");
    assert_non_null(strstr(s->challenge[0], "algorithm=MD5"));
    assert_string_equal(s->challenge[1], "");
    check_with(s, SIP_WSS, "");
    assert_non_null(strstr(s->challenge[0], "algorithm=SHA-256"));
    assert_non_null(strstr(s->challenge[1], "algorithm=MD5"));
    create(s, SIP_DIGEST_ONLY_SHA256, true);
    check_with(s, SIP_UDP, "");
    assert_non_null(strstr(s->challenge[0], "algorithm=SHA-256"));
    assert_string_equal(s->challenge[1], "");
    assert_string_equal(s->log, "challenge:401 challenge:401 challenge:407 ");
    assert_int_equal(s->lookups, 0);
}

static void the_right_password_proves_with_each_algorithm(void **state)
{
    struct scene *s = *state;
    check_with(s, SIP_WS, "");
    check_answered(s, SIP_WS, 0, "pw", 1);
    check_with(s, SIP_WS, "");
    check_answered(s, SIP_WS, 1, "pw", 1);
    create(s, SIP_DIGEST_ONLY_MD5, true);
    check_with(s, SIP_UDP, "");
    check_answered(s, SIP_UDP, 0, "pw", 1);
    assert_string_equal(s->log,
                        "challenge:401 proved:0 challenge:401 proved:0 challenge:407 proved:0 ");
}

static void stored_ha1s_serve_their_algorithms(void **state)
{
    struct scene *s = *state;
    char ha1[HASH_HEX_MAX];
    sip_digest_ha1(SIP_DIGEST_MD5, SLICE("alice"), SLICE("r"), SLICE("pw"), ha1);
    secret_set(&s->stored, slice_of(ha1));
    s->is_ha1 = true;
    check_with(s, SIP_WS, "");
    check_answered(s, SIP_WS, 1, "pw", 1);
    check_with(s, SIP_WS, "");
    check_answered(s, SIP_WS, 0, "pw", 1);
    assert_string_equal(s->log, "challenge:401 proved:0 challenge:401 wrong:401 ");
    sip_digest_ha1(SIP_DIGEST_SHA256, SLICE("alice"), SLICE("r"), SLICE("pw"), ha1);
    secret_set(&s->sha256, slice_of(ha1));
    s->log[0] = '\0';
    check_with(s, SIP_WS, "");
    check_answered(s, SIP_WS, 0, "pw", 1);
    assert_string_equal(s->log, "challenge:401 proved:0 ");
    secret_clear(&s->sha256);
}

static void wrong_unknown_stale_and_replayed_are_told_apart(void **state)
{
    struct scene *s = *state;
    char first[512];
    check_with(s, SIP_UDP, "");
    check_answered(s, SIP_UDP, 0, "guess", 1);
    assert_null(strstr(s->challenge[0], "stale"));
    check_answered(s, SIP_UDP, 0, "pw", 1);
    check_with(s, SIP_UDP, "");
    snprintf(first, sizeof first, "%s", s->challenge[0]);
    check_answered(s, SIP_UDP, 0, "pw", 1);
    memcpy(s->challenge[0], first, sizeof first);
    check_answered(s, SIP_UDP, 0, "pw", 1); /* the same nonce count again */
    assert_non_null(strstr(s->challenge[0], "stale=true"));
    memcpy(s->challenge[0], first, sizeof first);
    check_answered(s, SIP_UDP, 0, "pw", 2);
    loop_advance(s->loop, SIP_NONCE_LIFE_MS + 1000);
    memcpy(s->challenge[0], first, sizeof first);
    check_answered(s, SIP_UDP, 0, "pw", 3);
    assert_non_null(strstr(s->challenge[0], "stale=true"));
    assert_string_equal(s->log, "challenge:401 wrong:401 proved:0 challenge:401 proved:0 "
                                "challenge:401 proved:0 challenge:401 ");
}

static void a_nonce_from_before_our_start_costs_no_lookup(void **state)
{
    struct scene *s = *state;
    check_with(s, SIP_UDP,
               "Authorization: Digest username=\"alice\", realm=\"r\", nonce=\"old\", "
               "uri=\"sip:r\", response=\"00000000000000000000000000000000\"\r\n");
    assert_int_equal(s->lookups, 0);
    assert_non_null(strstr(s->challenge[0], "stale=true"));
    assert_string_equal(s->log, "challenge:401 ");
}

static void a_late_store_finds_nobody(void **state)
{
    struct scene *s = *state;
    s->waits = true;
    check_with(s, SIP_UDP, "");
    check_answered(s, SIP_UDP, 0, "pw", 1);
    loop_advance(s->loop, SIP_AUTH_TIMEOUT_MS + 1);
    assert_string_equal(s->log, "challenge:401 refused:503 ");
    answer(s, s->asked);
    assert_string_equal(s->log, "challenge:401 refused:503 ");
}

static void a_cancelled_check_says_nothing(void **state)
{
    struct scene *s = *state;
    s->waits = true;
    check_with(s, SIP_UDP, "");
    check_answered(s, SIP_UDP, 0, "pw", 1);
    sip_auth_cancel(s->auth, s);
    answer(s, s->asked);
    check_with(s, SIP_UDP, "");
    check_answered(s, SIP_UDP, 0, "pw", 1);
    sip_auth_destroy(s->auth);
    s->auth = NULL;
    answer(s, s->asked);
    assert_string_equal(s->log, "challenge:401 challenge:401 ");
}

static void on_token(void *owner, struct slice token, struct sip_auth_lookup *lookup)
{
    struct scene *s = owner;
    s->lookups++;
    if (s->waits)
        s->asked = lookup;
    else
        sip_auth_bearer_found(lookup, slice_is(token, "good") ? SLICE("alice") : SLICE_NONE);
}

static void create_with(struct scene *s, sip_auth_bearer_fn bearer, struct sip_ban *ban)
{
    struct sip_auth_config config = { .realm = SLICE("r"),
                                      .bearer = bearer,
                                      .authz_server = SLICE("https://tandem.test/"),
                                      .ban = ban };
    sip_auth_destroy(s->auth);
    s->auth = sip_auth_create(s->loop, &config, on_lookup, s);
}

static void a_bearer_token_proves_who_it_belongs_to(void **state)
{
    struct scene *s = *state;
    create_with(s, on_token, NULL);
    check_with(s, SIP_WSS, "");
    assert_string_equal(s->challenge[0],
                        "Bearer realm=\"r\", authz_server=\"https://tandem.test/\"");
    assert_non_null(strstr(s->challenge[2], "algorithm=MD5")); /* the last line: JsSIP's */
    check_with(s, SIP_UDP, "");
    assert_non_null(strstr(s->challenge[0], "algorithm=MD5")); /* the first line: phones' */
    assert_string_equal(s->challenge[1], "");                  /* baresip fails on any other */
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    check_with(s, SIP_WSS, "Authorization: bearer   evil\r\n");
    assert_non_null(strstr(s->challenge[0], "error=\"invalid_token\""));
    check_with(s, SIP_WSS, "Authorization: Bearer\r\n");
    assert_string_equal(s->log, "challenge:401 challenge:401 proved:0 wrong:401 challenge:401 ");
    assert_int_equal(s->lookups, 2);
    s->waits = true;
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    sip_auth_cancel(s->auth, s);
    sip_auth_bearer_found(s->asked, SLICE("alice"));
    assert_int_equal(strlen(s->log), strlen("challenge:401 challenge:401 proved:0 wrong:401 "
                                            "challenge:401 "));
}

static void tokens_are_nothing_where_they_are_not_asked_for(void **state)
{
    struct scene *s = *state;
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    assert_string_equal(s->log, "challenge:401 ");
    assert_int_equal(s->lookups, 0);
}

static void tokens_can_be_taken_later_and_in_either_header(void **state)
{
    struct scene *s = *state;
    sip_auth_set_bearer(s->auth, on_token, SLICE("https://other.test/"));
    check_with(s, SIP_WSS, "Proxy-Authorization: Bearer good\r\n");
    check_with(s, SIP_WSS, "");
    assert_non_null(strstr(s->challenge[0], "authz_server=\"https://other.test/\""));
    sip_auth_set_bearer(s->auth, NULL, SLICE_NONE);
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    assert_string_equal(s->log, "proved:0 challenge:401 challenge:401 ");
}

static void an_expired_token_does_not_hide_the_password(void **state)
{
    struct scene *s = *state;
    sip_auth_set_bearer(s->auth, on_token, SLICE_NONE);
    s->extra = "Authorization: Bearer expired\r\n";
    check_with(s, SIP_WSS, s->extra);
    check_answered(s, SIP_WSS, 2, "pw", 1);
    assert_string_equal(s->log, "wrong:401 proved:0 ");
}

static void on_vouch(void *owner, struct slice user, const struct sip_msg *request,
                     struct sip_auth_lookup *lookup)
{
    struct scene *s = owner;
    assert_true(slice_is(user, "alice"));
    assert_true(slice_is(sip_msg_call_id(request), "1"));
    if (s->waits)
        s->asked = lookup;
    else
        sip_auth_vouched(lookup, s->is_ha1);
}

static void somebody_vouches_for_the_rest_of_a_request(void **state)
{
    struct scene *s = *state;
    sip_auth_set_bearer(s->auth, on_token, SLICE_NONE);
    sip_auth_set_vouch(s->auth, on_vouch);
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    check_with(s, SIP_WSS, "Authorization: Bearer evil\r\n"); /* nobody is asked */
    check_answered(s, SIP_WSS, 2, "pw", 1);
    assert_string_equal(s->log, "refused:403 wrong:401 refused:403 ");
    s->is_ha1 = true;
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    s->log[0] = '\0';
    sip_auth_set_vouch(s->auth, NULL);
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    assert_string_equal(s->log, "proved:0 ");
}

static void who_waits_for_a_voucher_may_go(void **state)
{
    struct scene *s = *state;
    struct sip_auth_lookup *first;
    sip_auth_set_vouch(s->auth, on_vouch);
    check_with(s, SIP_WSS, "");
    s->log[0] = '\0';
    sip_auth_set_bearer(s->auth, on_token, SLICE_NONE);
    s->waits = true;
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    sip_auth_bearer_found(s->asked, SLICE("alice"));
    first = s->asked;
    sip_auth_cancel(s->auth, s);
    sip_auth_vouched(first, true);
    check_with(s, SIP_WSS, "Authorization: Bearer good\r\n");
    sip_auth_bearer_found(s->asked, SLICE("alice"));
    loop_advance(s->loop, SIP_AUTH_TIMEOUT_MS);
    sip_auth_vouched(s->asked, true);
    assert_string_equal(s->log, "refused:503 ");
}

static void a_guesser_is_banned_and_told_when_to_return(void **state)
{
    struct scene *s = *state;
    struct sip_ban_config three = { .failures = 3 };
    struct sip_ban *ban = sip_ban_create(s->loop, &three);
    create_with(s, NULL, ban);
    for (unsigned i = 0; i < 2; i++) {
        check_with(s, SIP_UDP, "");
        check_answered(s, SIP_UDP, 0, "guess", 1);
    }
    check_answered(s, SIP_UDP, 0, "pw", 1); /* the right one forgives */
    for (unsigned i = 0; i < 3; i++) {
        check_with(s, SIP_UDP, "");
        check_answered(s, SIP_UDP, 0, "guess", 1);
    }
    s->log[0] = '\0';
    check_answered(s, SIP_UDP, 0, "pw", 1);
    assert_string_equal(s->log, "refused:503 ");
    assert_string_equal(s->challenge[0], "300"); /* Retry-After */
    assert_int_equal(s->lookups, 6);
    loop_advance(s->loop, SIP_BAN_MS);
    check_with(s, SIP_UDP, "");
    check_answered(s, SIP_UDP, 0, "pw", 1);
    assert_string_equal(s->log, "refused:503 challenge:401 proved:0 ");
    sip_auth_destroy(s->auth);
    s->auth = NULL;
    sip_ban_destroy(ban);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(clients_get_the_challenges_that_they_can_read),
        SCENE(the_right_password_proves_with_each_algorithm),
        SCENE(stored_ha1s_serve_their_algorithms),
        SCENE(wrong_unknown_stale_and_replayed_are_told_apart),
        SCENE(a_nonce_from_before_our_start_costs_no_lookup),
        SCENE(a_late_store_finds_nobody),
        SCENE(a_cancelled_check_says_nothing),
        SCENE(a_bearer_token_proves_who_it_belongs_to),
        SCENE(tokens_are_nothing_where_they_are_not_asked_for),
        SCENE(tokens_can_be_taken_later_and_in_either_header),
        SCENE(an_expired_token_does_not_hide_the_password),
        SCENE(somebody_vouches_for_the_rest_of_a_request),
        SCENE(who_waits_for_a_voucher_may_go),
        SCENE(a_guesser_is_banned_and_told_when_to_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
