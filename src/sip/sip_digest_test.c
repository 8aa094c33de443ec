#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_digest.h"

#define TEXT(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

/* RFC 2617 §3.5 and RFC 7616 §3.9.1 as printed there; the others computed with another
 * implementation, because RFC 7616 §3.9.2 prints a wrong one. */
static const struct {
    struct sip_digest_input in;
    const char *response;
} known[] = {
    { { .algorithm = SIP_DIGEST_MD5,
        .qop = SIP_QOP_AUTH,
        .username = TEXT("Mufasa"),
        .realm = TEXT("testrealm@host.com"),
        .password = TEXT("Circle Of Life"),
        .nonce = TEXT("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
        .cnonce = TEXT("0a4f113b"),
        .nc = TEXT("00000001"),
        .method = TEXT("GET"),
        .uri = TEXT("/dir/index.html") },
      "6629fae49393a05397450978507c4ef1" },
#define MUFASA                                                                               \
    .qop = SIP_QOP_AUTH, .username = TEXT("Mufasa"), .realm = TEXT("http-auth@example.org"), \
    .password = TEXT("Circle of Life"),                                                      \
    .nonce = TEXT("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),                           \
    .cnonce = TEXT("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), .nc = TEXT("00000001"),  \
    .method = TEXT("GET"), .uri = TEXT("/dir/index.html")
    { { .algorithm = SIP_DIGEST_MD5, MUFASA }, "8ca523f5e9506fed4657c9700eebdbec" },
    { { .algorithm = SIP_DIGEST_SHA256, MUFASA },
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" },
    { { .algorithm = SIP_DIGEST_SHA512_256,
        .qop = SIP_QOP_AUTH,
        .username = TEXT("J\xc3\xa4s\xc3\xb8n Doe"),
        .realm = TEXT("api@example.org"),
        .password = TEXT("Secret, or not?"),
        .nonce = TEXT("5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"),
        .cnonce = TEXT("NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm"),
        .nc = TEXT("00000001"),
        .method = TEXT("GET"),
        .uri = TEXT("/doe.json") },
      "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c" },
#define BOB                                                                             \
    .username = TEXT("bob"), .realm = TEXT("biloxi.com"), .password = TEXT("zanzibar"), \
    .nonce = TEXT("n1")
#define BOB_CALLS                                                                \
    BOB, .cnonce = TEXT("c1"), .nc = TEXT("00000001"), .method = TEXT("INVITE"), \
         .uri = TEXT("sip:bob@biloxi.com")
    { { .algorithm = SIP_DIGEST_MD5_SESS, .qop = SIP_QOP_AUTH, BOB_CALLS },
      "69a72119dc0030db9c074ed53b13971a" },
    { { .algorithm = SIP_DIGEST_SHA256_SESS, .qop = SIP_QOP_AUTH, BOB_CALLS },
      "431086fc5a0fc39ccfa4c4e96a54d8142825c81f55de6f8ca3a2c41cbc029870" },
    { { .algorithm = SIP_DIGEST_SHA512_256_SESS, .qop = SIP_QOP_AUTH, BOB_CALLS },
      "84d7036b3b38b83aee79daf730f79d03f66ca91088ead0360855ffb79628b6ed" },
    { { .algorithm = SIP_DIGEST_MD5, .qop = SIP_QOP_AUTH_INT, BOB_CALLS, .body = TEXT("v=0\r\n") },
      "52c1da105cbe5c24919f281e703732ee" },
    { { .algorithm = SIP_DIGEST_MD5,
        BOB,
        .method = TEXT("REGISTER"),
        .uri = TEXT("sip:biloxi.com") },
      "0c87470925ce29fd8fb64d9367cb55ed" },
};

static void responses_are_those_of_the_rfcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        char response[HASH_HEX_MAX], ha1[HASH_HEX_MAX];
        struct sip_digest_input in = known[i].in;
        sip_digest_response(&in, response);
        assert_string_equal(response, known[i].response);
        sip_digest_ha1(in.algorithm, in.username, in.realm, in.password, ha1);
        in.password = SLICE_NONE;
        in.ha1 = slice_of(ha1);
        sip_digest_response(&in, response);
        assert_string_equal(response, known[i].response);
    }
}

