#include "net/test_dns.h"

#include "base/log.h"
#include "base/num.h"
#include "sip_resolve.h"

static const struct zone_record zone[] = {
    { "one.test", DNS_A, 60, 0, 0, 0, "192.0.2.1", NULL, NULL },
    { "two.test", DNS_A, 60, 0, 0, 0, "192.0.2.2", NULL, NULL },
    { "two.test", DNS_AAAA, 60, 0, 0, 0, "2001:db8::2", NULL, NULL },
    { "plain.test", DNS_A, 60, 0, 0, 0, "192.0.2.9", NULL, NULL },
    { "_sip._udp.srv.test", DNS_SRV, 60, 20, 0, 5072, "two.test", NULL, NULL },
    { "_sip._udp.srv.test", DNS_SRV, 60, 10, 0, 5071, "one.test", NULL, NULL },
    { "_sip._tcp.srv.test", DNS_SRV, 60, 10, 0, 5073, "one.test", NULL, NULL },
    { "_sips._tcp.srv.test", DNS_SRV, 60, 10, 0, 5074, "one.test", NULL, NULL },
    { "srv.test", DNS_NAPTR, 60, 20, 1, 0, "_sip._udp.srv.test", "s", "SIP+D2U" },
    { "srv.test", DNS_NAPTR, 60, 10, 1, 0, "_sips._tcp.srv.test", "s", "SIPS+D2T" },
    { "srv.test", DNS_NAPTR, 60, 5, 1, 0, "_http._tcp.srv.test", "s", "HTTP+D2T" },
    { "_sip._udp.half.test", DNS_SRV, 60, 10, 0, 5060, "gone.test", NULL, NULL },
    { "_sip._udp.half.test", DNS_SRV, 60, 20, 0, 5080, "one.test", NULL, NULL },
};

struct fixture {
    struct loop *loop;
    struct dns *dns;
    struct name_server server;
    struct sip_hops hops;
    char said[200];
    int answers;
};

static int setup(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    f->loop = loop_create();
    name_server_init(&f->server, zone, COUNT_OF(zone));
    struct dns_config config = {
        .servers = { f->server.addr }, .n_servers = 1, .timeout_ms = 400, .hosts_file = "/dev/null"
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
    mem_free(f);
    return 0;
}

static void on_hops(void *owner, const struct sip_hops *hops)
{
    struct fixture *f = owner;
    f->answers++;
    f->hops = *hops;
    slice_copy(slice_of(hops->text), f->said, sizeof f->said);
}

static void pass(struct fixture *f, int64_t ms)
{
    int64_t end_ms = peer_now_ms() + ms;
    do {
        loop_turn(f->loop, 2);
        name_server_serve(&f->server);
    } while (peer_now_ms() < end_ms);
}

/* The hops as "UDP 192.0.2.1:5060, ..." */
static const char *resolve(struct fixture *f, struct sip_resolve_config config)
{
    static char text[400];
    char addr[ADDR_TEXT];
    struct buf out = BUF_ON(text);
    f->answers = 0;
    assert_non_null(sip_resolve_create(f->dns, &config, on_hops, f));
    assert_int_equal(f->answers, 0); /* never from inside */
    for (int i = 0; i < 2000 && !f->answers; i++)
        pass(f, 1);
    assert_int_equal(f->answers, 1);
    for (size_t i = 0; i < f->hops.n; i++)
        buf_printf(&out, "%s%s %s", i ? ", " : "", sip_kind_name(f->hops.list[i].kind),
                   addr_print(&f->hops.list[i].addr, addr));
    return buf_cstr(&out);
}

#define CONFIG(...) ((struct sip_resolve_config){ __VA_ARGS__ })

static void numbers_are_taken_as_they_are(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("192.0.2.7"), .kind = SIP_TCP)),
                        "TCP 192.0.2.7:5060");
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("2001:db8::7"), .kind = SIP_TLS)),
                        "TLS [2001:db8::7]:5061");
    assert_string_equal(
        resolve(f, CONFIG(.host = SLICE("192.0.2.7"), .port = 5090, .any_kind = true)),
        "UDP 192.0.2.7:5090");
    assert_int_equal(f->server.questions, 0);
}

