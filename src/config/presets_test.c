/* Every block of variables that people copy is read as they would use it: those of the guide that
 * the original project came with, those of docs/connect-a-provider.md, and .env.example. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "config_priv.h"
#include "option_checks.h"
#include "presets.h"

#define SEEDS "tests/seeds/env_providers/"
#define GUIDE "docs/connect-a-provider.md"

enum { TEXT_MAX = 32 << 10, MESSAGE_MAX = 900 };

static char dir[64], yaml_path[96], env_path[96], message[MESSAGE_MAX];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tandem-presets-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(yaml_path, sizeof yaml_path, "%s/tandem.yaml", dir);
    snprintf(env_path, sizeof env_path, "%s/env", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(yaml_path);
    unlink(env_path);
    return rmdir(dir);
}

static char *read_all(const char *path)
{
    struct slice text;
    struct fault fault = { 0 };
    if (file_read(path, TEXT_MAX, &text, &fault))
        fail_msg("%s: %s", fault.where, fault.text);
    return (char *)(uintptr_t)text.ptr; /* heap and terminated, now ours */
}

static void put_file(const char *path, struct slice text)
{
    struct fault fault;
    assert_int_equal(file_write_private(path, text, &fault), OK);
}

/* NULL when refused; `message` says why. */
static struct config *load(struct slice env, struct slice yaml)
{
    char *const vars[] = { (char *)(uintptr_t) "HOME=/home/me",
                           (char *)(uintptr_t) "SIP_PASSWORD=from-the-environment", NULL };
    bool needs = slice_find(env, SLICE("${SIP_PASSWORD}")) < env.len;
    struct config_input input = { .config_file = yaml_path,
                                  .env_file = env_path,
                                  .environ = needs ? vars : NULL };
    struct fault fault = { 0 };
    struct config *config = NULL;
    char *home[] = { vars[0], NULL };
    if (!needs)
        input.environ = home;
    put_file(yaml_path, yaml);
    put_file(env_path, env);
    message[0] = '\0';
    if (config_load(&config, &input, &fault))
        fault_print(&fault, message, sizeof message);
    return config;
}

static bool is_word_char(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z');
}

/* As a person fills it in: each your_… becomes a value; returns how many there were. */
static size_t fill(struct slice text, struct buf *out)
{
    size_t n = 0;
    while (!slice_empty(text)) {
        size_t at = slice_find(text, SLICE("=your_"));
        buf_put(out, slice_sub(text, 0, at));
        if (at == text.len)
            break;
        bool is_ip = slice_ends(slice_sub(text, 0, at), SLICE("PUBLIC_IP"));
        buf_text(out, is_ip ? "=203.0.113.7" : "=filled_0123456789abcdef");
        text = slice_from(text, at + 1);
        size_t len = 0;
        while (len < text.len && is_word_char(text.ptr[len]))
            len++;
        text = slice_from(text, len);
        n++;
    }
    return n;
}

/* The block loads once it is filled in, has one trunk and nothing to warn of; and not before. */
static struct config *fine_block(const char *where, struct slice block)
{
    char mem[TEXT_MAX];
    struct buf filled = BUF_ON(mem);
    if (fill(block, &filled) > 0) {
        struct config *early = load(block, SLICE(""));
        if (early || !strstr(message, "placeholder"))
            fail_msg("%s: placeholders pass: %s", where, message);
    }
    struct config *config = load(buf_slice(&filled), SLICE(""));
    if (!config)
        fail_msg("%s: %s\n%.*s", where, message, SLICE_ARG(block));
    if (config->n_trunks != 1)
        fail_msg("%s: %zu trunks", where, config->n_trunks);
    for (size_t i = 0; i < config->warnings.n; i++)
        if (!strstr(config->warnings.items[i], "other programs"))
            fail_msg("%s: %s", where, config->warnings.items[i]);
    return config;
}

static struct config *load_seed(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, SEEDS "%s.env", name);
    char *text = read_all(path);
    struct config *config = fine_block(path, slice_of(text));
    mem_free(text);
    return config;
}

