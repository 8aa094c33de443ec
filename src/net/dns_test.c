#include "net/test_dns.h"

#include "base/log.h"
#include "base/num.h"

static const struct zone_record zone[] = {
    { "both.test", DNS_A, 60, 0, 0, 0, "192.0.2.1", NULL, NULL },
    { "both.test", DNS_A, 60, 0, 0, 0, "192.0.2.2", NULL, NULL },
    { "both.test", DNS_AAAA, 60, 0, 0, 0, "2001:db8::1", NULL, NULL },
    { "four.test", DNS_A, 60, 0, 0, 0, "192.0.2.4", NULL, NULL },
    { "short.test", DNS_A, 1, 0, 0, 0, "192.0.2.5", NULL, NULL },
    { "_sip._udp.test", DNS_SRV, 60, 20, 0, 5062, "b.test", NULL, NULL },
    { "_sip._udp.test", DNS_SRV, 60, 10, 90, 5060, "heavy.test", NULL, NULL },
    { "_sip._udp.test", DNS_SRV, 60, 10, 10, 5061, "light.test", NULL, NULL },
    { "test", DNS_NAPTR, 60, 20, 1, 0, "_sip._udp.test", "s", "SIP+D2U" },
    { "test", DNS_NAPTR, 60, 10, 2, 0, "_sip._tcp.test", "s", "SIP+D2T" },
    { "test", DNS_NAPTR, 60, 10, 1, 0, "_sips._tcp.test", "s", "SIPS+D2T" },
};

struct fixture {
    struct loop *loop;
    struct dns *dns;
    struct name_server server;
    int answers;
    enum err err;
    char text[DNS_TEXT];
    struct dns_record records[DNS_MAX_RECORDS];
    size_t n;
    char hosts[64];
};

static void on_answer(void *owner, const struct dns_answer *answer)
{
    struct fixture *f = owner;
    f->answers++;
    f->err = answer->err;
    f->n = answer->n_records;
    slice_copy(slice_of(answer->text), f->text, sizeof f->text);
    if (f->n)
        memcpy(f->records, answer->records, f->n * sizeof f->records[0]);
}

static int setup(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = loop_create();
    name_server_init(&f->server, zone, COUNT_OF(zone));
    snprintf(f->hosts, sizeof f->hosts, "/tmp/dns_test_XXXXXX");
    int fd = mkstemp(f->hosts);
    assert_true(fd >= 0);
    static const char text[] = "# by hand\n10.1.2.3 pbx.office PBX # the one\n\n"
                               "2001:db8::3\tpbx\nnonsense pbx\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    struct dns_config config = {
        .servers = { f->server.addr }, .n_servers = 1, .timeout_ms = 400, .hosts_file = f->hosts
    };
    assert_int_equal(dns_create(&f->dns, f->loop, &config), OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dns_destroy(f->dns);
    loop_turn(f->loop, 1);
    loop_destroy(f->loop);
    name_server_clear(&f->server);
    unlink(f->hosts);
    mem_free(f);
    return 0;
}

static void pass(struct fixture *f, int64_t ms)
{
    int64_t end_ms = peer_now_ms() + ms;
    do {
        loop_turn(f->loop, 2);
        name_server_serve(&f->server);
    } while (peer_now_ms() < end_ms);
}

static void wait_answer(struct fixture *f)
{
    int before = f->answers;
    for (int i = 0; i < 1000 && f->answers == before; i++)
        pass(f, 1);
    assert_int_equal(f->answers, before + 1);
}

static void resolve(struct fixture *f, const char *host, enum dns_family family)
{
    int before = f->answers;
    assert_non_null(dns_resolve_host(f->dns, slice_of(host), family, on_answer, f));
    assert_int_equal(f->answers, before); /* never from inside */
    wait_answer(f);
}

static const char *text_of(struct fixture *f, size_t i)
{
    static char text[ADDR_TEXT];
    return addr_print_ip(&f->records[i].addr, text);
}

static void hosts_have_addresses(void **state)
{
    struct fixture *f = *state;
    resolve(f, "both.test", DNS_ANY);
    assert_int_equal(f->err, OK);
    assert_int_equal(f->n, 3);
    assert_string_equal(text_of(f, 0), "192.0.2.1");
    assert_string_equal(text_of(f, 1), "192.0.2.2");
    assert_string_equal(text_of(f, 2), "2001:db8::1");
    assert_int_equal(f->records[0].ttl_s, 60);
    resolve(f, "both.test", DNS_IPV6);
    assert_int_equal(f->n, 1);
    resolve(f, "four.test", DNS_ANY); /* without AAAA */
    assert_int_equal(f->err, OK);
    assert_int_equal(f->n, 1);
    resolve(f, "four.test", DNS_IPV6);
    assert_int_equal(f->err, ERR_NOT_FOUND);
}

static void numbers_and_hosts_need_no_server(void **state)
{
    struct fixture *f = *state;
    resolve(f, "192.0.2.9", DNS_ANY);
    assert_string_equal(text_of(f, 0), "192.0.2.9");
    resolve(f, "[2001:db8::9]", DNS_ANY);
    assert_string_equal(text_of(f, 0), "2001:db8::9");
    resolve(f, "192.0.2.9", DNS_IPV6);
    assert_int_equal(f->err, ERR_NOT_FOUND);
    resolve(f, "pbx.OFFICE.", DNS_ANY);
    assert_int_equal(f->n, 1);
    assert_string_equal(text_of(f, 0), "10.1.2.3");
    resolve(f, "pbx", DNS_ANY);
    assert_int_equal(f->n, 2);
    assert_string_equal(text_of(f, 1), "2001:db8::3");
    resolve(f, "localhost", DNS_ANY);
    assert_string_equal(text_of(f, 0), "127.0.0.1");
    assert_int_equal(f->server.questions, 0);
}