static void algorithms_have_names(void **state)
{
    (void)state;
    enum sip_digest_algorithm algorithm;
    for (unsigned i = 0; i < SIP_DIGEST_ALGORITHM_COUNT; i++) {
        const char *name = sip_digest_algorithm_name((enum sip_digest_algorithm)i);
        assert_int_equal(sip_digest_algorithm_parse(slice_of(name), &algorithm), OK);
        assert_int_equal(algorithm, i);
    }
    assert_int_equal(sip_digest_algorithm_parse(SLICE(""), &algorithm), OK);
    assert_int_equal(algorithm, SIP_DIGEST_MD5);
    assert_int_equal(sip_digest_algorithm_parse(SLICE("SHA-1"), &algorithm), ERR_UNSUPPORTED);
}

static struct sip_msg *challenge_with(const char *headers)
{
    static char wire[2000];
    struct sip_msg *msg = NULL;
    size_t used;
    snprintf(wire, sizeof(wire),
             "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\n"
             "From: <sip:a@b>;tag=1\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n%s\r\n",
             headers);
    assert_int_equal(sip_msg_parse(&msg, slice_of(wire), &used), OK);
    return msg;
}

static enum err take(struct sip_digest_client *client, const char *headers,
                     enum sip_challenge_news *news)
{
    struct sip_msg *msg = challenge_with(headers);
    enum err err = sip_digest_client_challenge(client, msg, news);
    sip_msg_unref(msg);
    return err;
}

static struct sip_digest_client *bob(const char *realm, bool auth_int)
{
    struct sip_digest_client_config config = { .username = SLICE("bob"),
                                               .password = SLICE("zanzibar"),
                                               .realm = slice_of(realm),
                                               .auth_int = auth_int };
    return sip_digest_client_create(&config);
}

/* The credentials of the next request, and their response checked against the password. */
static struct sip_credentials next_credentials(struct sip_digest_client *client,
                                               enum sip_digest_algorithm algorithm,
                                               enum sip_qop qop)
{
    static char text[2000];
    struct buf out = BUF_ON(text);
    struct sip_credentials c;
    assert_int_equal(
        sip_digest_client_print(client, SLICE("REGISTER"), SLICE("sip:b"), SLICE("body"), &out),
        OK);
    assert_int_equal(sip_credentials_parse(buf_slice(&out), &c), OK);
    char expected[HASH_HEX_MAX];
    struct sip_digest_input in = { .algorithm = algorithm,
                                   .qop = qop,
                                   .username = SLICE("bob"),
                                   .realm = c.realm,
                                   .password = SLICE("zanzibar"),
                                   .nonce = c.nonce,
                                   .cnonce = c.cnonce,
                                   .nc = c.nc,
                                   .method = SLICE("REGISTER"),
                                   .uri = SLICE("sip:b"),
                                   .body = SLICE("body") };
    sip_digest_response(&in, expected);
    assert_true(slice_is(c.response, expected));
    assert_true(slice_find(buf_slice(&out), SLICE("zanzibar")) == out.len);
    return c;
}

static void the_strongest_challenge_is_answered(void **state)
{
    (void)state;
    struct sip_digest_client *client = bob("", false);
    enum sip_challenge_news news;
    assert_false(sip_digest_client_is_ready(client));
    struct buf none = { 0 };
    assert_int_equal(sip_digest_client_print(client, SLICE("A"), SLICE("b"), SLICE_NONE, &none),
                     ERR_MISUSE);
    assert_int_equal(
        take(client,
             "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-1, qop=\"auth\"\r\n"
             "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256, "
             "qop=\"auth,auth-int\", opaque=\"op\"\r\n"
             "WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=MD5, qop=\"auth\"\r\n",
             &news),
        OK);
    assert_int_equal(news, SIP_CHALLENGE_FIRST);
    assert_int_equal(sip_digest_client_header(client), SIP_H_AUTHORIZATION);
    struct sip_credentials c = next_credentials(client, SIP_DIGEST_SHA256, SIP_QOP_AUTH);
    assert_true(slice_is(c.nonce, "2"));
    assert_true(slice_is(c.opaque, "op"));
    assert_true(slice_is(c.algorithm, "SHA-256"));
    assert_int_equal(c.nc_value, 1);
    c = next_credentials(client, SIP_DIGEST_SHA256, SIP_QOP_AUTH);
    assert_int_equal(c.nc_value, 2);
    sip_digest_client_destroy(client);
}

