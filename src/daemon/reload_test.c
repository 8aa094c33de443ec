/* A daemon that reads its configuration again while a call is up: the call stays, what follows goes
 * the new way. Its far end is a socket of this test. */
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
#include "call/call.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "legs/trunks.h"
#include "sip/sip_agent.h"
#include "store/store_rows.h"

enum { TEXT_MAX = 8000, WAIT_TURNS = 300 };

#define SDP(port)                                                                            \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " port \
    " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

/* A SIP far end. */
struct far {
    int fd;
    uint16_t port;
    char text[TEXT_MAX]; /* the last message that came */
};

static char dir[64], yaml_path[100];
static struct config_input input;
static struct daemon *daemon_;
static struct far callee;
static struct addr sip;

static void far_open(struct far *far)
{
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof addr.in4;
    far->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(far->fd, &addr.sa, addr_len(&addr)), 0);
    assert_int_equal(getsockname(far->fd, &addr.sa, &len), 0);
    far->port = addr_port(&addr);
}

static void far_send(const struct far *far, const char *text)
{
    assert_true(sendto(far->fd, text, strlen(text), 0, &sip.sa, addr_len(&sip)) > 0);
}

/* The next message that begins so; others (OPTIONS probes, 100) are passed over. */
static bool far_hears(struct far *far, const char *begin)
{
    for (int i = 0; i < WAIT_TURNS; i++) {
        ssize_t n;
        while ((n = recv(far->fd, far->text, TEXT_MAX - 1, 0)) > 0) {
            far->text[n] = '\0';
            if (strncmp(far->text, begin, strlen(begin)) == 0)
                return true;
        }
        loop_turn(daemon_->env.loop, 10);
    }
    return false;
}

/* Answer what came last; the dialog headers are copied from it. */
static void far_answers(const struct far *far, const char *status, const char *sdp)
{
    static const char *const names[] = { "Via:", "From:", "To:", "Call-ID:", "CSeq:" };
    char mem[TEXT_MAX];
    struct buf out = BUF_ON(mem);
    struct slice rest = slice_of(far->text);
    buf_printf(&out, "SIP/2.0 %s\r\nContact: <sip:x@127.0.0.1:%u>\r\n", status, far->port);
    for (struct slice line; !slice_empty(line = slice_line(&rest));)
        for (size_t i = 0; i < COUNT_OF(names); i++)
            if (slice_istarts(line, slice_of(names[i])))
                buf_printf(&out, "%.*s%s\r\n", SLICE_ARG(line),
                           i == 2 && slice_find(line, SLICE("tag=")) == line.len ? ";tag=far" : "");
    buf_printf(&out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", strlen(sdp),
               sdp);
    far_send(far, buf_cstr(&out));
}

static void put_yaml(const char *trunks, const char *more)
{
    FILE *file = fopen(yaml_path, "w");
    assert_non_null(file);
    fprintf(file,
            "store: ':memory:'\nstate: %s/state\nlog: {level: error}\n"
            "media: {rtp_ports: 0, webrtc_port: 0, host: 127.0.0.1, threads: 1}\n"
            "trunks:\n%s%s",
            dir, trunks, more);
    fclose(file);
}

#define LISTEN(http) "listen: {http: '" http "', https: '', sip: {udp: '127.0.0.1:0'}}\n"

static void put_callee(const char *more)
{
    char text[400];
    snprintf(text, sizeof text,
             "  callee: {host: 127.0.0.1, port: %u, register: 'no', username: u, password: "
             "0123456789abcdef}\n",
             callee.port);
    put_yaml(text, more);
}

