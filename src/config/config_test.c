/* What a person writes, and what the daemon or the message about it then says. */
#include "config/test_config.h"

static bool says(const struct config_list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strstr(list->items[i], text))
            return true;
    return false;
}

static void test_defaults(void **state)
{
    (void)state;
    struct config *c = fine(&(struct given){ 0 });
    assert_int_equal(c->http.n, 2);
    assert_string_equal(c->http.items[0].host, "127.0.0.1");
    assert_int_equal(c->http.items[0].port, 8080);
    assert_int_equal(c->http.items[1].port, 3000);
    assert_int_equal(c->https.items[0].port, 8443);
    assert_string_equal(c->sip_udp.items[0].host, "0.0.0.0");
    assert_int_equal(c->sip_udp.items[0].port, 5060);
    assert_int_equal(c->rtp_ports.low, 10000);
    assert_int_equal(c->rtp_ports.high, 20000);
    assert_int_equal(config_webrtc_port(c, 2), 9998);
    assert_int_equal(c->log_level, LOG_INFO);
    assert_int_equal(c->n_trunks, 0);
    assert_string_equal(config_default(c), "builtin:echo");
    assert_string_equal(c->state_dir, "/home/me/.local/state/tandem");
    assert_int_equal(c->warnings.n, 0);
    assert_int_equal(c->codecs.n, 2);
    assert_string_equal(c->codecs.items[0], "PCMU");
    assert_string_equal(c->public_ip, "");
    config_destroy(c);
}

#define FIVE                                                                  \
    "SIP_TRUNK_HOST=192.168.1.100  # Your Asterisk IP\nSIP_TRUNK_PORT=5062\n" \
    "SIP_USERNAME=webrtc_bridge\nSIP_PASSWORD=SecurePassword123\nSIP_DOMAIN=asterisk.local\n"

static void test_five_values(void **state)
{
    (void)state;
    struct config *c = fine(&(struct given){ .env = FIVE });
    const struct config_trunk *trunk = config_trunk_find(c, SLICE("default"));
    assert_non_null(trunk);
    assert_string_equal(trunk->host, "192.168.1.100");
    assert_int_equal(config_trunk_port(trunk), 5062);
    assert_string_equal(trunk->username, "webrtc_bridge");
    assert_string_equal(trunk->called, "webrtc_bridge");
    assert_true(secret_is(&trunk->password, SLICE("SecurePassword123")));
    assert_string_equal(trunk->domain, "asterisk.local");
    assert_int_equal(trunk->transport, CONFIG_UDP);
    assert_string_equal(config_default(c), "trunk:default");
    assert_int_equal(c->warnings.n, 0);
    config_destroy(c);
}

static void test_some_of_the_five(void **state)
{
    (void)state;
    refused(&(struct given){ .env = "\nSIP_TRUNK_HOST=a.example\n" },
            ".env:2: SIP_USERNAME and SIP_PASSWORD are missing: SIP_TRUNK_HOST is set");
    refused(&(struct given){ .environ = { "SIP_DOMAIN=a", "SIP_USERNAME=u", "SIP_PASSWORD=p" } },
            "environment: SIP_TRUNK_HOST is missing");
    refused(&(struct given){ .environ = { "SIP_TRUNK_HOST=a", "SIP_USERNAME=u" } },
            "SIP_PASSWORD is missing");
    /* empty is not set, as compose passes it */
    refused(&(struct given){ .environ = { "SIP_TRUNK_HOST=a", "SIP_USERNAME=", "SIP_PASSWORD=p" } },
            "SIP_USERNAME is missing");
    struct config *c = fine(&(struct given){
        .environ = { "SIP_TRUNK_HOST=a.example", "SIP_USERNAME=u", "SIP_PASSWORD=p" } });
    assert_string_equal(c->trunks[0].domain, "a.example");
    assert_int_equal(config_trunk_port(&c->trunks[0]), 5060);
    assert_true(says(&c->notes, "SIP_DOMAIN is not set: a.example is used"));
    assert_true(says(&c->notes, "SIP_TRUNK_PORT is not set"));
    assert_true(says(&c->warnings, "trunk default: its password has fewer than 12 characters"));
    config_destroy(c);
    c = fine(&(struct given){ .environ = { "SIP_TRUNK_HOST=a", "SIP_USERNAME=u", "SIP_PASSWORD=p",
                                           "SIP_TRANSPORT=tls" } });
    assert_int_equal(config_trunk_port(&c->trunks[0]), 5061);
    config_destroy(c);
    c = fine(&(struct given){ .environ = { "SIP_REGISTER=yes" } });
    assert_true(says(&c->warnings, "SIP_REGISTER has no effect without SIP_TRUNK_HOST"));
    config_destroy(c);
}

