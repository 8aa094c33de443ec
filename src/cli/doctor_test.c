/* The doctor at providers that behave in one way each, on a socket of this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/doctor.h"
#include "config/config.h"
#include "net/dns.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "rtc/cert.h"
#include "sip/sip_agent.h"
#include "sip/sip_tcp.h"

enum { TEXT_MAX = 6000, WAIT_TURNS = 2000 };

/* What a provider answers to a method; the second time with credentials. NULL: the first again. */
struct habit {
    const char *method, *status, *proved;
    const char *more; /* headers, and a body behind an empty line */
};

static struct {
    struct loop *loop;
    struct dns *dns;
    struct sip_agent *agent;
    int fd;
    uint16_t port;
    const struct habit *habits;
    size_t n_habits;
    json_t *report;
    unsigned cancels;
} t;

static const struct sip_agent_events no_events = { 0 };

static int setup(void **state)
{
    (void)state;
    struct dns_config dns = { .n_servers = 1 };
    struct sip_agent_config agent = { .user_agent = SLICE("test") };
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof addr.in4;
    memset(&t, 0, sizeof t);
    dns.servers[0] = addr_loopback4(9); /* nobody resolves anything */
    t.loop = loop_create();
    t.agent = sip_agent_create(t.loop, &agent, &no_events, NULL);
    t.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (dns_create(&t.dns, t.loop, &dns) || sip_agent_listen(t.agent, SIP_UDP, &addr, NULL) ||
        bind(t.fd, &addr.sa, addr_len(&addr)) || getsockname(t.fd, &addr.sa, &len))
        return -1;
    t.port = addr_port(&addr);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(t.fd);
    json_decref(t.report);
    sip_agent_destroy(t.agent);
    dns_destroy(t.dns);
    loop_turn(t.loop, 1);
    loop_destroy(t.loop);
    return 0;
}

static bool print_answer(const char *request, struct buf *out)
{
    static const char *const names[] = { "Via:", "From:", "To:", "Call-ID:", "CSeq:" };
    const struct habit *habit = NULL;
    for (size_t i = 0; i < t.n_habits && !habit; i++)
        if (strncmp(request, t.habits[i].method, strlen(t.habits[i].method)) == 0)
            habit = &t.habits[i];
    t.cancels += strncmp(request, "CANCEL", 6) == 0;
    if (!habit || !habit->status)
        return false;
    bool proved = habit->proved && strstr(request, "uthorization: Digest");
    struct slice rest = slice_of(request);
    buf_printf(out, "SIP/2.0 %s\r\n", proved ? habit->proved : habit->status);
    for (struct slice line; !slice_empty(line = slice_line(&rest));)
        for (size_t i = 0; i < COUNT_OF(names); i++)
            if (slice_istarts(line, slice_of(names[i])))
                buf_printf(out, "%.*s%s\r\n", SLICE_ARG(line), i == 2 ? ";tag=x" : "");
    const char *more = habit->more && !proved ? habit->more : "\r\n";
    buf_text(out, more);
    return true;
}

static void serve(void)
{
    char text[TEXT_MAX], mem[TEXT_MAX];
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    ssize_t n;
    while ((n = recvfrom(t.fd, text, sizeof text - 1, 0, (struct sockaddr *)&from, &len)) > 0) {
        text[n] = '\0';
        struct buf out = BUF_ON(mem);
        if (print_answer(text, &out))
            sendto(t.fd, out.ptr, out.len, 0, (struct sockaddr *)&from, len);
    }
}

static void on_report(void *owner, const json_t *report)
{
    (void)owner;
    t.report = json_deep_copy(report);
}

static const json_t *step(const char *name)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(t.report, "steps"), i,
                       value) if (strcmp(json_string_value(json_object_get(value, "step")), name) ==
                                  0) return value;
    return NULL;
}

