/* The lite agent against a scripted full agent, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rand.h"
#include "rtc/ice.h"
#include "rtc/stun.h"

struct seen {
    char sent[STUN_SEND_MAX];
    size_t sent_len;
    struct ice_path sent_on;
    unsigned n_sent, n_pairs, n_gone, n_selected, n_failed;
    struct addr selected;
    enum err err;
    char text[200];
};

static void on_send(void *owner, const struct ice_path *path, struct slice bytes)
{
    struct seen *seen = owner;
    assert_true(bytes.len <= sizeof seen->sent);
    memcpy(seen->sent, bytes.ptr, bytes.len);
    seen->sent_len = bytes.len;
    seen->sent_on = *path;
    seen->n_sent++;
}

static void on_pair(void *owner, const struct addr *addr)
{
    (void)addr;
    ((struct seen *)owner)->n_pairs++;
}

static void on_pair_gone(void *owner, const struct addr *addr)
{
    (void)addr;
    ((struct seen *)owner)->n_gone++;
}

static void on_selected(void *owner, const struct ice_path *path)
{
    struct seen *seen = owner;
    seen->selected = path->remote;
    seen->n_selected++;
}

static void on_failed(void *owner, enum err err, const char *text)
{
    struct seen *seen = owner;
    seen->n_failed++;
    seen->err = err;
    snprintf(seen->text, sizeof seen->text, "%s", text);
}

static const struct ice_events events = { on_send, on_pair, on_pair_gone, on_selected, on_failed };

static const char pwd[] = "0123456789abcdefABCDEF";

struct check { /* what the scripted peer sends; zero-initialised is a plain good check */
    const char *username, *pwd;
    bool use, controlled, no_integrity;
    uint16_t extra;
    uint32_t priority;
};

static size_t make_check(const struct check *check, char *mem)
{
    struct buf buf;
    uint8_t id[STUN_ID_LEN];
    rand_bytes(id, sizeof id);
    buf_init(&buf, mem, STUN_SEND_MAX);
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&buf, STUN_USERNAME, slice_of(check->username ? check->username : "lite:full"));
    stun_put(&buf, 0xc057, SLICE("\0\1\0\12"));
    stun_put_u64(&buf, check->controlled ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING, 7);
    stun_put_u32(&buf, STUN_PRIORITY, check->priority ? check->priority : 100);
    if (check->use)
        stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE);
    if (check->extra)
        stun_put(&buf, check->extra, SLICE("what"));
    if (!check->no_integrity)
        stun_put_integrity(&buf, slice_of(check->pwd ? check->pwd : pwd));
    stun_put_fingerprint(&buf);
    assert_false(buf.overflow);
    return buf.len;
}

static enum err feed_to(struct ice *ice, const char *to, const char *from,
                        const struct check *check, int64_t now_ms)
{
    char mem[STUN_SEND_MAX];
    struct ice_path path;
    assert_int_equal(addr_parse(slice_of(from), 0, &path.remote), OK);
    assert_int_equal(addr_parse(slice_of(to), 0, &path.local), OK);
    size_t len = make_check(check, mem);
    return ice_feed(ice, &path, slice_make(mem, len), now_ms);
}

static enum err feed(struct ice *ice, const char *from, const struct check *check, int64_t now_ms)
{
    return feed_to(ice, strchr(from, '[') ? "[2001:db8::1]:9" : "10.0.0.1:9", from, check, now_ms);
}

static struct ice *create(struct seen *seen)
{
    *seen = (struct seen){ 0 };
    return ice_create(SLICE("lite"), slice_of(pwd), &events, seen);
}

static void assert_selected(const struct ice *ice, const char *want)
{
    char text[ADDR_TEXT];
    assert_non_null(ice_selected(ice));
    assert_string_equal(addr_print(&ice_selected(ice)->remote, text), want);
}

static void parse_sent(const struct seen *seen, struct stun_msg *msg)
{
    assert_int_equal(stun_parse(msg, slice_make(seen->sent, seen->sent_len)), OK);
    assert_int_equal(stun_check_integrity(msg, slice_of(pwd)), OK);
    assert_int_equal(stun_check_fingerprint(msg), OK);
}

static void test_check_is_answered(void **state)
{
    (void)state;
    static const char *const froms[] = { "10.0.0.9:5000", "[2001:db8::9]:5000" };
    for (size_t i = 0; i < COUNT_OF(froms); i++) {
        struct seen seen;
        struct ice *ice = create(&seen);
        struct stun_msg msg;
        struct addr mapped;
        char text[ADDR_TEXT];
        assert_null(ice_selected(ice));
        assert_int_equal(feed(ice, froms[i], &(struct check){ 0 }, 0), OK);
        parse_sent(&seen, &msg);
        assert_int_equal(msg.class, STUN_SUCCESS);
        assert_true(stun_find_addr(&msg, STUN_XOR_MAPPED_ADDRESS, &mapped));
        assert_string_equal(addr_print(&mapped, text), froms[i]);
        assert_true(addr_eq(&seen.sent_on.remote, &mapped));
        assert_int_equal(seen.n_pairs, 1);
        assert_selected(ice, froms[i]);
        ice_destroy(ice);
    }
}