static void test_who_wins(void **state)
{
    (void)state;
    struct given given = {
        .yaml = "log: {level: error}\nlisten: {http: ['127.0.0.1:1', '127.0.0.1:2']}\n"
                "max_calls: 1\nring_timeout: 7\n",
        .env = "LOG_LEVEL=warn\nSERVER_PORT=4\nTANDEM_MAX_CALLS=2\n",
        .environ = { "LOG_LEVEL=debug", "SERVER_PORT=5" },
        .args = { "--log-level", "trace" },
    };
    struct config *c = fine(&given);
    assert_int_equal(c->log_level, LOG_TRACE);  /* command line */
    assert_int_equal(c->http.items[1].port, 5); /* environment */
    assert_int_equal(c->max_calls, 2);          /* .env */
    assert_int_equal(c->http.items[0].port, 1); /* tandem.yaml */
    assert_int_equal(c->ring_timeout_s, 7);
    assert_string_equal(c->config_file, "tandem.yaml");
    config_destroy(c);
    /* an empty variable of the environment hides the one of .env, as dotenv has it */
    c = fine(&(struct given){ .env = "LOG_LEVEL=warn\n", .environ = { "LOG_LEVEL=" } });
    assert_int_equal(c->log_level, LOG_INFO);
    config_destroy(c);
}

static void test_listeners(void **state)
{
    (void)state;
    struct config *c = fine(
        &(struct given){ .yaml = "listen:\n  http: [127.0.0.1:0, {bind: '[::1]:8081', root: relay, "
                                 "auth: required}, 9000]\n"
                                 "  https: []\n  sip:\n    udp: 127.0.0.1:0, *:5070\n    tcp:\n" });
    assert_int_equal(c->http.n, 3);
    assert_int_equal(c->http.items[0].port, 0);
    assert_string_equal(c->http.items[1].host, "::1");
    assert_int_equal(c->http.items[1].root, CONFIG_ROOT_RELAY);
    assert_true(c->http.items[1].needs_auth);
    assert_false(c->http.items[0].needs_auth);
    assert_string_equal(c->http.items[2].host, "127.0.0.1");
    assert_int_equal(c->http.items[2].port, 9000);
    assert_int_equal(c->https.n, 0);
    assert_int_equal(c->sip_udp.n, 2);
    assert_string_equal(c->sip_udp.items[1].host, "0.0.0.0");
    assert_int_equal(c->sip_tcp.n, 0);
    assert_false(c->sip_tcp.is_auto); /* none was asked for */
    assert_true(c->sip_tls.is_auto);
    config_destroy(c);
    c = fine(
        &(struct given){ .environ = { "WEB_CLIENT_PORT=81", "SERVER_PORT=31", "HTTPS_PORT=444" } });
    assert_int_equal(c->http.items[0].port, 81);
    assert_int_equal(c->http.items[1].port, 31);
    assert_int_equal(c->https.items[0].port, 444);
    config_destroy(c);
    c = fine(&(struct given){ .yaml = "listen: {http: '0.0.0.0:80'}",
                              .environ = { "SERVER_PORT=3000" } });
    assert_int_equal(c->http.n, 2);
    assert_string_equal(c->http.items[1].host, "0.0.0.0");
    config_destroy(c);
    refused(&(struct given){ .environ = { "SERVER_PORT=8080" } },
            "127.0.0.1 port 8080 is taken by listen.http already");
    refused(&(struct given){ .environ = { "SERVER_PORT=3000x" } },
            "environment: SERVER_PORT: expected a port from 0 (any free one) to 65535, not "
            "\"3000x\"");
    refused(&(struct given){ .yaml = "listen:\n  http:\n    - 127.0.0.1:8080\n    - web:80\n" },
            "tandem.yaml:4: listen.http: expected a numeric address of this machine and a port, "
            "not \"web:80\"");
    refused(&(struct given){ .yaml = "listen: {http: {bind: '127.0.0.1:1', auth: perhaps}}\n" },
            "listen.http: expected");
}