/* The step went so, and its detail holds the text; "skipped" is no failure. */
static void is(const char *name, const char *how, const char *text)
{
    const json_t *found = step(name);
    if (!found)
        fail_msg("there is no step %s", name);
    bool ok = json_is_true(json_object_get(found, "ok"));
    const char *was = !ok ? "failed" : json_object_get(found, "skipped") ? "skipped" : "ok";
    const char *detail = json_string_value(json_object_get(found, "detail"));
    if (strcmp(was, how) != 0 || !strstr(detail, text))
        fail_msg("%s: %s, \"%s\"", name, was, detail);
    if (!ok && !json_object_get(found, "advice"))
        fail_msg("%s failed without advice", name);
}

static void examine_host(const char *host, const char *more, const char *dry_invite,
                         const struct habit *habits, size_t n)
{
    char env[300], port[40], host_env[80];
    struct slice rest;
    size_t n_vars = 6;
    struct fault fault = { 0 };
    struct config *config;
    snprintf(host_env, sizeof host_env, "SIP_TRUNK_HOST=%s", host);
    snprintf(port, sizeof port, "SIP_TRUNK_PORT=%u", t.port);
    snprintf(env, sizeof env, "%s", more);
    char *vars[] = { (char *)(uintptr_t) "HOME=/h",
                     host_env,
                     port,
                     (char *)(uintptr_t) "SIP_USERNAME=alice",
                     (char *)(uintptr_t) "SIP_PASSWORD=s3cret-s3cret",
                     (char *)(uintptr_t) "SIP_DOMAIN=example.org",
                     NULL,
                     NULL,
                     NULL };
    rest = slice_of(env); /* words are variables */
    while (!slice_empty(rest)) {
        struct slice word = slice_cut(&rest, ' ');
        env[(word.ptr - env) + (ptrdiff_t)word.len] = '\0';
        vars[n_vars++] = env + (word.ptr - env);
    }
    struct config_input input = { .environ = vars };
    if (config_load(&config, &input, &fault))
        fail_msg("%s: %s", fault.where, fault.text);
    struct doctor_config given = { .loop = t.loop,
                                   .dns = t.dns,
                                   .agent = t.agent,
                                   .config = config,
                                   .trunk = &config->trunks[0],
                                   .dry_invite = dry_invite };
    t.habits = habits;
    t.n_habits = n;
    doctor_create(&given, on_report, NULL);
    for (int i = 0; i < WAIT_TURNS && !t.report; i++) {
        loop_turn(t.loop, 5);
        serve();
    }
    assert_non_null(t.report);
    char *text = json_dumps(t.report, JSON_COMPACT);
    assert_null(strstr(text, "s3cret")); /* never the password */
    mem_free(text);
    config_destroy(config);
}

#define EXAMINE(habits) examine_host("127.0.0.1", "", NULL, habits, COUNT_OF(habits))
#define CHALLENGE "WWW-Authenticate: Digest realm=\"prov\", nonce=\"n1\", qop=\"auth\"\r\n\r\n"
#define OPTIONS                                                                             \
    {                                                                                       \
        "OPTIONS", "200 OK", NULL,                                                          \
            "Server: Acme 2\r\nAllow: INVITE, BYE\r\nContent-Type: application/sdp\r\n\r\n" \
            "v=0\r\nm=audio 0 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"                    \
            "a=rtpmap:101 telephone-event/8000\r\n"                                         \
    }

static void test_all_is_well(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS, { "REGISTER", "401 No", "200 OK", CHALLENGE } };
    EXAMINE(habits);
    is("resolve", "ok", "127.0.0.1 is 127.0.0.1:");
    is("connect", "ok", "UDP from 127.0.0.1");
    is("options", "ok", "200 OK in ");
    is("options", "ok", "Server: Acme 2; Allow: INVITE, BYE");
    is("transports", "ok", "besides UDP: TCP port ");
    is("transports", "ok", "refused; TLS port 5061 ");
    is("codecs", "ok", "theirs: PCMA; ours: PCMU, PCMA");
    is("credentials", "ok", "REGISTER accepted; user alice, domain example.org");
    is("firewall", "ok", "RTP both ways on UDP 10000-20000");
    assert_true(json_is_true(json_object_get(t.report, "ok")));
}

