/* The logs of provisioning: what is written when a phone comes and goes, and how far away it is.
 * The request that measures it is this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/num.h"
#include "config/config.h"
#include "legs/registrar_priv.h"
#include "sip/sip_request.h"
#include "store/store_accounts.h"

static struct {
    int sent, forgotten;
    char uri[200];
    sip_outcome_fn fn;
    void *owner;
    enum err err; /* of the next one */
} pings;

enum err sip_request_create(struct sip_request **out, struct sip_agent *agent,
                            const struct sip_request_config *config, sip_outcome_fn fn, void *owner)
{
    (void)agent;
    assert_true(slice_is(config->method, "OPTIONS"));
    assert_int_equal(config->hop.kind, config->hop.flow.kind); /* by its own connection */
    snprintf(pings.uri, sizeof pings.uri, "%.*s", SLICE_ARG(config->request_uri));
    pings.sent++;
    pings.fn = fn;
    pings.owner = owner;
    *out = (struct sip_request *)&pings;
    return pings.err;
}

void sip_request_destroy(struct sip_request *request)
{
    assert_ptr_equal(request, &pings);
    pings.forgotten++;
}

static struct leg_env env;
static struct config config = { .sip_realm = (char[]){ "office" } };
static struct registrar_log *events_log;
static char seen[2000];

static int setup(void **state)
{
    (void)state;
    memset(&pings, 0, sizeof pings);
    env.loop = loop_create_simulated();
    env.config = &config;
    struct store_config memory = { .loop = env.loop, .url = ":memory:" };
    if (store_open(&env.store, &memory, NULL))
        return -1;
    const struct store_project project = { .id = "p1", .name = "p", .signing_key = "k" };
    const struct store_user alice = { .id = "a1", .project_id = "p1", .name = "alice" };
    const struct store_device device = { .id = "d1", .user_id = "a1", .sip_username = "u1" };
    store_project_add(env.store, &project, STORE_NOBODY);
    store_user_add(env.store, &alice, STORE_NOBODY);
    store_device_add(env.store, &device, STORE_NOBODY);
    events_log = registrar_log_create(&env);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    registrar_log_destroy(events_log);
    store_close(env.store);
    loop_destroy(env.loop);
    return 0;
}

static void on_events(void *owner, const struct store_answer *answer)
{
    (void)owner;
    assert_int_equal(answer->err, OK);
    const struct store_device_event *rows = STORE_ROWS(answer, store_device_event);
    seen[0] = '\0';
    for (size_t i = 0; i < answer->n; i++)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%lld %s\n",
                 (long long)rows[i].value, rows[i].text);
}

/* Newest first: "value text\n". */
static const char *events(const char *kind)
{
    store_device_event_list(env.store, "d1", kind, 0, 0, 100,
                            (struct store_reply){ on_events, &env });
    loop_advance(env.loop, 5);
    return seen;
}

static struct sip_binding binding_of(enum sip_kind kind)
{
    struct sip_binding binding = { .aor = SLICE("u1@office"),
                                   .contact = SLICE("sip:c1@x.invalid;transport=ws"),
                                   .user_agent = SLICE("Phone 1"),
                                   .flow = { .kind = kind, .remote = addr_loopback4(5000) },
                                   .expires_wall_ms = loop_wall_ms(env.loop) + 60000 };
    return binding;
}

static void test_coming_and_going_is_written(void **state)
{
    (void)state;
    struct sip_binding binding = binding_of(SIP_WSS);
    registrar_log_change(events_log, SIP_BINDING_ADDED, &binding);
    registrar_log_change(events_log, SIP_BINDING_REFRESHED, &binding); /* is nothing new */
    loop_advance(env.loop, 5);
    registrar_log_change(events_log, SIP_BINDING_REMOVED, &binding);
    const char *text = events("register");
    const char *second = strchr(text, '\n');
    assert_non_null(strstr(text, "\"unregistered\""));
    assert_non_null(second);
    assert_non_null(strstr(second, "\"Event\":\"registered\",\"Transport\":\"WSS\",\"Address\":"
                                   "\"127.0.0.1:5000\",\"Contact\":\"sip:c1@x.invalid;"
                                   "transport=ws\",\"UserAgent\":\"Phone 1\",\"ExpiresS\":60"));
    assert_null(strstr(text, "refreshed"));
}