static void test_messages(void **state)
{
    (void)state;
    static const struct {
        struct given given;
        const char *expected;
    } rows[] = {
        { { .yaml = "log:\n  levle: debug\n" },
          "tandem.yaml:2: log.levle: unknown key; did you mean log.level?" },
        { { .yaml = "trunk:\n  a: 1\n" },
          "tandem.yaml:1: trunk: unknown key; did you mean trunks?" },
        { { .yaml = "log: debug\n" }, "tandem.yaml:1: log: expected keys below it" },
        { { .yaml = "log: {level: loud}\n" },
          "log.level: expected error, warn, info, debug or trace, not \"loud\"" },
        { { .yaml = "max_calls: 0\n" }, "max_calls: expected a number from 1 to 1000000" },
        { { .yaml = "max_calls: [1]\n" }, "max_calls: expected one value, not a list" },
        { { .yaml = "a: [\n" }, "tandem.yaml:" },
        { { .yaml = "- a\n" }, "tandem.yaml:1: expected keys, not a list" },
        { { .yaml = "allow_uris: maybe\n" }, "allow_uris: expected true or false, not \"maybe\"" },
        { { .yaml = "media: {rtp_ports: 20000-10000}\n" }, "media.rtp_ports: expected a range" },
        { { .yaml = "media: {webrtc_port: 10001}\n" }, "lies within media.rtp_ports" },
        { { .yaml = "media: {codecs: [PCMU, MP3]}\n" }, "not \"MP3\"" },
        { { .yaml = "media: {codecs: []}\n" }, "media.codecs: expected at least one codec" },
        { { .yaml = "public_ip: example.com\n" }, "public_ip: expected the numeric address" },
        { { .yaml = "public_ip: ${WHERE}\n" }, "public_ip: ${WHERE} is not set" },
        { { .env = "PUBLIC_IP=your_public_ip_address\n" },
          ".env:1: PUBLIC_IP still holds a placeholder" },
        { { .environ = { "SIP_PASSWORD=your_password" } },
          "environment: SIP_PASSWORD still holds a placeholder" },
        { { .env = "# x\nSIP_USER=a\n" }, ".env:2: SIP_USER: unknown variable" },
        { { .environ = { "SIP_USERNAM=a" } },
          "environment: SIP_USERNAM: unknown variable; did you mean SIP_USERNAME?" },
        { { .environ = { "TLS_CERTIFICATE=a" } }, "TLS_CERTIFICATE: unknown variable" },
        { { .environ = { "KANDY_X=a" } }, "KANDY_X: unknown variable" },
        { { .env = "TANDEM_STATS=a\n" },
          "TANDEM_STATS: unknown variable; did you mean TANDEM_STATE?" },
        { { .env = "oops\n" }, ".env:1: expected KEY=value" },
        { { .environ = { "TLS_CERT=/nowhere.pem" } },
          "TLS_CERT: expected a file that can be read, not \"/nowhere.pem\"" },
        { { .environ = { "SIP_TRUNK_HOST=sip:a.example:5060" } },
          "SIP_TRUNK_HOST: expected a host name or address alone" },
        { { .environ = { "SIP_TRANSPORT=sctp", "SIP_TRUNK_HOST=a" } },
          "SIP_TRANSPORT: expected udp, tcp or tls, not \"sctp\"" },
        { { .args = { "--confg", "x" } }, "--confg: unknown option; did you mean --config?" },
        { { .args = { "--config" } }, "--config: expected a value behind it" },
        { { .args = { "--config", "/nowhere.yaml" } }, "/nowhere.yaml: cannot be opened" },
        { { .args = { "--env-file", "/nowhere" } }, "/nowhere: cannot be opened" },
        { { .args = { "--config", "/" } }, "/: is a directory" },
        { { .environ = { "TANDEM_CONFIG=/nowhere.yaml" } }, "/nowhere.yaml: cannot be opened" },
        { { .args = { "--set", "nope=1" } },
          "--set: expected KEY=VALUE with a key of tandem.yaml" },
        { { .args = { "--set", "max_calls=x" } }, "command line: max_calls: expected a number" },
        { { .yaml = "users: {alice: {}}\n" }, "users.alice.password is missing" },
        { { .yaml = "users: {'a b': {password: x}}\n" }, "users: expected a name of letters" },
        { { .yaml = "trunks:\n  acme:\n    username: u\n" },
          "tandem.yaml:2: trunks.acme.host is missing" },
        { { .yaml = "trunks:\n  acme:\n    hots: u\n" },
          "tandem.yaml:3: trunks.acme.hots: unknown key; did you mean host?" },
        { { .yaml = "trunks: {acme: {host: a, password: 1e5}}\n" }, "write quotes around it" },
        { { .yaml = "trunks: {a: {host: a, headers: {From: x}}}\n" },
          "trunks.a.headers: expected a header name that starts with X-" },
        { { .yaml = "trunks: {a: {host: a, headers: {X-A: \"x\\r\\nVia: y\"}}}\n" },
          "expected a value on one line" },
        { { .yaml = "trunks: {a: {host: a, provider: acme}}\n" }, "provider: expected 3cx" },
        { { .yaml = "trunks: {a: {provider: twilio}}\n" }, "trunks.a.host is missing" },
        { { .yaml = "\nroutes:\n  - destination: x\n" }, "tandem.yaml:3: routes: to is missing" },
        { { .yaml = "routes:\n  - to: trunk:acme/1\n" }, "there is no trunk \"acme\"" },
        { { .yaml = "routes:\n  - to: acme\n" }, "routes.0.to: expected trunk:NAME" },
        { { .yaml = "routes:\n  - {pattern: '1..', to: 'builtin:echo'}\n" },
          "routes.0.pattern: expected digits" },
        { { .yaml = "routes: {a: b}\n" }, "routes: expected a list" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        refused(&rows[i].given, rows[i].expected);
}

static void test_secrets_stay_out_of_messages(void **state)
{
    (void)state;
    struct config *c;
    char secret[CONFIG_TEXT_MAX + 40] = "SIP_PASSWORD=hunter2hunter2";
    memset(secret + 27, 'x', sizeof secret - 28);
    const char *text = load(&(struct given){ .environ = { secret, "SIP_TRUNK_HOST=a" } }, &c);
    assert_non_null(strstr(text, "SIP_PASSWORD: expected a shorter value"));
    assert_null(strstr(text, "hunter2"));
    c = fine(&(struct given){
        .environ = { "SIP_TRUNK_HOST=a", "SIP_USERNAME=u", "SIP_PASSWORD=hunter2" } });
    assert_false(says(&c->warnings, "hunter2"));
    assert_int_equal(c->warnings.n, 1);
    config_destroy(c);
}

static void test_other_peoples_keys(void **state)
{
    (void)state;
    struct config *c = fine(&(struct given){
        .env = "DRACHTIO_HOST=drachtio\nDRACHTIO_SECRET=cymru\nRTPENGINE_PORT=2223\n"
               "NODE_ENV=production\nCOMPOSE_PROJECT_NAME=x\nLOG_LEVEL=info\nLOG_LEVEL=warn\n"
               "PUBIC_IP=1.2.3.4\nKEY=k\n",
        .yaml = "default_destination: ${KEY}\n" });
    assert_int_equal(c->warnings.n, 3);
    assert_true(says(&c->warnings, "DRACHTIO_HOST, DRACHTIO_SECRET, RTPENGINE_PORT, NODE_ENV, "
                                   "COMPOSE_PROJECT_NAME belong to other programs"));
    assert_true(says(&c->warnings, ".env:7: LOG_LEVEL stands in line 6 already"));
    assert_true(says(&c->warnings, "nothing uses PUBIC_IP"));
    assert_int_equal(c->log_level, LOG_WARN);
    assert_string_equal(c->default_destination, "k");
    config_destroy(c);
    c = fine(&(struct given){ .environ = { "DRACHTIO_HOST=x", "TANDEM_BIN=/x", "PATH=/bin" } });
    assert_int_equal(c->warnings.n, 0);
    config_destroy(c);
}

static void test_trunks_and_routes(void **state)
{
    (void)state;
    struct config *c = fine(&(struct given){
        .yaml = "trunks:\n"
                "  support: {host: 10.0.0.1, username: u1, password: '0123456789abcdef'}\n"
                "  sales:\n"
                "    provider: elevenlabs\n"
                "    username: agent_1\n"
                "    password: ${SALES_KEY}\n"
                "    register: true\n"
                "    sources: [10.0.0.0/8, '::1']\n"
                "    headers:\n"
                "      X-Agent-Context: {user_id: '12345', language: en}\n"
                "      X-Plain: ${NAME} \n"
                "routes:\n"
                "  - destination: support\n"
                "    to: trunk:support\n"
                "  - pattern: +1NXX.\n"
                "    face: bridge\n"
                "    to: [trunk:sales, trunk:support/100, builtin:echo]\n"
                "  - from_trunk: support\n"
                "    to: user:alice\n"
                "users:\n"
                "  alice: {password: changeme}\n",
        .env = "SALES_KEY='long key # with $ {'\nNAME=n\n" });
    assert_int_equal(c->n_trunks, 2);
    const struct config_trunk *sales = config_trunk_find(c, SLICE("sales"));
    assert_string_equal(sales->host, "sip.elevenlabs.io");
    assert_string_equal(sales->domain, "elevenlabs.io");
    assert_int_equal(sales->register_mode, CONFIG_SWITCH_YES); /* the file wins over the preset */
    assert_true(secret_is(&sales->password, SLICE("long key # with $ {")));
    assert_int_equal(sales->sources.n, 2);
    assert_int_equal(sales->headers.n, 2);
    assert_string_equal(sales->headers.items[0].name, "X-Agent-Context");
    assert_string_equal(sales->headers.items[0].value,
                        "{\"user_id\":\"12345\",\"language\":\"en\"}");
    assert_string_equal(sales->headers.items[1].value, "n");
    assert_string_equal(config_trunk_find(c, SLICE("support"))->domain, "10.0.0.1");
    assert_int_equal(c->n_routes, 3);
    assert_string_equal(c->routes[0].destination, "support");
    assert_string_equal(c->routes[1].face, "bridge");
    assert_int_equal(c->routes[1].to.n, 3);
    assert_string_equal(c->routes[1].to.items[1], "trunk:support/100");
    assert_string_equal(c->routes[2].trunk, "support");
    assert_int_equal(c->n_users, 1);
    assert_true(says(&c->warnings, "user alice: its password is one that everybody tries first"));
    assert_string_equal(config_default(c), "builtin:echo"); /* no trunk of that name */
    config_destroy(c);
    /* the environment changes single values of the trunk "default" */
    c = fine(&(struct given){
        .yaml = "trunks: {default: {host: a, username: u, password: aaaaaaaaaaaaaa}}\n",
        .environ = { "SIP_TRUNK_HOST=b" } });
    assert_int_equal(c->n_trunks, 1);
    assert_string_equal(c->trunks[0].host, "b");
    assert_string_equal(c->trunks[0].username, "u");
    config_destroy(c);
    c = fine(&(struct given){
        .environ = { "SIP_PROVIDER=ElevenLabs", "SIP_USERNAME=agent_1", "SIP_PASSWORD=k" } });
    assert_string_equal(c->trunks[0].host, "sip.elevenlabs.io");
    config_destroy(c);
}

static void test_files(void **state)
{
    (void)state;
    put_file(pem_path, "0123456789abcdef\n");
    char cert[128];
    char key[128];
    char password[128];
    snprintf(cert, sizeof cert, "TLS_CERT=%s", pem_path);
    snprintf(key, sizeof key, "TLS_KEY=%s", pem_path);
    snprintf(password, sizeof password, "SIP_PASSWORD_FILE=%s", pem_path);
    refused(&(struct given){ .environ = { cert } }, "tls.key: TLS_KEY is missing");
    struct config *c = fine(&(struct given){
        .environ = { cert, key, password, "SIP_TRUNK_HOST=a", "SIP_USERNAME=u" } });
    assert_string_equal(c->tls_key, pem_path);
    assert_true(secret_is(&c->trunks[0].password, SLICE("0123456789abcdef")));
    config_destroy(c);
    refused(&(struct given){ .environ = { "SIP_PASSWORD_FILE=/nowhere", "SIP_TRUNK_HOST=a" } },
            "SIP_PASSWORD_FILE: /nowhere cannot be opened");
    if (geteuid() != 0) { /* root reads everything */
        put_file(env_path, "A=b\n");
        chmod(env_path, 0);
        refused(&(struct given){ .args = { "--env-file", env_path } }, "cannot be opened");
        chmod(env_path, 0600);
    }
}

static void test_state_dir(void **state)
{
    (void)state;
    char *const vars[] = { (char *)(uintptr_t) "HOME=/h", (char *)(uintptr_t) "XDG_STATE_HOME=/x",
                           NULL };
    char out[64];
    assert_true(config_state_dir("/flag", vars, out, sizeof out));
    assert_string_equal(out, "/flag");
    assert_true(config_state_dir(NULL, vars, out, sizeof out));
    assert_string_equal(out, "/x/tandem");
    assert_false(config_state_dir(NULL, vars, out, 5));
    assert_false(config_state_dir(NULL, NULL, out, sizeof out));
    struct config *c =
        fine(&(struct given){ .args = { "--state", "s", "--ready-file", "r.json", "--log-json",
                                        "--set", "media.timeout=9" } });
    assert_string_equal(c->state_dir, "s");
    assert_string_equal(c->ready_file, "r.json");
    assert_true(c->log_json);
    assert_int_equal(c->media_timeout_s, 9);
    config_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_five_values),
        cmocka_unit_test(test_some_of_the_five),
        cmocka_unit_test(test_who_wins),
        cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_secrets_stay_out_of_messages),
        cmocka_unit_test(test_other_peoples_keys),
        cmocka_unit_test(test_trunks_and_routes),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_state_dir),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