static void the_client_follows_what_the_server_offers(void **state)
{
    (void)state;
    enum sip_challenge_news news;
    struct sip_digest_client *client = bob("", true);
    assert_int_equal(take(client, "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\"\r\n", &news),
                     OK);
    assert_int_equal(sip_digest_client_header(client), SIP_H_PROXY_AUTHORIZATION);
    struct sip_credentials c = next_credentials(client, SIP_DIGEST_MD5, SIP_QOP_NONE);
    assert_true(slice_empty(c.qop) && slice_empty(c.algorithm) && !c.opaque.ptr);

    assert_int_equal(take(client,
                          "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", "
                          "algorithm=MD5-sess, qop=\"auth,auth-int\"\r\n",
                          &news),
                     OK);
    char cnonce[64];
    c = next_credentials(client, SIP_DIGEST_MD5_SESS, SIP_QOP_AUTH_INT);
    assert_true(slice_copy(c.cnonce, cnonce, sizeof(cnonce)));
    c = next_credentials(client, SIP_DIGEST_MD5_SESS, SIP_QOP_AUTH_INT);
    assert_true(slice_is(c.cnonce, cnonce)); /* the session key holds the first one */
    assert_int_equal(c.nc_value, 2);
    sip_digest_client_reset(client);
    assert_false(sip_digest_client_is_ready(client));
    sip_digest_client_destroy(client);
    sip_digest_client_destroy(NULL);
}

#define FROM_R "WWW-Authenticate: Digest realm=\"r\", qop=\"auth\", nonce="
static void a_repeated_challenge_means_a_wrong_password(void **state)
{
    (void)state;
    enum sip_challenge_news news;
    struct sip_digest_client *client = bob("", false);
    assert_int_equal(take(client, FROM_R "\"1\"\r\n", &news), OK);
    next_credentials(client, SIP_DIGEST_MD5, SIP_QOP_AUTH);
    assert_int_equal(take(client, FROM_R "\"1\"\r\n", &news), OK);
    assert_int_equal(news, SIP_CHALLENGE_AGAIN);
    assert_int_equal(take(client, FROM_R "\"2\", stale=true\r\n", &news), OK);
    assert_int_equal(news, SIP_CHALLENGE_STALE);
    struct sip_credentials c = next_credentials(client, SIP_DIGEST_MD5, SIP_QOP_AUTH);
    assert_int_equal(c.nc_value, 1); /* counts from the start for a new nonce */
    sip_digest_client_destroy(client);
}

static void other_realms_and_schemes_get_no_answer(void **state)
{
    (void)state;
    enum sip_challenge_news news;
    struct sip_digest_client *client = bob("r", false);
    assert_int_equal(take(client, "Subject: none\r\n", &news), ERR_NOT_FOUND);
    assert_int_equal(
        take(client, "WWW-Authenticate: Digest realm=\"evil\", nonce=\"1\"\r\n", &news),
        ERR_REFUSED);
    assert_int_equal(take(client, "WWW-Authenticate: Basic realm=\"r\"\r\n", &news),
                     ERR_UNSUPPORTED);
    assert_int_equal(take(client, FROM_R "\"1\", algorithm=SHA-1\r\n", &news), ERR_UNSUPPORTED);
    assert_int_equal(
        take(client, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"x\"\r\n", &news),
        ERR_UNSUPPORTED);
    assert_false(sip_digest_client_is_ready(client));
    assert_int_equal(take(client,
                          "WWW-Authenticate: Digest realm=\"evil\", nonce=\"1\"\r\n"
                          "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\"\r\n",
                          &news),
                     OK);
    assert_true(slice_is(sip_digest_client_realm(client), "r"));
    sip_digest_client_destroy(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_are_those_of_the_rfcs),
        cmocka_unit_test(algorithms_have_names),
        cmocka_unit_test(the_strongest_challenge_is_answered),
        cmocka_unit_test(the_client_follows_what_the_server_offers),
        cmocka_unit_test(a_repeated_challenge_means_a_wrong_password),
        cmocka_unit_test(other_realms_and_schemes_get_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