static void services_come_in_order(void **state)
{
    struct fixture *f = *state;
    int heavy_first = 0;
    for (int i = 0; i < 100; i++) {
        dns_find_records(f->dns, DNS_SRV, SLICE("_sip._udp.test"), on_answer, f);
        wait_answer(f);
        assert_int_equal(f->n, 3);
        assert_int_equal(f->records[0].srv.priority, 10);
        assert_int_equal(f->records[1].srv.priority, 10);
        assert_string_equal(f->records[2].srv.target, "b.test");
        assert_int_equal(f->records[2].srv.port, 5062);
        heavy_first += strcmp(f->records[0].srv.target, "heavy.test") == 0;
    }
    assert_in_range(heavy_first, 70, 99);     /* 90 expected; 70 is over six deviations away */
    assert_int_equal(f->server.questions, 1); /* the rest came from the cache */
    dns_find_records(f->dns, DNS_NAPTR, SLICE("test"), on_answer, f);
    wait_answer(f);
    assert_int_equal(f->n, 3);
    assert_string_equal(f->records[0].naptr.service, "SIPS+D2T");
    assert_string_equal(f->records[1].naptr.service, "SIP+D2T");
    assert_string_equal(f->records[2].naptr.replacement, "_sip._udp.test");
    assert_string_equal(f->records[2].naptr.flags, "s");
}

static void failures_are_told_apart(void **state)
{
    struct fixture *f = *state;
    resolve(f, "nobody.test", DNS_ANY);
    assert_int_equal(f->err, ERR_NOT_FOUND);
    assert_non_null(strstr(f->text, "nobody.test"));
    int questions = f->server.questions;
    resolve(f, "nobody.test", DNS_ANY); /* believed for a while */
    assert_int_equal(f->err, ERR_NOT_FOUND);
    assert_int_equal(f->server.questions, questions);
    resolve(f, "broken.test", DNS_IPV4);
    assert_int_equal(f->err, ERR_REFUSED);
    int64_t from_ms = peer_now_ms();
    resolve(f, "silent.test", DNS_ANY);
    assert_int_equal(f->err, ERR_TIMEOUT);
    assert_in_range(peer_now_ms() - from_ms, 350, 900);
    resolve(f, "with space.test", DNS_ANY);
    assert_int_equal(f->err, ERR_INVALID);
    resolve(f, "", DNS_ANY);
    assert_int_equal(f->err, ERR_INVALID);
    char large[300];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    resolve(f, large, DNS_ANY);
    assert_int_equal(f->err, ERR_INVALID);
}

static void the_cache_follows_ttls(void **state)
{
    struct fixture *f = *state;
    resolve(f, "short.test", DNS_IPV4);
    resolve(f, "SHORT.test.", DNS_IPV4);
    assert_int_equal(f->server.questions, 1);
    pass(f, 1100);
    resolve(f, "short.test", DNS_IPV4);
    assert_int_equal(f->server.questions, 2);
    dns_flush(f->dns);
    resolve(f, "short.test", DNS_IPV4);
    assert_int_equal(f->server.questions, 3);
}

static void cancelled_queries_are_silent(void **state)
{
    struct fixture *f = *state;
    dns_cancel(dns_resolve_host(f->dns, SLICE("both.test"), DNS_ANY, on_answer, f));
    dns_cancel(dns_resolve_host(f->dns, SLICE("192.0.2.1"), DNS_ANY, on_answer, f));
    struct dns_query *query = dns_resolve_host(f->dns, SLICE("silent.test"), DNS_ANY, on_answer, f);
    pass(f, 100);
    dns_cancel(query);
    pass(f, 600);
    assert_int_equal(f->answers, 0);
    resolve(f, "both.test", DNS_ANY); /* learned all the same */
    assert_int_equal(f->n, 3);
    dns_resolve_host(f->dns, SLICE("silent.test"), DNS_ANY, on_answer, f); /* left to destroy */
    pass(f, 20);
}

static void many_at_once(void **state)
{
    struct fixture *f = *state;
    size_t fds = peer_count_fds();
    for (int i = 0; i < 50; i++) {
        char name[40];
        snprintf(name, sizeof name, "n%d.test", i);
        dns_find_records(f->dns, DNS_A, slice_of(i % 2 ? name : "both.test"), on_answer, f);
    }
    for (int i = 0; i < 300 && f->answers < 50; i++) {
        pass(f, 2);
        for (int k = 0; k < 20; k++)
            name_server_serve(&f->server);
    }
    assert_int_equal(f->answers, 50);
    assert_true(peer_count_fds() <= fds + 2);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        WITH(hosts_have_addresses),   WITH(numbers_and_hosts_need_no_server),
        WITH(services_come_in_order), WITH(failures_are_told_apart),
        WITH(the_cache_follows_ttls), WITH(cancelled_queries_are_silent),
        WITH(many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
