/* Which codecs are offered and answered with: by `prefer` of trunk and user. */
#include "fakes/far_end.h"

#include <stdio.h>

#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "legs/registrar.h"
#include "store/store_rows.h"
#include "store/token.h"

static struct rig rig;
static struct far_end phone, carrier;

static int setup(void **state)
{
    char yaml[1600];
    (void)state;
    rig_create(&rig);
    far_create(&phone, &rig);
    far_create(&carrier, &rig);
    unsigned port = addr_port(&carrier.addr);
    snprintf(yaml, sizeof yaml,
             "users:\n"
             "  alice: {password: 'wonderland-4711'}\n"
             "  best: {password: 'wonderland-4711', prefer: quality}\n"
             "  row: {password: 'wonderland-4711', prefer: list, codecs: [PCMA, PCMU]}\n"
             "trunks:\n"
             "  same: {host: 127.0.0.1, port: %u, register: no, codecs: [PCMA, PCMU, G722]}\n"
             "  best: {host: 127.0.0.1, port: %u, register: no, codecs: [PCMA, PCMU, G722], "
             "prefer: quality}\n"
             "  list: {host: 127.0.0.1, port: %u, register: no, codecs: [PCMA, PCMU, G722], "
             "prefer: list}\n"
             "routes:\n"
             "  - {destination: same, to: ['trunk:same/1']}\n"
             "  - {destination: best, to: ['trunk:best/1']}\n"
             "  - {destination: list, to: ['trunk:list/1']}\n"
             "media: {host: 127.0.0.1, threads: 1, rtp_ports: 0, webrtc_port: 0}\n",
             port, port, port);
    rig_start(&rig, yaml);
    RIG_UNTIL(&rig, rig_logged(&rig, "trunk=same resolved") &&
                        rig_logged(&rig, "trunk=best resolved") &&
                        rig_logged(&rig, "trunk=list resolved"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    far_destroy(&phone);
    far_destroy(&carrier);
    rig_destroy(&rig);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    RIG_UNTIL(&rig, rig_calls(&rig) == 0);
    rig_run(&rig, 30);
    phone.log[0] = carrier.log[0] = '\0';
    phone.formats = carrier.formats = "0 8 101";
    return 0;
}

static void assert_line(const char *sdp, const char *formats)
{
    char line[80];
    snprintf(line, sizeof line, " RTP/AVP %s", formats);
    if (!strstr(sdp, line))
        fail_msg("no '%s' in\n%s", line, sdp);
}

static void call_up(const char *user, const char *to)
{
    unsigned up = phone.up;
    far_dial(&phone, to, user, "wonderland-4711");
    RIG_UNTIL(&rig, phone.up > up && far_did(&carrier, "ack"));
}

static void hang_up(void)
{
    far_hang_up(&phone);
    RIG_UNTIL(&rig, far_did(&carrier, "bye"));
}

/* Each trunk is offered the same caller's codecs in its own way. */
static void test_offers(void **state)
{
    static const struct {
        const char *trunk, *offered;
    } rows[] = {
        { "same", "0 9 8 101" }, /* as the caller has them, then the rest */
        { "best", "9 8 0 101" }, /* the widest, then as the trunk has them */
        { "list", "8 0 9 101" },
    };
    (void)state;
    phone.formats = "0 9 101";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        carrier.log[0] = '\0';
        call_up("alice", rows[i].trunk);
        assert_line(carrier.sdp, rows[i].offered);
        hang_up();
    }
}

/* The carrier takes PCMU; what the caller is answered is the caller's policy. */
static void test_answers(void **state)
{
    static const struct {
        const char *user, *formats, *answered;
    } rows[] = {
        { "alice", "9 8 0 101", "0 101" },    /* what the carrier took: nothing is transcoded */
        { "best", "8 9 0 101", "9 8 0 101" }, /* wide, though the carrier is not */
        { "row", "9 0 8 101", "8 0 101" },    /* its order, and nothing else */
    };
    (void)state;
    carrier.formats = "0 101";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        carrier.log[0] = '\0';
        phone.formats = rows[i].formats;
        call_up(rows[i].user, "same");
        assert_line(phone.sdp, rows[i].answered);
        hang_up();
    }
}