static void test_wrong_password(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS, { "REGISTER", "401 No", NULL, CHALLENGE } };
    EXAMINE(habits);
    is("credentials", "failed", "authentication failed with 401");
    is("credentials", "failed", "prov"); /* the realm */
    is("credentials", "failed", "user alice, domain example.org");
    is("credentials", "failed", "fresh");
    assert_true(json_is_false(json_object_get(t.report, "ok")));
}

static void test_refused_account(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS,
                                           { "REGISTER", "401 No", "403 Forbidden", CHALLENGE } };
    EXAMINE(habits);
    is("credentials", "failed", "authentication failed with 403");
}

static void test_no_registrations(void **state)
{
    (void)state;
    static const struct habit habits[] = { { "OPTIONS", "405 No", NULL, NULL },
                                           { "REGISTER", "405 No", NULL, NULL } };
    EXAMINE(habits);
    is("options", "ok", "405");
    is("codecs", "skipped", "does not say");
    is("credentials", "skipped", "REGISTER is not taken here (405");
    assert_non_null(json_object_get(step("credentials"), "advice"));
    assert_true(json_is_true(json_object_get(t.report, "ok")));
}

static void test_dry_invite(void **state)
{
    (void)state;
    static const struct habit habits[] = {
        OPTIONS,
        { "REGISTER", "405 No", NULL, NULL },
        { "INVITE", "407 Who", "180 Ringing",
          "Proxy-Authenticate: Digest realm=\"prov\", nonce=\"n1\"\r\n\r\n" },
        { "CANCEL", "200 OK", NULL, NULL },
    };
    examine_host("127.0.0.1", "", "+15551234567", habits, COUNT_OF(habits));
    is("credentials", "ok", "INVITE to +15551234567 got 180 and was ended at once");
    for (int i = 0; i < 20; i++) {
        loop_turn(t.loop, 5);
        serve();
    }
    assert_true(t.cancels > 0); /* nobody's phone rings on */
}

static void test_no_common_codec(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS };
    examine_host("127.0.0.1", "SIP_CODECS=PCMU", NULL, habits, COUNT_OF(habits));
    is("codecs", "failed", "no common codec; theirs: PCMA; ours: PCMU");
    assert_null(step("credentials"));
}

static void test_connection_refused(void **state)
{
    (void)state;
    close(t.fd);
    EXAMINE(((struct habit[]){ OPTIONS }));
    is("options", "failed", "over UDP: Connection refused");
    char where[40];
    snprintf(where, sizeof where, "127.0.0.1:%u", t.port);
    is("options", "failed", where);
    assert_null(step("codecs"));
    is("firewall", "ok", "must be open");
}

static void test_tcp_refused(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS };
    examine_host("127.0.0.1", "SIP_TRANSPORT=tcp", NULL, habits, COUNT_OF(habits));
    is("connect", "failed", "127.0.0.1");
    is("connect", "failed", "refused");
    assert_null(step("options"));
}

/* ---- TLS, with a certificate that nobody signed ---- */

static void on_bytes(void *owner, struct tcp *tcp, struct slice bytes)
{
    char request[TEXT_MAX], mem[TEXT_MAX];
    struct buf out = BUF_ON(mem);
    (void)owner;
    if (slice_copy(bytes, request, sizeof request) && print_answer(request, &out))
        assert_int_equal(tcp_send(tcp, buf_slice(&out)), OK);
}

static void on_close(void *owner, struct tcp *tcp, const struct tcp_end *why)
{
    (void)owner;
    (void)tcp;
    (void)why;
}

static const struct tcp_events far_events = { .on_bytes = on_bytes, .on_close = on_close };

static void on_accept(void *owner, struct tcp *tcp)
{
    (void)owner;
    tcp_set_events(tcp, &far_events, NULL);
}