static void a_port_means_no_srv(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("plain.test"), .port = 5090)),
                        "UDP 192.0.2.9:5090");
    /* RFC 3263 §4.1: with a port and no transport it is UDP, and NAPTR is not asked */
    assert_string_equal(
        resolve(f, CONFIG(.host = SLICE("plain.test"), .port = 5090, .any_kind = true)),
        "UDP 192.0.2.9:5090");
    resolve(f, CONFIG(.host = SLICE("srv.test"), .port = 5090));
    assert_int_equal(f->hops.err, ERR_NOT_FOUND); /* SRV names servers, the name has no address */
}

static void srv_orders_and_every_address_is_kept(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("srv.test"), .kind = SIP_UDP)),
                        "UDP 192.0.2.1:5071, UDP 192.0.2.2:5072, UDP [2001:db8::2]:5072");
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("srv.test"), .kind = SIP_TCP)),
                        "TCP 192.0.2.1:5073");
}

static void naptr_chooses_the_transport(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("srv.test"), .any_kind = true)),
                        "TLS 192.0.2.1:5074");
    /* without NAPTR and SRV: UDP on the default port (RFC 3263 §4.1, §4.2) */
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("plain.test"), .any_kind = true)),
                        "UDP 192.0.2.9:5060");
}

static void without_srv_the_name_itself_is_asked(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("plain.test"), .kind = SIP_TLS)),
                        "TLS 192.0.2.9:5061");
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("two.test"), .kind = SIP_WSS)),
                        "WSS 192.0.2.2:443, WSS [2001:db8::2]:443");
}

static void a_server_without_address_is_skipped(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("half.test"), .kind = SIP_UDP)),
                        "UDP 192.0.2.1:5080");
    assert_int_equal(f->hops.err, OK);
    assert_string_equal(f->said, "");
}

static void failures_are_told(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(resolve(f, CONFIG(.host = SLICE("nobody.test"), .kind = SIP_UDP)), "");
    assert_int_equal(f->hops.err, ERR_NOT_FOUND);
    assert_non_null(strstr(f->said, "nobody.test"));
    resolve(f, CONFIG(.host = SLICE("silent.test"), .port = 5060));
    assert_int_equal(f->hops.err, ERR_TIMEOUT);
    char large[400];
    memset(large, 'a', sizeof large);
    resolve(f, CONFIG(.host = slice_make(large, sizeof large), .kind = SIP_UDP));
    assert_int_equal(f->hops.err, ERR_INVALID);
}

static void destroyed_while_asking(void **state)
{
    struct fixture *f = *state;
    struct sip_resolve_config config = CONFIG(.host = SLICE("srv.test"), .any_kind = true);
    for (int turns = 0; turns < 12; turns++) { /* in each of its phases */
        dns_flush(f->dns);
        struct sip_resolve *resolve = sip_resolve_create(f->dns, &config, on_hops, f);
        for (int i = 0; i < turns && !f->answers; i++)
            pass(f, 0);
        if (!f->answers)
            sip_resolve_destroy(resolve);
        int answers = f->answers;
        pass(f, 20);
        assert_int_equal(f->answers, answers);
        f->answers = 0;
    }
    sip_resolve_destroy(NULL);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        WITH(numbers_are_taken_as_they_are),
        WITH(a_port_means_no_srv),
        WITH(srv_orders_and_every_address_is_kept),
        WITH(naptr_chooses_the_transport),
        WITH(without_srv_the_name_itself_is_asked),
        WITH(a_server_without_address_is_skipped),
        WITH(failures_are_told),
        WITH(destroyed_while_asking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