static void test_a_name_that_is_no_text(void **state)
{
    (void)state;
    struct sip_binding binding = binding_of(SIP_UDP);
    binding.user_agent = SLICE("\xff\xfe");
    registrar_log_change(events_log, SIP_BINDING_ADDED, &binding);
    loop_advance(env.loop, 5);
    assert_string_equal(events("register"), "0 \n"); /* when it happened is still there */
}

static void answer(const void *msg, int64_t rtt_ms)
{
    struct sip_outcome outcome = { .status = msg ? 405 : 408, .msg = msg, .rtt_ms = rtt_ms };
    pings.fn(pings.owner, &outcome);
    loop_advance(env.loop, 5);
}

static json_int_t latency(void)
{
    json_t *value = registrar_log_latency(events_log, SLICE("u1@office"));
    json_int_t ms = json_is_null(value) ? -1 : json_integer_value(value);
    json_decref(value);
    return ms;
}

static void test_a_web_phone_is_measured(void **state)
{
    (void)state;
    struct sip_binding binding = binding_of(SIP_WSS);
    registrar_log_change(events_log, SIP_BINDING_ADDED, &binding);
    assert_int_equal(pings.sent, 0); /* it hears first that it is registered */
    loop_advance(env.loop, 400);
    assert_int_equal(pings.sent, 1);
    assert_string_equal(pings.uri, "sip:c1@x.invalid;transport=ws");
    assert_int_equal(latency(), -1);
    answer("any answer", 21);
    assert_int_equal(latency(), 21);
    assert_string_equal(events("latency"), "21 \n");
    registrar_log_change(events_log, SIP_BINDING_REMOVED, &binding);
    assert_int_equal(latency(), -1);
}

static void test_silence_measures_nothing(void **state)
{
    (void)state;
    struct sip_binding binding = binding_of(SIP_WS);
    registrar_log_change(events_log, SIP_BINDING_ADDED, &binding);
    loop_advance(env.loop, 400);
    answer(NULL, 0);
    assert_int_equal(latency(), -1);
    assert_string_equal(events("latency"), "");
}

static void test_who_is_not_measured(void **state)
{
    (void)state;
    struct sip_binding desk = binding_of(SIP_UDP);
    struct sip_binding behind = binding_of(SIP_WSS);
    behind.path[0] = SLICE("sip:edge");
    behind.n_paths = 1;
    registrar_log_change(events_log, SIP_BINDING_ADDED, &desk);
    registrar_log_change(events_log, SIP_BINDING_ADDED, &behind);
    loop_advance(env.loop, 400);
    assert_int_equal(pings.sent, 0);
}

static void test_too_much_is_under_way(void **state)
{
    (void)state;
    struct sip_binding binding = binding_of(SIP_WSS);
    pings.err = ERR_LIMIT;
    registrar_log_change(events_log, SIP_BINDING_ADDED, &binding);
    loop_advance(env.loop, 400);
    assert_int_equal(latency(), -1);
}

/* Pings that wait and pings that are out end with the log. */
static void test_an_end_in_the_middle(void **state)
{
    (void)state;
    struct sip_binding binding = binding_of(SIP_WSS);
    registrar_log_change(events_log, SIP_BINDING_ADDED, &binding);
    loop_advance(env.loop, 400);
    registrar_log_change(events_log, SIP_BINDING_REFRESHED, &binding);
    registrar_log_destroy(events_log);
    events_log = NULL;
    assert_int_equal(pings.forgotten, 1);
    loop_advance(env.loop, 400);
    assert_int_equal(pings.sent, 1);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_coming_and_going_is_written), EACH(test_a_name_that_is_no_text),
        EACH(test_a_web_phone_is_measured),     EACH(test_silence_measures_nothing),
        EACH(test_who_is_not_measured),         EACH(test_too_much_is_under_way),
        EACH(test_an_end_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
