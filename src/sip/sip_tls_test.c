/* SIP over TLS on loopback: whom we connect to, what is told when it is somebody else. */
#include "test_stream.h"

#include "base/file.h"
#include "net/tls.h"

struct scene {
    struct loop *loop;
    struct node client, server;
    char *cert, *key;
    char ca_file[64];
};

static int setup(void **state)
{
    struct scene *s = mem_new(struct scene);
    s->loop = loop_create();
    node_create(&s->client, s->loop);
    node_create(&s->server, s->loop);
    peer_make_certificate("test", &s->cert, &s->key);
    snprintf(s->ca_file, sizeof s->ca_file, "/tmp/sip_tls_test.%d.pem", (int)getpid());
    assert_int_equal(file_write_private(s->ca_file, slice_of(s->cert), NULL), OK);
    struct tls_server_config config = { .cert_pem = s->cert, .key_pem = s->key };
    assert_int_equal(sip_tls_use_certificate(s->server.agent, &config, NULL), OK);
    node_listen(&s->server, SIP_TLS, "127.0.0.1:0");
    struct addr from = addr_any4(0);
    assert_int_equal(sip_tcp_dial_only(s->client.agent, SIP_TLS, &from), OK);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    node_destroy(&s->client);
    node_destroy(&s->server);
    loop_destroy(s->loop);
    unlink(s->ca_file);
    mem_free(s->cert);
    mem_free(s->key);
    mem_free(s);
    return 0;
}

static struct sip_hop hop_to(struct scene *s, const char *name, const char *ca_file, bool insecure)
{
    struct fault fault = { 0 };
    struct sip_tls_peer peer = { .name = slice_of(name), .ca_file = ca_file, .insecure = insecure };
    struct sip_hop hop = { .kind = SIP_TLS, .addr = s->server.at };
    if (sip_tls_expect(s->client.agent, &peer, &hop.tls, &fault))
        fail_msg("%s", fault.text);
    return hop;
}

static void the_expected_name_is_talked_to(void **state)
{
    struct scene *s = *state;
    struct sip_hop hop = hop_to(s, "localhost", s->ca_file, false);
    assert_int_not_equal(hop.tls, 0);
    assert_int_equal(hop_to(s, "LOCALHOST", s->ca_file, false).tls, hop.tls);
    assert_int_not_equal(hop_to(s, "localhost", s->ca_file, true).tls, hop.tls);
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 200);
    char want[100];
    snprintf(want, sizeof want, "SIP/2.0/TLS 127.0.0.1:%u;", addr_port(&s->server.flow.remote));
    assert_memory_equal(s->server.via, want, strlen(want));
    snprintf(want, sizeof want, "<sip:alice@127.0.0.1:%u;transport=tls>",
             addr_port(&s->server.flow.remote));
    assert_string_equal(s->server.contact, want);
    struct sip_flow first = s->server.flow;
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 200);
    assert_int_equal(s->server.flow.conn, first.conn);
    /* the same address under another name is another connection */
    hop = hop_to(s, "127.0.0.1", s->ca_file, false);
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 200);
    assert_int_not_equal(s->server.flow.conn, first.conn);
}

static void assert_fails(struct scene *s, const struct sip_hop *hop, const char *words)
{
    node_ask_with(&s->client, hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 503);
    if (!strstr(s->client.text, words))
        fail_msg("\"%s\" does not say \"%s\"", s->client.text, words);
    assert_int_equal(s->client.err, ERR_AUTH);
    assert_int_equal(s->server.messages, 0);
}

static void sips_is_kept_in_the_contact(void **state)
{
    struct scene *s = *state;
    struct sip_request_config config = { .method = SLICE("OPTIONS"),
                                         .request_uri = SLICE("sips:bob@localhost"),
                                         .hop = hop_to(s, "localhost", s->ca_file, false),
                                         .from_uri = SLICE("sips:alice@localhost"),
                                         .contact_user = SLICE("alice") };
    assert_int_equal(
        sip_request_create(&s->client.request, s->client.agent, &config, node_outcome, &s->client),
        OK);
    assert_int_equal(node_wait(&s->client), 200);
    assert_memory_equal(s->server.contact, "<sips:alice@127.0.0.1:", 22);
    assert_null(strstr(s->server.contact, "transport"));
}