/* Every example of the guide needs configuration and nothing else. */
static void test_blocks_of_the_guide(void **state)
{
    (void)state;
    static const struct {
        const char *name, *host, *domain;
        int port;
    } rows[] = {
        { "asterisk", "192.168.1.100", "asterisk.local", 5060 },
        { "elevenlabs", "sip.elevenlabs.io", "elevenlabs.io", 5060 },
        { "freeswitch", "freeswitch.yourdomain.com", "freeswitch.yourdomain.com", 5060 },
        { "generic", "sip.your-provider.com", "your-provider.com", 5060 },
        { "reference", "sip.elevenlabs.io", "elevenlabs.io", 5060 },
        { "secret_from_environment", "sip.provider.com", "sip.provider.com", 5060 },
        { "tls", "sip.provider.com", "sip.provider.com", 5061 },
        { "twilio", "your-app.sip.twilio.com", "your-app.sip.twilio.com", 5060 },
    };
    size_t files = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct config *c = load_seed(rows[i].name);
        assert_string_equal(c->trunks[0].host, rows[i].host);
        assert_string_equal(c->trunks[0].domain, rows[i].domain);
        assert_int_equal(config_trunk_port(&c->trunks[0]), rows[i].port);
        assert_false(secret_empty(&c->trunks[0].password));
        config_destroy(c);
    }
    DIR *seeds = opendir(SEEDS);
    assert_non_null(seeds);
    for (struct dirent *entry; (entry = readdir(seeds));)
        files += entry->d_name[0] != '.';
    closedir(seeds);
    assert_int_equal(files, COUNT_OF(rows)); /* no file without its row */
}

static void test_what_stands_in_the_guide_is_kept(void **state)
{
    (void)state;
    struct config *c = load_seed("asterisk");
    assert_true(secret_is(&c->trunks[0].password, SLICE("SecurePassword123")));
    config_destroy(c);
    c = load_seed("secret_from_environment");
    assert_true(secret_is(&c->trunks[0].password, SLICE("from-the-environment")));
    config_destroy(c);
    c = load_seed("tls");
    assert_int_equal(c->trunks[0].transport, CONFIG_TLS);
    config_destroy(c);
    c = load_seed("reference");
    assert_string_equal(c->public_ip, "203.0.113.7");
    assert_int_equal(c->warnings.n, 1); /* what belongs to other programs, once */
    config_destroy(c);
}

/* Account and password are all that a provider with a known host needs. */
static void test_presets(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_presets; i++) {
        const struct preset *preset = &presets[i];
        char mem[400];
        struct buf env = BUF_ON(mem);
        buf_printf(&env, "SIP_PROVIDER=%s\nSIP_USERNAME=acc_1\nSIP_PASSWORD=0123456789ab\n%s",
                   preset->name, preset->host[0] ? "" : "SIP_TRUNK_HOST=sip.customer.example\n");
        struct config *c = load(buf_slice(&env), SLICE(""));
        if (!c)
            fail_msg("%s: %s", preset->name, message);
        const struct config_trunk *trunk = &c->trunks[0];
        assert_string_equal(trunk->host, preset->host[0] ? preset->host : "sip.customer.example");
        bool kandy = trunk->type == CONFIG_TRUNK_KANDY; /* there the user name has it */
        assert_string_equal(trunk->domain, preset->domain[0] ? preset->domain
                                           : kandy           ? ""
                                                             : trunk->host);
        assert_int_equal(trunk->plus, preset->plus);
        assert_int_equal(trunk->register_mode, preset->register_mode);
        assert_int_equal(trunk->transport, preset->transport);
        assert_int_equal(trunk->codecs.n > 0, preset->codecs[0] != '\0');
        assert_string_equal(trunk->auth_username, "acc_1");
        config_destroy(c);
        if (i > 0)
            assert_true(strcmp(presets[i - 1].name, preset->name) < 0);
    }
    const char *expected = "";
    assert_false(check_provider(SLICE("acme"), &expected));
    for (size_t i = 0; i < n_presets; i++)
        if (!strstr(expected, presets[i].name))
            fail_msg("%s is not among the expected ones", presets[i].name);
}