static void test_strangers_get_silence(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    const char *from = "10.0.0.9:5000";
    assert_int_equal(feed(ice, from, &(struct check){ .username = "nope:full" }, 0), ERR_NOT_FOUND);
    assert_int_equal(feed(ice, from, &(struct check){ .username = "" }, 0), ERR_NOT_FOUND);
    assert_int_equal(feed(ice, from, &(struct check){ .pwd = "guess" }, 0), ERR_AUTH);
    assert_int_equal(feed(ice, from, &(struct check){ .no_integrity = true }, 0), ERR_AUTH);
    assert_int_equal(seen.n_sent, 0);
    assert_int_equal(seen.n_pairs, 0);
    assert_null(ice_selected(ice));
    ice_destroy(ice);
}

static void assert_refused(const struct check *check, unsigned want)
{
    struct seen seen;
    struct ice *ice = create(&seen);
    struct stun_msg msg;
    unsigned code = 0;
    struct slice reason;
    assert_int_equal(feed(ice, "10.0.0.9:5000", check, 0), ERR_UNSUPPORTED);
    parse_sent(&seen, &msg);
    assert_int_equal(msg.class, STUN_ERROR);
    assert_true(stun_find_error(&msg, &code, &reason));
    assert_int_equal(code, want);
    assert_null(ice_selected(ice));
    ice_destroy(ice);
}

static void test_refusals_name_the_reason(void **state)
{
    (void)state;
    assert_refused(&(struct check){ .controlled = true }, 487);
    assert_refused(&(struct check){ .extra = 0x7abc }, 420);
}

static void assert_local(const struct ice_path *path, const char *want)
{
    char text[ADDR_TEXT];
    assert_string_equal(addr_print(&path->local, text), want);
}

/* One socket of the peer's tries two addresses of ours: two pairs, each answered from its own. */
static void test_a_pair_has_two_ends(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    const char *from = "127.0.0.1:5000", *lo = "127.0.0.1:9", *lan = "10.0.0.1:9";
    assert_int_equal(feed_to(ice, lo, from, &(struct check){ 0 }, 0), OK);
    assert_local(&seen.sent_on, lo);
    assert_int_equal(feed_to(ice, lan, from, &(struct check){ .use = true }, 10), OK);
    assert_local(&seen.sent_on, lan);
    assert_local(ice_selected(ice), lan);
    assert_int_equal(feed_to(ice, lo, from, &(struct check){ 0 }, 20), OK);
    assert_local(&seen.sent_on, lo);
    assert_local(ice_selected(ice), lan); /* a later check does not move what was nominated */
    for (int64_t now = 2500; now <= 35000; now += 2500)
        assert_int_equal(feed_to(ice, lan, from, &(struct check){ .use = true }, now), OK);
    ice_tick(ice, 35000); /* the loopback pair is dead, its remote address is not */
    assert_int_equal(seen.n_gone, 0);
    ice_close(ice);
    assert_int_equal(seen.n_gone, 1);
    ice_destroy(ice);
}

static void test_last_nomination_wins(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    const char *a = "10.0.0.1:1", *b = "10.0.0.2:2", *c = "10.0.0.3:3";
    assert_int_equal(feed(ice, a, &(struct check){ .priority = 10 }, 0), OK);
    assert_int_equal(feed(ice, b, &(struct check){ .priority = 20 }, 10), OK);
    assert_selected(ice, b); /* the best valid one until one is nominated */
    assert_int_equal(feed(ice, a, &(struct check){ .priority = 10, .use = true }, 20), OK);
    assert_selected(ice, a);
    assert_int_equal(feed(ice, c, &(struct check){ .priority = 99 }, 30), OK);
    assert_selected(ice, a); /* better, but not nominated */
    assert_int_equal(feed(ice, b, &(struct check){ .priority = 20, .use = true }, 40), OK);
    assert_selected(ice, b);
    assert_int_equal(seen.n_selected, 4);
    ice_destroy(ice);
}

static void test_aggressive_nomination_settles(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    const struct check low = { .priority = 10, .use = true },
                       high = { .priority = 20, .use = true };
    for (int64_t now = 0; now < 20000; now += 500) {
        assert_int_equal(feed(ice, "10.0.0.2:2", &high, now), OK);
        assert_int_equal(feed(ice, "10.0.0.1:1", &low, now + 20), OK);
    }
    assert_selected(ice, "10.0.0.2:2");
    assert_true(seen.n_selected <= 3); /* no flapping */
    /* the better path dies: the other is taken once its nomination is the only fresh one */
    for (int64_t now = 20000; now < 25000; now += 500)
        assert_int_equal(feed(ice, "10.0.0.1:1", &low, now), OK);
    assert_selected(ice, "10.0.0.1:1");
    ice_destroy(ice);
}