/* A call to a user goes by his policy, too. */
static void test_calls_to_users(void **state)
{
    (void)state;
    far_register(&carrier, "row", "wonderland-4711");
    phone.formats = "0 8 101";
    call_up("alice", "row");
    assert_line(carrier.sdp, "8 0 101");
    hang_up();
}

/* A user of the database, whose phone logs in as `name` too. */
static void keep_user(const char *name, const char *prefer, const char *codecs)
{
    struct store *store = rig.daemon->env.store;
    char md5[TOKEN_HA1_MD5], sha256[TOKEN_HA1_SHA256];
    const struct store_user user = {
        .id = name, .project_id = "p1", .name = name, .prefer = prefer, .codecs = codecs
    };
    struct store_device phone_of = {
        .id = name, .user_id = name, .sip_username = name, .ha1_md5 = md5, .ha1_sha256 = sha256
    };
    token_ha1(slice_of(name), slice_of(rig.daemon->config->sip_realm), SLICE("wonderland-4711"),
              md5, sha256);
    store_user_add(store, &user, STORE_NOBODY);
    store_device_add(store, &phone_of, STORE_NOBODY);
}

static bool is_known(const char *user)
{
    return registrar_has_user(rig.daemon->registrar, slice_of(user));
}

/* What the rows say holds for their phones' calls and for calls to them, from the moment they are
 * changed. */
static void test_users_of_the_database(void **state)
{
    static const struct {
        const char *user, *answered;
    } rows[] = {
        { "kept", "0 101" },
        { "kept-best", "9 8 0 101" },
        { "kept-row", "8 0 101" },
    };
    const struct store_project project = { .id = "p1", .name = "p", .signing_key = "k" };
    struct registrar *registrar = rig.daemon->registrar;
    (void)state;
    store_project_add(rig.daemon->env.store, &project, STORE_NOBODY);
    keep_user("kept", "", "");
    keep_user("kept-best", "quality", "");
    keep_user("kept-row", "list", "PCMA,PCMU");
    registrar_reload_users(registrar);
    RIG_UNTIL(&rig, is_known("kept-row"));
    carrier.formats = "0 101";
    phone.formats = "9 8 0 101";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        carrier.log[0] = '\0';
        call_up(rows[i].user, "same");
        assert_line(phone.sdp, rows[i].answered);
        hang_up();
    }
    carrier.formats = "0 8 9 101";
    far_register(&carrier, "kept-row", "wonderland-4711");
    call_up("alice", "kept-row");
    assert_line(carrier.sdp, "8 0 101");
    hang_up();

    const struct store_user changed = { .id = "kept-row", .prefer = "quality", .codecs = "auto" };
    const struct store_user last = { .id = "last", .project_id = "p1", .name = "last" };
    store_user_change(rig.daemon->env.store, &changed, STORE_NOBODY);
    store_user_add(rig.daemon->env.store, &last, STORE_NOBODY);
    registrar_reload_users(registrar);
    RIG_UNTIL(&rig, is_known("last"));
    carrier.log[0] = '\0';
    carrier.formats = "0 101";
    call_up("kept-row", "same");
    assert_line(phone.sdp, "9 8 0 101");
    hang_up();
}

/* Who chose a codec is not asked to leave it when the other side has another. */
static void test_a_choice_stays(void **state)
{
    (void)state;
    phone.formats = "9 8 0 101";
    carrier.formats = "0 101";
    call_up("best", "same");
    assert_line(phone.sdp, "9 ");
    rig_run(&rig, 300);
    assert_false(far_did(&phone, "reinvite"));
    assert_false(far_did(&carrier, "reinvite"));
    hang_up();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        CASE(test_offers),         CASE(test_answers),
        CASE(test_calls_to_users), CASE(test_users_of_the_database),
        CASE(test_a_choice_stays),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