static void test_what_is_given_wins_over_the_preset(void **state)
{
    (void)state;
    struct config *c =
        load(SLICE("SIP_PROVIDER=cisco\nSIP_TRUNK_HOST=cucm.example\nSIP_USERNAME=acc\n"
                   "SIP_AUTH_USERNAME=digest\nSIP_PASSWORD=0123456789ab\nSIP_TRANSPORT=tls\n"
                   "SIP_PLUS=strip\nSIP_CODECS=PCMA\n"),
             SLICE(""));
    assert_non_null(c);
    assert_int_equal(c->trunks[0].transport, CONFIG_TLS);
    assert_int_equal(c->trunks[0].plus, CONFIG_PLUS_STRIP);
    assert_int_equal(c->trunks[0].codecs.n, 0); /* so that of SIP_CODECS */
    assert_string_equal(c->trunks[0].auth_username, "digest");
    config_destroy(c);
    c = load(SLICE(""), SLICE("trunks:\n  a: {provider: cisco, host: x, codecs: PCMU}\n"));
    assert_non_null(c);
    assert_int_equal(c->trunks[0].codecs.n, 1);
    assert_string_equal(c->trunks[0].codecs.items[0], "PCMU");
    config_destroy(c);
}

/* The trunk of KANDY_…, which needs user name and password alone. */
static void test_kandy_variables(void **state)
{
    (void)state;
    struct config *c =
        load(SLICE("KANDY_USERNAME=u@d.example\nKANDY_PASSWORD=0123456789ab\n"), SLICE(""));
    assert_non_null(c);
    assert_int_equal(c->n_trunks + c->warnings.n, 1);
    const struct config_trunk *trunk = &c->trunks[0];
    assert_string_equal(trunk->name, "kandy");
    assert_int_equal(trunk->type, CONFIG_TRUNK_KANDY);
    assert_string_equal(trunk->host, "ct-webrtc.etisalat.ae");
    assert_int_equal(trunk->ice_servers.n, 4);
    assert_string_equal(trunk->ice_servers.items[0],
                        "turns:ct-turn1.etisalat.ae:443?transport=tcp");
    assert_int_equal(trunk->emergency.n, 16);
    assert_int_equal(trunk->services.n, 4);
    assert_int_equal(trunk->numbers, CONFIG_NUMBERS_UAE);
    assert_string_equal(config_default(c), "trunk:kandy");
    config_destroy(c);

    c = load(SLICE("KANDY_USERNAME=u\nKANDY_PASSWORD=0123456789ab\nKANDY_HOST=localhost:8443\n"
                   "KANDY_DIALECT=link\nKANDY_ICE_SERVERS=stun:a:1,turn:b:2\n"
                   "KANDY_CLIENT_ID=x\n"),
             SLICE(""));
    assert_non_null(c);
    assert_string_equal(c->trunks[0].host, "localhost");
    assert_int_equal(c->trunks[0].port, 8443);
    assert_int_equal(c->trunks[0].dialect, CONFIG_DIALECT_LINK);
    assert_int_equal(c->trunks[0].ice_servers.n, 2);
    assert_int_equal(c->warnings.n, 1); /* a client id is not needed */
    config_destroy(c);

    /* in tandem.yaml the type says as much; another host has other servers */
    c = load(SLICE(""), SLICE("trunks:\n  a: {type: kandy, username: u, password: 0123456789ab}\n"
                              "  b: {type: kandy, host: h, port: 8443, numbers: none}\n"));
    assert_non_null(c);
    assert_string_equal(c->trunks[0].host, "ct-webrtc.etisalat.ae");
    assert_int_equal(c->trunks[0].numbers, CONFIG_NUMBERS_UAE);
    assert_int_equal(c->trunks[0].ice_servers.n, 4);
    assert_string_equal(c->trunks[1].host, "h");
    assert_int_equal(c->trunks[1].ice_servers.n, 0);
    assert_int_equal(c->trunks[1].numbers, CONFIG_NUMBERS_NONE);
    assert_int_equal(c->trunks[1].type, CONFIG_TRUNK_KANDY);
    config_destroy(c);

    /* without credentials it is there, and not configured */
    c = load(SLICE("KANDY_HOST=localhost\n"), SLICE(""));
    assert_non_null(c);
    assert_string_equal(c->trunks[0].username, "");
    config_destroy(c);
    assert_null(load(SLICE("KANDY_DIALECT=cpaas\n"), SLICE("")));
    assert_non_null(strstr(message, "auto, seed, link"));
    assert_null(load(SLICE("KANDY_USERNAM=u\n"), SLICE("")));
    assert_non_null(strstr(message, "did you mean KANDY_USERNAME"));
    assert_null(load(SLICE("KANDY_ICE_SERVERS=http://x\n"), SLICE("")));
}