static void test_consent_is_lost_after_30_s(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    for (int64_t now = 0; now <= 60000; now += 2500) { /* as often as Chromium does */
        assert_int_equal(feed(ice, "10.0.0.1:1", &(struct check){ .use = true }, now), OK);
        ice_tick(ice, now + 50);
    }
    assert_int_equal(feed(ice, "10.0.0.1:1", &(struct check){ .pwd = "guess" }, 85000), ERR_AUTH);
    ice_tick(ice, 60000 + ICE_CONSENT_MS - 1);
    assert_int_equal(seen.n_failed, 0);
    ice_tick(ice, 60000 + ICE_CONSENT_MS);
    ice_tick(ice, 60000 + 2 * ICE_CONSENT_MS);
    assert_int_equal(seen.n_failed, 1);
    assert_int_equal(seen.err, ERR_TIMEOUT);
    assert_non_null(strstr(seen.text, "consent lost"));
    assert_int_equal(seen.n_gone, 1);
    assert_null(ice_selected(ice));
    ice_destroy(ice);
}

static void test_a_dead_pair_gives_way_to_a_live_one(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    assert_int_equal(feed(ice, "10.0.0.1:1", &(struct check){ .use = true }, 1), OK);
    for (int64_t now = 0; now <= 40000; now += 2500) {
        assert_int_equal(feed(ice, "10.0.0.2:2", &(struct check){ 0 }, now), OK);
        ice_tick(ice, now);
    }
    assert_selected(ice, "10.0.0.2:2");
    assert_int_equal(seen.n_gone, 1);
    assert_int_equal(seen.n_failed, 0);
    ice_destroy(ice);
}

static void test_no_check_at_all_is_a_failure_once_expected(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    ice_tick(ice, 500000); /* an offer may ring for long */
    assert_int_equal(seen.n_failed, 0);
    ice_set_remote(ice, 500000);
    ice_add_candidate(ice);
    ice_tick(ice, 529999);
    assert_int_equal(seen.n_failed, 0);
    ice_tick(ice, 530000);
    assert_int_equal(seen.n_failed, 1);
    assert_int_equal(seen.err, ERR_TIMEOUT);
    assert_non_null(strstr(seen.text, "1 candidates"));
    ice_destroy(ice);
}

static void test_restart_keeps_the_old_until_the_new_is_used(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    const struct check old = { .use = true };
    const struct check new = { .username = "again:full2", .pwd = "ABCDEFabcdef0123456789" };
    assert_int_equal(feed(ice, "10.0.0.1:1", &new, 0), ERR_NOT_FOUND);
    ice_restart(ice, SLICE("again"), slice_of(new.pwd));
    assert_int_equal(feed(ice, "10.0.0.1:1", &old, 0), OK);
    assert_int_equal(feed(ice, "10.0.0.1:1", &new, 10), OK);
    assert_int_equal(feed(ice, "10.0.0.1:1", &old, 20), ERR_NOT_FOUND);
    assert_int_equal(feed(ice, "10.0.0.1:1", &new, 30), OK);
    ice_destroy(ice);
}

static void test_many_addresses_stay_bounded(void **state)
{
    (void)state;
    struct seen seen;
    struct ice *ice = create(&seen);
    assert_int_equal(feed(ice, "10.0.1.1:1", &(struct check){ .use = true }, 0), OK);
    for (int i = 0; i < 100; i++) {
        char from[ADDR_TEXT];
        snprintf(from, sizeof from, "10.0.0.%d:9", i);
        assert_int_equal(feed(ice, from, &(struct check){ 0 }, i), OK);
    }
    assert_selected(ice, "10.0.1.1:1");
    assert_int_equal(seen.n_pairs, 101);
    assert_int_equal(seen.n_gone, 101 - ICE_PAIRS_MAX);
    ice_close(ice);
    assert_int_equal(seen.n_gone, 101);
    assert_null(ice_selected(ice));
    ice_destroy(ice);
}

static void test_ufrag_of_a_check(void **state)
{
    (void)state;
    char mem[STUN_SEND_MAX];
    struct slice ufrag;
    size_t len = make_check(&(struct check){ 0 }, mem);
    assert_true(ice_check_ufrag(slice_make(mem, len), &ufrag));
    assert_true(slice_is(ufrag, "lite"));
    mem[0] = 0x01; /* a response has no business there */
    assert_false(ice_check_ufrag(slice_make(mem, len), &ufrag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_is_answered),
        cmocka_unit_test(test_strangers_get_silence),
        cmocka_unit_test(test_refusals_name_the_reason),
        cmocka_unit_test(test_a_pair_has_two_ends),
        cmocka_unit_test(test_last_nomination_wins),
        cmocka_unit_test(test_aggressive_nomination_settles),
        cmocka_unit_test(test_consent_is_lost_after_30_s),
        cmocka_unit_test(test_a_dead_pair_gives_way_to_a_live_one),
        cmocka_unit_test(test_no_check_at_all_is_a_failure_once_expected),
        cmocka_unit_test(test_restart_keeps_the_old_until_the_new_is_used),
        cmocka_unit_test(test_many_addresses_stay_bounded),
        cmocka_unit_test(test_ufrag_of_a_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
