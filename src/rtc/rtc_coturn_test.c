/* Relayed calls through a real TURN server (coturn) over UDP, TCP and TLS; skipped without it. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "rtc/cert.h"
#include "rtc/rtc_party_test.h"

struct coturn {
    pid_t pid;
    char dir[64], ca_file[96];
    uint16_t port, tls_port;
};

static struct coturn coturn;

static void put_file(const char *name, const char *text)
{
    char path[120];
    snprintf(path, sizeof path, "%s/%s", coturn.dir, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static uint16_t free_port(void)
{
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
    assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
    close(fd);
    return addr_port(&addr);
}

static void write_config(void)
{
    static const char *const names[] = { "127.0.0.1", NULL };
    char *cert = NULL, *key = NULL, text[1200];
    assert_int_equal(cert_make_ecdsa(&cert, &key, "turn.test", names, NULL), OK);
    put_file("cert.pem", cert);
    put_file("key.pem", key);
    mem_free(cert);
    mem_free(key);
    snprintf(coturn.ca_file, sizeof coturn.ca_file, "%s/cert.pem", coturn.dir);
    coturn.port = free_port();
    coturn.tls_port = free_port();
    snprintf(text, sizeof text,
             "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port=%u\n"
             "tls-listening-port=%u\nallow-loopback-peers\nlt-cred-mech\nuser=u1:p1\n"
             "realm=test.local\nno-cli\ncert=%s/cert.pem\npkey=%s/key.pem\nmin-port=49152\n"
             "max-port=49400\nlog-file=stdout\npidfile=%s/pid\nuserdb=%s/db\n",
             coturn.port, coturn.tls_port, coturn.dir, coturn.dir, coturn.dir, coturn.dir);
    put_file("conf", text);
}

static bool answers(uint16_t port)
{
    struct addr addr = addr_loopback4(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool up = connect(fd, &addr.sa, addr_len(&addr)) == 0;
    close(fd);
    return up;
}

static int start_coturn(void **state)
{
    char conf[96];
    (void)state;
    if (access("/usr/bin/turnserver", X_OK))
        return 0;
    snprintf(coturn.dir, sizeof coturn.dir, "/tmp/coturn-test-XXXXXX");
    assert_non_null(mkdtemp(coturn.dir));
    write_config();
    snprintf(conf, sizeof conf, "%s/conf", coturn.dir);
    coturn.pid = fork();
    assert_true(coturn.pid >= 0);
    if (coturn.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing running */
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execl("/usr/bin/turnserver", "turnserver", "-c", conf, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500 && !(answers(coturn.port) && answers(coturn.tls_port)); i++)
        usleep(10000);
    assert_true(answers(coturn.tls_port));
    return 0;
}

static int stop_coturn(void **state)
{
    static const char *const files[] = { "conf", "cert.pem", "key.pem", "pid", "db" };
    (void)state;
    if (!coturn.pid)
        return 0;
    kill(coturn.pid, SIGKILL);
    waitpid(coturn.pid, NULL, 0);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[120];
        snprintf(path, sizeof path, "%s/%s", coturn.dir, files[i]);
        unlink(path);
    }
    rmdir(coturn.dir);
    return 0;
}

static struct rtc_ice_server server_of(const char *scheme, uint16_t port, const char *query,
                                       const char *password)
{
    struct rtc_ice_server server = { .username = "u1", .password = password };
    char text[80];
    snprintf(text, sizeof text, "%s:127.0.0.1:%u%s", scheme, port, query);
    assert_int_equal(ice_uri_parse(slice_of(text), &server.uri), OK);
    return server;
}

static void call_through(struct world *world, const struct rtc_ice_server *server)
{
    struct rtc_ice_config config = { .controlling = true,
                                     .policy = RTC_ICE_RELAY,
                                     .servers = server,
                                     .n_servers = 1,
                                     .ca_file = coturn.ca_file,
                                     .bind = addr_loopback4(0) };
    struct party a, b;
    party_open(&a, world, &config);
    party_open(&b, world, NULL);
    party_wait(&a, &a.n_gathered, 1, RTC_GATHER_MS - 1000);
    assert_int_equal(a.n_candidates, 1);
    assert_int_equal(a.candidates[0].type, RTC_CANDIDATE_RELAY);
    assert_in_range(addr_port(&a.candidates[0].addr), 49152, 49400);
    assert_true(addr_is_set(&a.candidates[0].related));
    party_call(&a, &b);
    /* a second of audio, so that most of it goes by the channel */
    for (int64_t end = loop_now_ms(world->control) + 1500; loop_now_ms(world->control) < end;)
        loop_turn(world->control, 5);
    assert_in_range(media_stream_stats(a.stream)->rx.packets, 25, 200);
    assert_in_range(media_stream_stats(b.stream)->rx.packets, 25, 200);
    assert_int_equal(media_stream_stats(b.stream)->rx.lost, 0);
    assert_int_equal(media_stream_stats(a.stream)->dropped_auth, 0);
    party_close(&a);
    party_close(&b);
}

static void skip_without(void)
{
    if (!coturn.pid)
        skip();
}

static void test_over_udp(void **state)
{
    skip_without();
    struct rtc_ice_server server = server_of("turn", coturn.port, "", "p1");
    call_through(*state, &server);
}

static void test_over_tcp(void **state)
{
    skip_without();
    struct rtc_ice_server server = server_of("turn", coturn.port, "?transport=tcp", "p1");
    call_through(*state, &server);
}

static void test_over_tls(void **state)
{
    skip_without();
    struct rtc_ice_server server = server_of("turns", coturn.tls_port, "", "p1");
    call_through(*state, &server);
}

static void assert_refused(struct world *world, const struct rtc_ice_server *server,
                           const char *ca_file, const char *want)
{
    struct rtc_ice_config config = {
        .servers = server, .n_servers = 1, .ca_file = ca_file, .bind = addr_loopback4(0)
    };
    struct party a;
    party_open(&a, world, &config);
    party_wait(&a, &a.seen.n_steps, 1, 3000);
    if (!strstr(a.seen.steps[0], want))
        fail_msg("%s", a.seen.steps[0]);
    party_wait(&a, &a.n_gathered, 1, 3000);
    assert_int_equal(a.n_candidates, 1); /* the host's */
    assert_int_equal(a.seen.n_failed, 0);
    party_close(&a);
}

static void test_wrong_password(void **state)
{
    skip_without();
    struct rtc_ice_server server = server_of("turn", coturn.port, "", "guess");
    assert_refused(*state, &server, NULL, "401");
}

static void test_untrusted_certificate(void **state)
{
    skip_without();
    struct rtc_ice_server server = server_of("turns", coturn.tls_port, "", "p1");
    assert_refused(*state, &server, NULL, "self-signed");
    server = server_of("turns", coturn.tls_port, "", "p1");
    server.addr = addr_loopback4(coturn.tls_port);
    snprintf(server.uri.host, sizeof server.uri.host, "other.test");
    assert_refused(*state, &server, coturn.ca_file, "other.test");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_over_udp),
        WORLD_TEST(test_over_tcp),
        WORLD_TEST(test_over_tls),
        WORLD_TEST(test_wrong_password),
        WORLD_TEST(test_untrusted_certificate),
    };
    return cmocka_run_group_tests(tests, start_coturn, stop_coturn);
}