static void test_env_example(void **state)
{
    (void)state;
    char mem[TEXT_MAX];
    char open_mem[TEXT_MAX];
    struct buf made = BUF_ON(mem);
    struct buf open = BUF_ON(open_mem);
    char *text = read_all(".env.example");
    options_print_env(&made);
    if (strcmp(buf_cstr(&made), text) != 0)
        fail_msg(".env.example is not what the options say: tandem help env > .env.example");
    mem_free(text);
    struct config *c = load(buf_slice(&made), SLICE(""));
    assert_non_null(c); /* as it is it changes nothing */
    assert_int_equal(c->n_trunks + c->warnings.n, 0);
    config_destroy(c);
    /* with every value uncommented it is known and fine; empty ones count as not set */
    struct slice rest = buf_slice(&made);
    while (!slice_empty(rest)) {
        struct slice line = slice_line(&rest);
        bool is_value = slice_starts(line, SLICE("#")) && !slice_starts(line, SLICE("# "));
        buf_printf(&open, "%.*s\n", SLICE_ARG(is_value ? slice_from(line, 1) : line));
    }
    c = fine_block(".env.example", buf_slice(&open));
    assert_string_equal(c->trunks[0].host, "sip.example.com");
    config_destroy(c);
}

/* The next ``` block of that language, or empty. */
static struct slice next_block(struct slice *rest, const char *language)
{
    char fence[16];
    snprintf(fence, sizeof fence, "```%s", language);
    while (!slice_empty(*rest)) {
        if (!slice_is(slice_trim(slice_line(rest)), fence))
            continue;
        size_t end = slice_find(*rest, SLICE("```"));
        struct slice block = slice_sub(*rest, 0, end);
        *rest = slice_from(*rest, end + 3);
        return block;
    }
    return SLICE_NONE;
}

/* A person copies a recipe of the documentation, fills it in and starts. */
static void test_recipes(void **state)
{
    (void)state;
    char *text = read_all(GUIDE);
    struct slice rest = slice_of(text);
    size_t n = 0;
    for (struct slice block; !slice_empty(block = next_block(&rest, "env")); n++) {
        struct config *c = fine_block(GUIDE, block);
        config_destroy(c);
    }
    assert_true(n > n_presets); /* one each, and for what is no preset */
    for (size_t i = 0; i < n_presets; i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "\n## %s\n", presets[i].title);
        if (!strstr(text, heading))
            fail_msg(GUIDE " has no recipe for %s", presets[i].title);
    }
    rest = slice_of(text);
    for (n = 0; !slice_empty(rest);) {
        struct slice block = next_block(&rest, "yaml");
        if (slice_empty(block))
            break;
        struct config *c = load(SLICE("A_PASSWORD=0123456789ab\nB_PASSWORD=0123456789ab\n"
                                      "C_PASSWORD=0123456789ab\n"),
                                block);
        if (!c)
            fail_msg(GUIDE ": %s", message);
        config_destroy(c);
        n++;
    }
    assert_true(n > 0);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_of_the_guide),
        cmocka_unit_test(test_what_stands_in_the_guide_is_kept),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_what_is_given_wins_over_the_preset),
        cmocka_unit_test(test_kandy_variables),
        cmocka_unit_test(test_env_example),
        cmocka_unit_test(test_recipes),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
