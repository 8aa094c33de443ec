/* Messages put in, and what a reader gets out: all of them, those of one call, none twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/trace.h"
#include "sip/sip_agent.h"
#include "sip/sip_msg.h"

static struct loop *loop;
static struct trace *trace;

static int setup(void **state)
{
    (void)state;
    loop = loop_create_simulated();
    trace = trace_create(loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trace_destroy(trace);
    loop_destroy(loop);
    return 0;
}

static void put_sip(const char *method, const char *call_id, const char *trunk)
{
    char text[600];
    struct sip_msg *msg;
    size_t used;
    snprintf(text, sizeof text,
             "%s sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n"
             "To: <sip:b@x>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nX-Auth-Token: secret\r\n\r\n",
             method, call_id, method);
    assert_int_equal(sip_msg_parse(&msg, slice_of(text), &used), OK);
    struct sip_flow flow = { .kind = SIP_TLS,
                             .local = addr_loopback4(5061),
                             .remote = addr_loopback4(6000) };
    struct sip_wire_event event = {
        .way = SIP_WIRE_OUT, .flow = &flow, .bytes = slice_of(text), .msg = msg
    };
    trace_sip(trace, &event, trunk);
    sip_msg_unref(msg);
}

static void put_bridge(const char *session, struct slice text)
{
    struct addr local = addr_loopback4(8080), remote = addr_loopback4(40000);
    struct trace_bridge message = { .is_in = true,
                                    .session = session,
                                    .local = &local,
                                    .remote = &remote,
                                    .type = SLICE("offer"),
                                    .text = text };
    trace_bridge(trace, &message);
}

/* The texts' first words, "INVITE BYE", and where to go on. */
static const char *read_from(struct trace_query query, uint64_t *next)
{
    static char words[400];
    struct buf out = BUF_ON(words);
    query.max = query.max ? query.max : TRACE_READ_MAX;
    json_t *answer = trace_read(trace, &query);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answer, "messages"), i, row)
    {
        struct slice rest = slice_of(json_string_value(json_object_get(row, "text")));
        struct slice word = slice_cut(&rest, ' ');
        buf_printf(&out, "%s%.*s", i ? " " : "", SLICE_ARG(word));
    }
    if (next)
        *next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
    json_decref(answer);
    return buf_cstr(&out);
}

static void test_filters(void **state)
{
    (void)state;
    put_bridge("s-1", SLICE("{\"type\":\"offer\"}"));
    put_sip("INVITE", "id-1@a", "acme");
    put_sip("OPTIONS", "id-2@a", "acme");
    put_sip("INVITE", "id-3@a", NULL);
    trace_bind(trace, SLICE("s-1"), "call-1");
    trace_bind(trace, SLICE("id-1@a"), "call-1");
    assert_string_equal(read_from((struct trace_query){ 0 }, NULL),
                        "{\"type\":\"offer\"} INVITE OPTIONS INVITE");
    assert_string_equal(read_from((struct trace_query){ .call = SLICE("call-1") }, NULL),
                        "{\"type\":\"offer\"} INVITE");
    assert_string_equal(read_from((struct trace_query){ .call = SLICE("id-2@a") }, NULL),
                        "OPTIONS");
    assert_string_equal(read_from((struct trace_query){ .trunk = SLICE("acme") }, NULL),
                        "INVITE OPTIONS");
    assert_string_equal(read_from((struct trace_query){ .method = SLICE("invite") }, NULL),
                        "INVITE INVITE");
    assert_string_equal(read_from((struct trace_query){ .method = SLICE("OFFER") }, NULL),
                        "{\"type\":\"offer\"}");
    assert_string_equal(read_from((struct trace_query){ .call = SLICE("call-2") }, NULL), "");
}

static void test_going_on(void **state)
{
    (void)state;
    uint64_t next;
    put_sip("INVITE", "1", NULL);
    put_sip("BYE", "1", NULL);
    put_sip("OPTIONS", "2", NULL);
    assert_string_equal(read_from((struct trace_query){ .max = 2 }, &next), "INVITE BYE");
    assert_string_equal(read_from((struct trace_query){ .after = next, .max = 2 }, &next),
                        "OPTIONS");
    assert_string_equal(read_from((struct trace_query){ .after = next }, &next), "");
    put_sip("INFO", "2", NULL);
    assert_string_equal(read_from((struct trace_query){ .after = next }, &next), "INFO");
    /* what did not fit the filter is not looked at again */
    put_sip("INFO", "2", NULL);
    read_from((struct trace_query){ .after = next, .method = SLICE("BYE") }, &next);
    assert_string_equal(read_from((struct trace_query){ .after = next }, NULL), "");
    /* a number of another life of the daemon */
    assert_string_equal(read_from((struct trace_query){ .after = 1u << 20 }, &next), "");
    put_sip("BYE", "2", NULL);
    assert_string_equal(read_from((struct trace_query){ .after = next }, NULL), "BYE");
}

static void test_what_a_row_says(void **state)
{
    (void)state;
    put_sip("INVITE", "id-1@a", "acme");
    trace_bind(trace, SLICE("id-1@a"), "old");
    trace_bind(trace, SLICE("id-1@a"), "call-1");
    json_t *answer = trace_read(trace, &(struct trace_query){ .max = 1 });
    json_t *row = json_array_get(json_object_get(answer, "messages"), 0);
    static const char *const rows[][2] = {
        { "direction", "out" },         { "transport", "TLS" }, { "local", "127.0.0.1:5061" },
        { "remote", "127.0.0.1:6000" }, { "trunk", "acme" },    { "call", "call-1" },
        { "call_id", "id-1@a" },        { "method", "INVITE" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(json_string_value(json_object_get(row, rows[i][0])), rows[i][1]);
    const char *text = json_string_value(json_object_get(row, "text"));
    assert_non_null(strstr(text, "X-Auth-Token: ******\r\n"));
    assert_null(strstr(text, "secret"));
    json_decref(answer);
}

/* Bytes that are no text are shown all the same, and a ring stays a ring. */
static void test_limits(void **state)
{
    (void)state;
    char *big = mem_alloc(200000);
    memset(big, 'x', 200000);
    put_bridge("s", SLICE("\0\xff\xfe{"));
    assert_string_equal(read_from((struct trace_query){ 0 }, NULL), "???{");
    for (size_t i = 0; i < 100; i++)
        put_bridge("s", slice_make(big, 200000));
    json_t *answer = trace_read(trace, &(struct trace_query){ .max = TRACE_READ_MAX });
    assert_int_equal(json_array_size(json_object_get(answer, "messages")),
                     TRACE_BYTES_MAX / 200000);
    json_decref(answer);
    mem_free(big);
    for (size_t i = 0; i < TRACE_MESSAGES_MAX + 5; i++)
        put_bridge("t", SLICE("{}"));
    answer = trace_read(trace, &(struct trace_query){ .max = 1 });
    json_t *row = json_array_get(json_object_get(answer, "messages"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "seq")), 1 + 100 + 5 + 1);
    json_decref(answer);
    trace_sip(NULL, NULL, NULL); /* whoever keeps none */
    trace_bind(NULL, SLICE("a"), "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_going_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_row_says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
