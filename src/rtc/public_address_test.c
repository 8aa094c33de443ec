/* STUN servers of this test's own: one that answers, one that is silent, one that moves us. */
#include "rtc/public_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "net/dns.h"
#include "rtc/stun.h"

enum { WAIT_TURNS = 600 };

struct server {
    int fd;
    char text[ADDR_TEXT];
    const char *says; /* the address it sees; NULL: it is silent */
    bool lies;        /* answers with another transaction's id */
    unsigned asked;
};

struct scene {
    struct loop *loop;
    struct dns *dns;
    struct public_address *self;
    struct server a, b;
    char found[ADDR_TEXT], by[100], lost[PUBLIC_ADDRESS_TEXT];
    unsigned n_found, n_lost;
};

static void open_server(struct server *server, const char *says)
{
    struct addr addr = addr_loopback4(0);
    socklen_t len = sizeof addr.in4;
    *server = (struct server){ .says = says };
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->fd, &addr.sa, addr_len(&addr)), 0);
    assert_int_equal(getsockname(server->fd, &addr.sa, &len), 0);
    addr_print(&addr, server->text);
}

static void serve(struct server *server)
{
    char bytes[600], mem[200];
    struct addr from, mapped;
    socklen_t len = sizeof from.in4;
    ssize_t n = recvfrom(server->fd, bytes, sizeof bytes, 0, &from.sa, &len);
    struct stun_msg msg;
    if (n <= 0)
        return;
    assert_int_equal(stun_parse(&msg, slice_make(bytes, (size_t)n)), OK);
    assert_int_equal(msg.method, STUN_BINDING);
    assert_int_equal(stun_check_fingerprint(&msg), OK);
    server->asked++;
    if (!server->says)
        return;
    struct buf out = BUF_ON(mem);
    msg.id[0] ^= server->lies;
    stun_begin(&out, STUN_SUCCESS, STUN_BINDING, msg.id);
    assert_int_equal(addr_parse_ip(slice_of(server->says), 4242, &mapped), OK);
    stun_put_addr(&out, STUN_XOR_MAPPED_ADDRESS, &mapped);
    assert_true(sendto(server->fd, out.ptr, out.len, 0, &from.sa, addr_len(&from)) > 0);
}

static void on_found(void *owner, const struct addr *address, const char *server)
{
    struct scene *scene = owner;
    scene->n_found++;
    addr_print_ip(address, scene->found);
    snprintf(scene->by, sizeof scene->by, "%s", server);
}

static void on_lost(void *owner, const char *text)
{
    struct scene *scene = owner;
    scene->n_lost++;
    snprintf(scene->lost, sizeof scene->lost, "%s", text);
}

static void begin(struct scene *scene, const char *first, const char *second)
{
    static const struct public_address_events events = { on_found, on_lost };
    struct dns_config dns = { .timeout_ms = 200 };
    struct fault fault;
    char *servers[] = { (char *)(uintptr_t)first, (char *)(uintptr_t)second };
    scene->loop = loop_create();
    assert_int_equal(dns_create(&scene->dns, scene->loop, &dns), OK);
    struct public_address_config config = { .loop = scene->loop,
                                            .dns = scene->dns,
                                            .servers = servers,
                                            .n_servers = second ? 2 : 1,
                                            .rto_ms = 5,
                                            .again_ms = 30 };
    assert_int_equal(public_address_create(&scene->self, &config, &events, scene, &fault), OK);
}

static void turn_until(struct scene *scene, const unsigned *count, unsigned want)
{
    for (int i = 0; i < WAIT_TURNS && *count < want; i++) {
        loop_turn(scene->loop, 2);
        serve(&scene->a);
        serve(&scene->b);
    }
    assert_true(*count >= want);
}

static void end(struct scene *scene)
{
    public_address_destroy(scene->self);
    dns_destroy(scene->dns);
    loop_turn(scene->loop, 1);
    loop_destroy(scene->loop);
    close(scene->a.fd);
    close(scene->b.fd);
}

static void test_the_first_answer_counts(void **state)
{
    struct scene scene = { 0 };
    (void)state;
    open_server(&scene.a, NULL);
    open_server(&scene.b, "203.0.113.7");
    begin(&scene, scene.a.text, scene.b.text);
    turn_until(&scene, &scene.n_found, 1);
    assert_string_equal(scene.found, "203.0.113.7");
    assert_string_equal(scene.by, scene.b.text);
    turn_until(&scene, &scene.b.asked, 4); /* asked again and again: nothing new, nothing said */
    assert_int_equal(scene.n_found, 1);
    assert_int_equal(scene.n_lost, 0);
    scene.b.says = "198.51.100.9";
    turn_until(&scene, &scene.n_found, 2);
    assert_string_equal(scene.found, "198.51.100.9");
    end(&scene);
}

static void test_nobody_answers(void **state)
{
    struct scene scene = { 0 };
    char expected[200];
    (void)state;
    open_server(&scene.a, NULL);
    open_server(&scene.b, NULL);
    begin(&scene, scene.a.text, scene.b.text);
    turn_until(&scene, &scene.n_lost, 1);
    snprintf(expected, sizeof expected, "%s: no answer; %s: no answer", scene.a.text, scene.b.text);
    assert_string_equal(scene.lost, expected);
    assert_int_equal(scene.a.asked, 7); /* RFC 8489 §6.2.1: Rc */
    scene.a.says = "203.0.113.7";       /* it is back */
    turn_until(&scene, &scene.n_found, 1);
    end(&scene);
}

/* Who answers must have been asked: or anybody could tell us where we are. */
static void test_answers_to_nothing(void **state)
{
    struct scene scene = { 0 };
    (void)state;
    open_server(&scene.a, "203.0.113.66");
    open_server(&scene.b, NULL);
    scene.a.lies = true;
    begin(&scene, scene.a.text, NULL);
    turn_until(&scene, &scene.n_lost, 1);
    assert_int_equal(scene.n_found, 0);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_first_answer_counts),
                                        cmocka_unit_test(test_nobody_answers),
                                        cmocka_unit_test(test_answers_to_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