static void another_name_gets_nothing(void **state)
{
    struct scene *s = *state;
    struct sip_hop hop = hop_to(s, "sip.example.com", s->ca_file, false);
    assert_fails(s, &hop, "no TLS with sip.example.com (127.0.0.1:");
    assert_fails(s, &hop, "its certificate is for localhost, 127.0.0.1, not for sip.example.com");
}

static void a_stranger_gets_nothing_unless_it_is_wanted(void **state)
{
    struct scene *s = *state;
    struct sip_hop hop = hop_to(s, "localhost", "", false);
    assert_fails(s, &hop, "self-signed");
    hop.tls = 0; /* nobody said whom to expect: the address, by the system's CAs */
    assert_fails(s, &hop, "self-signed");
    hop = hop_to(s, "sip.example.com", "", true);
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 200);
}

static void bad_files_are_named(void **state)
{
    struct scene *s = *state;
    struct fault fault = { 0 };
    uint32_t number = 7;
    struct sip_tls_peer peer = { .name = SLICE("x"), .ca_file = "/nowhere/ca.pem" };
    assert_int_equal(sip_tls_expect(s->client.agent, &peer, &number, &fault), ERR_INVALID);
    assert_string_equal(fault.where, "/nowhere/ca.pem");
    assert_int_equal(number, 7);
    struct addr bind = addr_loopback4(0);
    assert_int_equal(sip_agent_listen(s->client.agent, SIP_TLS, &bind, &fault), ERR_INVALID);
    assert_string_equal(fault.text, "SIP over TLS needs a certificate");
}

static void a_renewed_certificate_is_shown(void **state)
{
    struct scene *s = *state;
    char *cert, *key;
    struct sip_hop hop = hop_to(s, "localhost", s->ca_file, false);
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 200);
    peer_make_certificate("new", &cert, &key);
    struct tls_server_config config = { .cert_pem = cert, .key_pem = key };
    assert_int_equal(sip_tls_use_certificate(s->server.agent, &config, NULL), OK);
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 200); /* the old connection goes on */
    hop = hop_to(s, "127.0.0.1", s->ca_file, false);
    node_ask_with(&s->client, &hop, "OPTIONS", SLICE_NONE);
    assert_int_equal(node_wait(&s->client), 503);
    assert_non_null(strstr(s->client.text, "self-signed"));
    mem_free(cert);
    mem_free(key);
}

static void junk_and_plain_sip_are_closed(void **state)
{
    struct scene *s = *state;
    char text[800];
    struct peer peer = peer_connect(s->loop, &s->server.at);
    peer_send(&peer, wire_request(text, sizeof text, "OPTIONS", "TLS x", 1, ""));
    assert_true(peer_wait_eof(&peer));
    assert_null(strstr(peer.in, "SIP/2.0"));
    peer_close(&peer);
    peer = peer_connect(s->loop, &s->server.at);
    assert_true(peer_start_tls(&peer, TLS1_2_VERSION));
    peer_send(&peer, "\r\n\r\n");
    assert_true(peer_wait(&peer, "\r\n"));
    peer_send(&peer, wire_request(text, sizeof text, "OPTIONS", "TLS x", 2, ""));
    assert_true(peer_wait(&peer, "SIP/2.0 200 "));
    peer_send(&peer, "rubbish without a colon\r\n\r\n");
    assert_true(peer_wait_eof(&peer));
    peer_close(&peer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_expected_name_is_talked_to),
        TEST(sips_is_kept_in_the_contact),
        TEST(another_name_gets_nothing),
        TEST(a_stranger_gets_nothing_unless_it_is_wanted),
        TEST(bad_files_are_named),
        TEST(a_renewed_certificate_is_shown),
        TEST(junk_and_plain_sip_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