static int setup(void **state)
{
    (void)state;
    static char *args[2];
    static char *const vars[] = { NULL };
    struct fault fault = { 0 };
    struct config *config;
    snprintf(dir, sizeof dir, "/tmp/tandem-reload-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(yaml_path, sizeof yaml_path, "%s/tandem.yaml", dir);
    args[0] = (char *)(uintptr_t) "--config";
    args[1] = yaml_path;
    input = (struct config_input){ .environ = vars, .args = args, .n_args = 2 };
    far_open(&callee);
    put_callee(LISTEN("127.0.0.1:0") "default_destination: trunk:callee\n");
    enum err err = config_load(&config, &input, &fault);
    if (!err) {
        log_set_level(config->log_level);
        err = daemon_create(&daemon_, config, &fault);
    }
    if (err)
        fail_msg("%s:%d %s", fault.where, fault.line, fault.text);
    daemon_set_input(daemon_, &input);
    assert_int_equal(sip_agent_listeners(daemon_->env.agent, SIP_UDP, &sip, 1), 1);
    for (int i = 0; i < 20; i++) /* trunks find their hosts */
        loop_turn(daemon_->env.loop, 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[200];
    daemon_stop(daemon_);
    daemon_run(daemon_);
    daemon_destroy(daemon_);
    close(callee.fd);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static json_t *reload(void)
{
    struct fault fault = { 0 };
    json_t *answer = NULL;
    if (daemon_reload(daemon_, &answer, &fault))
        fail_msg("%s:%d %s", fault.where, fault.line, fault.text);
    return answer;
}

static bool lists(const json_t *answer, const char *key, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, key), i,
                       item) if (strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

/* The caller of a call through a trunk: a leg that only notes what happens. */
struct noting {
    struct leg leg;
    bool answered, ended;
};
static struct noting *noting; /* NULL once freed */
static struct cause noted;    /* why it ended */

static void on_ring(struct leg *leg, int code, const struct leg_codecs *media)
{
    (void)leg;
    (void)code;
    (void)media;
}

static void on_answer(struct leg *leg, const struct leg_codecs *prefer)
{
    (void)prefer;
    ((struct noting *)leg)->answered = true;
}

static void on_end(struct leg *leg, const struct cause *cause)
{
    ((struct noting *)leg)->ended = true;
    noted = *cause;
}

static void free_leg(struct leg *leg)
{
    mem_free(leg);
    noting = NULL;
}

static const struct leg_ops noting_ops = {
    .kind = "test", .ring = on_ring, .answer = on_answer, .end = on_end, .destroy = free_leg
};

/* A call to "100", wherever that leads now. */
static void call_begins(void)
{
    struct call_request request = { .face = SLICE("bridge"),
                                    .to = SLICE("100"),
                                    .may_use_trunks = true };
    noting = mem_new(struct noting);
    noted = (struct cause){ 0 };
    leg_init(&noting->leg, &noting_ops, true);
    call_create(daemon_->env.calls, &request, &noting->leg);
}

static void turn(int times)
{
    for (int i = 0; i < times; i++)
        loop_turn(daemon_->env.loop, 10);
}

static void test_a_call_outlives_its_trunk(void **state)
{
    (void)state;
    call_begins();
    assert_true(far_hears(&callee, "INVITE sip:100@127.0.0.1 "));
    far_answers(&callee, "200 OK", SDP("30002"));
    assert_true(far_hears(&callee, "ACK "));
    assert_true(noting->answered);

    put_yaml("  third: {host: 127.0.0.1, port: 9, register: 'no'}\n",
             LISTEN("127.0.0.1:0") "default_destination: builtin:echo\n");
    json_t *answer = reload();
    assert_true(lists(answer, "changed", "trunk callee removed"));
    assert_true(lists(answer, "changed", "trunk third added"));
    assert_true(lists(answer, "changed", "default_destination"));
    assert_int_equal(json_array_size(json_object_get(answer, "changed")), 3);
    assert_int_equal(json_array_size(json_object_get(answer, "restart")), 0);
    json_decref(answer);
    json_t *rows = trunks_json(daemon_->trunks);
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
    turn(60);
    assert_int_equal(calls_count(daemon_->env.calls), 1);
    assert_false(noting->ended);

    /* and it still ends as a call does, through the trunk that is gone */
    struct cause hangup = cause_of_token("hangup", CAUSE_BY_REMOTE, NULL);
    leg_on_ended(&noting->leg, &hangup);
    assert_true(far_hears(&callee, "BYE "));
    far_answers(&callee, "200 OK", "");
    turn(10);
    assert_int_equal(calls_count(daemon_->env.calls), 0);
    assert_null(noting);

    struct route_plan plan;
    struct route_query query = { .face = SLICE("bridge"), .may_use_trunks = true };
    assert_int_equal(router_find(daemon_->router, &query, &plan, &noted), OK);
    assert_string_equal(plan.targets[0].kind, "builtin"); /* what follows goes the new way */
}

static void test_the_next_call_goes_to_the_new_host(void **state)
{
    (void)state;
    char text[300];
    struct far other;
    far_open(&other);
    snprintf(text, sizeof text, "  callee: {host: 127.0.0.1, port: %u, register: 'no'}\n",
             other.port);
    put_yaml(text, LISTEN("127.0.0.1:0") "default_destination: trunk:callee\n");
    json_t *answer = reload();
    assert_true(lists(answer, "changed", "trunk callee changed"));
    json_decref(answer);
    turn(10);
    call_begins();
    assert_true(far_hears(&other, "INVITE sip:100@127.0.0.1 "));
    far_answers(&other, "486 Busy Here", "");
    turn(20);
    assert_int_equal(noted.code, 486);
    close(other.fd);
}

static void test_what_needs_a_restart_is_named(void **state)
{
    (void)state;
    put_callee(LISTEN("127.0.0.1:1") "default_destination: trunk:callee\nsip: {realm: other}\n");
    json_t *answer = reload();
    assert_true(lists(answer, "restart", "listen.http"));
    assert_true(lists(answer, "restart", "sip.realm"));
    assert_int_equal(json_array_size(json_object_get(answer, "changed")), 0);
    json_decref(answer);
    assert_string_equal(daemon_->config->sip_realm, "tandem"); /* as it really is */
    answer = reload();                                         /* still to be done */
    assert_true(lists(answer, "restart", "listen.http"));
    json_decref(answer);
}

static void test_a_wrong_file_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = { "hots: x\n", "default_destination: trunk:nobody\n",
                                         "routes: [{destination: x, to: 'trunk:nobody'}]\n",
                                         "log: [\n" };
    const struct config *before = daemon_->config;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct fault fault = { 0 };
        json_t *answer = NULL;
        put_yaml("  {}\n", wrong[i]);
        log_set_fd(-1); /* the refusal is an error in the log */
        assert_int_not_equal(daemon_reload(daemon_, &answer, &fault), OK);
        log_set_fd(2);
        assert_true(fault.text[0]);
        assert_null(answer);
        assert_ptr_equal(daemon_->config, before);
    }
    call_begins();
    assert_true(far_hears(&callee, "INVITE "));
    far_answers(&callee, "603 Decline", "");
    turn(20);
    assert_int_equal(noted.code, 603);
}

static size_t n_records;

static void on_records(void *owner, const struct store_answer *answer)
{
    *(bool *)owner = true;
    n_records = answer->n;
}

static size_t count_records(void)
{
    bool answered = false;
    store_call_list(daemon_->env.store, 0, 10, (struct store_reply){ on_records, &answered });
    for (int i = 0; i < WAIT_TURNS && !answered; i++)
        turn(1);
    assert_true(answered);
    return n_records;
}

static void put_record(const char *id, int64_t age_days)
{
    int64_t at_ms = loop_wall_ms(daemon_->env.loop) - age_days * 24 * 3600 * 1000;
    struct store_call row = { .id = id,
                              .direction = "out",
                              .face = "sip",
                              .from = "a",
                              .to = "b",
                              .trunk = "",
                              .user = "",
                              .state = "done",
                              .codec_a = "",
                              .codec_b = "",
                              .cause = "hangup",
                              .cause_text = "",
                              .ended_by = "local",
                              .correlation = "",
                              .stats = "[]",
                              .code = 200,
                              .created_ms = at_ms,
                              .ended_ms = at_ms };
    store_call_set(daemon_->env.store, &row, STORE_NOBODY);
}

static void test_old_records_go(void **state)
{
    (void)state;
    struct fault fault;
    size_t before = count_records();
    put_record("old", 366);
    put_record("young", 364);
    assert_int_equal(count_records(), before + 2);
    daemon_start_housekeeping(daemon_);
    assert_int_equal(count_records(), before + 1);
    put_callee(LISTEN("127.0.0.1:0") "keep_calls: 0\n");
    assert_int_equal(daemon_reload(daemon_, NULL, &fault), OK);
    put_record("ancient", 5000);
    daemon_start_housekeeping(daemon_);
    assert_int_equal(count_records(), before + 2);
}

/* Who is near, and what we are called, without a restart. */
static void test_networks_and_public_address(void **state)
{
    (void)state;
    struct fault fault;
    char text[ADDR_TEXT];
    const struct leg_env *env = &daemon_->env;
    put_callee(LISTEN("127.0.0.1:0") "public_ip: 203.0.113.9\nlocal_nets: [192.0.2.0/24]\n");
    assert_int_equal(daemon_reload(daemon_, NULL, &fault), OK);
    assert_int_equal(env->n_local_nets, 2); /* and loopback, always */
    assert_string_equal(addr_print_ip(&env->public_ip, text), "203.0.113.9");
    log_set_fd(-1); /* it warns that there is nobody to ask */
    put_callee(LISTEN("127.0.0.1:0") "public_ip: auto\nstun: {servers: []}\n");
    assert_int_equal(daemon_reload(daemon_, NULL, &fault), OK);
    log_set_fd(2);
    assert_string_equal(addr_print_ip(&env->public_ip, text), "203.0.113.9"); /* still */
    put_callee(LISTEN("127.0.0.1:0") "");
    assert_int_equal(daemon_reload(daemon_, NULL, &fault), OK);
    assert_false(addr_is_set(&env->public_ip));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_call_outlives_its_trunk),
        TEST(test_the_next_call_goes_to_the_new_host),
        TEST(test_what_needs_a_restart_is_named),
        TEST(test_a_wrong_file_changes_nothing),
        TEST(test_old_records_go),
        TEST(test_networks_and_public_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