static const struct tcp_listener_events listener_events = { .on_accept = on_accept };

static void test_tls(void **state)
{
    (void)state;
    static const struct habit habits[] = {
        { "OPTIONS", "200 OK", NULL, "Content-Length: 0\r\n\r\n" },
        { "REGISTER", "200 OK", NULL, "Content-Length: 0\r\n\r\n" }
    };
    struct fault fault = { 0 };
    const char *names[] = { "sip.example.org", NULL };
    struct tls_server_config server = { 0 };
    struct tls_context *tls;
    struct tcp_listener *listener;
    char *cert, *key;
    struct addr any = addr_any4(0);
    assert_int_equal(cert_make_ecdsa(&cert, &key, "sip.example.org", names, &fault), OK);
    server.cert_pem = cert;
    server.key_pem = key;
    assert_int_equal(tls_context_create_server(&tls, &server, &fault), OK);
    struct tcp_listen_config listen = { .bind = addr_loopback4(0), .tls = tls };
    assert_int_equal(tcp_listen(&listener, t.loop, &listen, &listener_events, NULL, &fault), OK);
    assert_int_equal(sip_tcp_dial_only(t.agent, SIP_TLS, &any), OK);
    t.port = addr_port(tcp_listener_local(listener));

    examine_host("127.0.0.1", "SIP_TRANSPORT=tls", NULL, habits, COUNT_OF(habits));
    is("connect", "failed", "certificate");
    is("connect", "failed", "CN = sip.example.org");
    assert_null(step("options"));
    json_decref(t.report);
    t.report = NULL;
    examine_host("127.0.0.1", "SIP_TRANSPORT=tls SIP_TLS_VERIFY=no", NULL, habits,
                 COUNT_OF(habits));
    is("connect", "ok", "with TLSv1.3");
    is("connect", "ok", "certificate not checked: CN = sip.example.org, by CN = ");
    is("options", "ok", "200 OK in");
    is("credentials", "ok", "REGISTER accepted without asking");
    tcp_listener_destroy(listener);
    tls_context_destroy(tls);
    mem_free(cert);
    mem_free(key);
}

static void test_silence(void **state)
{
    (void)state;
    static const struct habit habits[] = { { "NOTHING", NULL, NULL, NULL } };
    EXAMINE(habits);
    is("options", "failed", "no answer from 127.0.0.1:");
    assert_non_null(
        strstr(json_string_value(json_object_get(step("options"), "advice")), "firewall"));
}

static void test_no_such_name(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS };
    examine_host("no-such-host.invalid", "", NULL, habits, COUNT_OF(habits));
    is("resolve", "failed", "no-such-host.invalid");
    assert_null(step("connect"));
}

static void test_forgotten(void **state)
{
    (void)state;
    static const struct habit habits[] = { OPTIONS };
    EXAMINE(habits); /* of which only the set-up is wanted here */
    struct config_trunk trunk = { .name = (char *)(uintptr_t) "a",
                                  .host = (char *)(uintptr_t) "127.0.0.1",
                                  .port = t.port };
    struct doctor_config given = {
        .loop = t.loop, .dns = t.dns, .agent = t.agent, .trunk = &trunk
    };
    json_decref(t.report);
    t.report = NULL;
    doctor_destroy(doctor_create(&given, on_report, NULL));
    struct doctor *later = doctor_create(&given, on_report, NULL);
    loop_turn(t.loop, 1);
    doctor_destroy(later);
    for (int i = 0; i < 10; i++)
        loop_turn(t.loop, 1);
    assert_null(t.report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        TEST(test_all_is_well),
        TEST(test_wrong_password),
        TEST(test_refused_account),
        TEST(test_no_registrations),
        TEST(test_dry_invite),
        TEST(test_no_common_codec),
        TEST(test_connection_refused),
        TEST(test_tcp_refused),
        TEST(test_tls),
        TEST(test_silence),
        TEST(test_no_such_name),
        TEST(test_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
