/* The registrar's rules with and without digest, asked by a scripted phone; our own registration
 * against it is in sip_register_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip_auth.h"
#include "sip_registrar.h"
#include "sip_txn.h"
#include "test_net.h"

struct scene {
    struct sim sim;
    struct sip_agent *agent;
    struct sip_registrar *registrar;
    struct sim_peer phone;
    unsigned cseq;
    char log[512];
};

static void on_change(void *owner, enum sip_binding_change change,
                      const struct sip_binding *binding)
{
    static const char *const names[] = { "added", "refreshed", "removed", "expired" };
    struct scene *s = owner;
    size_t len = strlen(s->log);
    snprintf(s->log + len, sizeof s->log - len, "%s:%.*s ", names[change],
             SLICE_ARG(binding->contact));
}

static const struct sip_registrar_events events = { .on_change = on_change };
static const struct sip_agent_events agent_events = { 0 };

static int setup(void **state)
{
    struct scene *s = mem_new(struct scene);
    struct sip_agent_config agent = { 0 };
    struct sip_registrar_config config = { .max_contacts = 3 };
    sim_init(&s->sim);
    s->agent = sim_agent(&s->sim, "10.0.0.2:5060", &agent, &agent_events, s);
    s->registrar = sip_registrar_create(s->sim.loop, &config, &events, s);
    sip_agent_handle(s->agent, SLICE("REGISTER"), sip_registrar_handle, s->registrar);
    sim_peer_init(&s->phone, &s->sim, "10.0.0.3:5060");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    sip_registrar_destroy(s->registrar);
    sip_agent_destroy(s->agent);
    sim_peer_clear(&s->phone);
    sim_clear(&s->sim);
    mem_free(s);
    return 0;
}

static const struct sip_msg *ask(struct scene *s, const char *call_id, unsigned cseq,
                                 const char *to, const char *headers)
{
    static unsigned count;
    char text[4096];
    struct buf out = BUF_ON(text);
    buf_printf(&out,
               "REGISTER sip:example.com SIP/2.0\r\n"
               "Via: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK%u;rport\r\n"
               "From: <sip:%s>;tag=f%u\r\nTo: <sip:%s>\r\nCall-ID: %s\r\nCSeq: %u REGISTER\r\n"
               "User-Agent: phone/1\r\n%sContent-Length: 0\r\n\r\n",
               count, to, count, to, call_id, cseq, headers);
    count++;
    sim_peer_clear(&s->phone);
    sim_peer_say(&s->phone, "10.0.0.2:5060", buf_cstr(&out));
    loop_advance(s->sim.loop, 20);
    return s->phone.n ? s->phone.got[0] : NULL;
}

static const struct sip_msg *put(struct scene *s, const char *headers)
{
    return ask(s, "reg", ++s->cseq, "alice@example.com", headers);
}

#define OUTBOUND "Supported: path, outbound\r\n"

static size_t lookup(struct scene *s, const char *aor, const struct sip_binding **list)
{
    return sip_registrar_lookup(s->registrar, slice_of(aor), list, 8);
}

static void a_contact_is_bound_refreshed_and_removed(void **state)
{
    struct scene *s = *state;
    const struct sip_binding *list[8];
    const struct sip_msg *ok = put(s, "Contact: <sip:a@10.0.0.3:5062>;expires=120\r\n");
    assert_int_equal(sip_msg_status(ok), 200);
    assert_true(slice_is(sip_msg_value(ok, SIP_H_CONTACT), "<sip:a@10.0.0.3:5062>;expires=120"));
    assert_int_equal(lookup(s, "alice@EXAMPLE.com", list), 1);
    assert_true(slice_is(list[0]->contact, "sip:a@10.0.0.3:5062"));
    assert_true(slice_is(list[0]->aor, "alice@example.com"));
    assert_true(slice_is(list[0]->user_agent, "phone/1"));
    assert_int_equal(addr_port(&list[0]->flow.remote), 5062); /* where it wants to be called */
    assert_int_equal(lookup(s, "bob@example.com", list), 0);
    loop_advance(s->sim.loop, 60000);
    ok = put(s, "");
    assert_true(slice_is(sip_msg_value(ok, SIP_H_CONTACT), "<sip:a@10.0.0.3:5062>;expires=60"));
    put(s, "Contact: <sip:a@10.0.0.3:5062>\r\nExpires: 600\r\n");
    put(s, "Contact: <sip:a@10.0.0.3:5062>;expires=0\r\n");
    assert_int_equal(sip_registrar_count(s->registrar), 0);
    assert_string_equal(s->log, "added:sip:a@10.0.0.3:5062 refreshed:sip:a@10.0.0.3:5062 "
                                "removed:sip:a@10.0.0.3:5062 ");
}

static void behind_nat_only_the_way_back_counts(void **state)
{
    struct scene *s = *state;
    const struct sip_binding *list[8];
    put(s, "Contact: <sip:a@192.168.0.9:5070>\r\n");
    assert_int_equal(lookup(s, "alice@example.com", list), 1);
    assert_int_equal(addr_port(&list[0]->flow.remote), 5060);
}

static void bindings_expire(void **state)
{
    struct scene *s = *state;
    put(s, "Contact: <sip:a@10.0.0.3>;expires=60, <sip:b@10.0.0.3>\r\nExpires: 90\r\n");
    loop_advance(s->sim.loop, 59900);
    assert_int_equal(sip_registrar_count(s->registrar), 2);
    loop_advance(s->sim.loop, 100);
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    loop_advance(s->sim.loop, 30000);
    assert_string_equal(s->log, "added:sip:a@10.0.0.3 added:sip:b@10.0.0.3 "
                                "expired:sip:a@10.0.0.3 expired:sip:b@10.0.0.3 ");
}

static void times_are_kept_in_bounds(void **state)
{
    struct scene *s = *state;
    const struct sip_msg *msg = put(s, "Contact: <sip:a@10.0.0.3>;expires=5\r\n");
    assert_int_equal(sip_msg_status(msg), 423);
    assert_true(slice_is(sip_msg_value(msg, SIP_H_MIN_EXPIRES), "60"));
    assert_int_equal(sip_registrar_count(s->registrar), 0);
    msg = put(s, "Contact: <sip:a@10.0.0.3>;expires=99999\r\n");
    assert_true(slice_is(sip_msg_value(msg, SIP_H_CONTACT), "<sip:a@10.0.0.3>;expires=7200"));
    msg = put(s, "Contact: <sip:a@10.0.0.3>\r\n");
    assert_true(slice_is(sip_msg_value(msg, SIP_H_CONTACT), "<sip:a@10.0.0.3>;expires=3600"));
}

static void the_best_q_comes_first_then_the_newest(void **state)
{
    struct scene *s = *state;
    const struct sip_binding *list[8];
    put(s, "Contact: <sip:a@10.0.0.3>;q=0.5\r\n");
    put(s, "Contact: <sip:b@10.0.0.3>;q=0.9\r\n");
    put(s, "Contact: <sip:c@10.0.0.3>;q=0.5\r\n");
    assert_int_equal(lookup(s, "alice@example.com", list), 3);
    assert_true(slice_is(list[0]->contact, "sip:b@10.0.0.3"));
    assert_true(slice_is(list[1]->contact, "sip:c@10.0.0.3"));
    assert_true(slice_is(list[2]->contact, "sip:a@10.0.0.3"));
    put(s, "Contact: <sip:d@10.0.0.3>;q=0.1\r\n"); /* one too many: the oldest makes room */
    assert_int_equal(lookup(s, "alice@example.com", list), 3);
    assert_non_null(strstr(s->log, "removed:sip:a@10.0.0.3 added:sip:d@10.0.0.3 "));
}

static void equal_uris_are_one_binding(void **state)
{
    struct scene *s = *state;
    put(s, "Contact: <sip:a@10.0.0.3;transport=udp>\r\n");
    put(s, "Contact: <sip:%61@10.0.0.3;Transport=UDP>\r\n");
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    put(s, OUTBOUND "Contact: <sip:x@10.0.0.3:1111>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n");
    const struct sip_msg *ok = put(
        s, OUTBOUND "Contact: <sip:x@10.0.0.3:2222>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n");
    assert_int_equal(sip_registrar_count(s->registrar), 2);
    struct slice value = sip_msg_value(ok, SIP_H_CONTACT);
    assert_true(slice_starts(value, SLICE("<sip:x@10.0.0.3:2222>;expires=3600")));
    assert_true(slice_find(value, SLICE("+sip.instance=\"<urn:uuid:1>\";reg-id=1")) < value.len);
}

static void the_wildcard_removes_all_and_nothing_else(void **state)
{
    struct scene *s = *state;
    put(s, "Contact: <sip:a@10.0.0.3>, <sip:b@10.0.0.3>\r\n");
    assert_int_equal(sip_msg_status(put(s, "Contact: *\r\n")), 400);
    assert_int_equal(sip_msg_status(put(s, "Contact: *\r\nExpires: 60\r\n")), 400);
    assert_int_equal(
        sip_msg_status(put(s, "Contact: <sip:c@10.0.0.3>\r\nContact: *\r\nExpires: 0\r\n")), 400);
    assert_int_equal(sip_registrar_count(s->registrar), 2);
    assert_int_equal(sip_msg_status(put(s, "Contact: *\r\nExpires: 0\r\n")), 200);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
}

static void an_older_request_does_not_undo_a_newer(void **state)
{
    struct scene *s = *state;
    ask(s, "one", 5, "alice@example.com", "Contact: <sip:a@10.0.0.3>\r\n");
    const struct sip_msg *msg =
        ask(s, "one", 4, "alice@example.com", "Contact: <sip:a@10.0.0.3>;expires=0\r\n");
    assert_int_equal(sip_msg_status(msg), 500);
    msg = ask(s, "one", 5, "alice@example.com", "Contact: *\r\nExpires: 0\r\n");
    assert_int_equal(sip_msg_status(msg), 500);
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    /* another Call-ID: the phone started anew */
    msg = ask(s, "two", 1, "alice@example.com", "Contact: <sip:a@10.0.0.3>;expires=0\r\n");
    assert_int_equal(sip_msg_status(msg), 200);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
}

static void a_request_is_taken_whole_or_not_at_all(void **state)
{
    struct scene *s = *state;
    const struct sip_msg *msg = put(s, "Contact: <sip:a@10.0.0.3>, <mailto:a@b>\r\n");
    assert_int_equal(sip_msg_status(msg), 400);
    msg = put(s, "Contact: <sip:a@10.0.0.3>, <sip:b@10.0.0.3>;q=7\r\n");
    assert_int_equal(sip_msg_status(msg), 400);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
    assert_string_equal(s->log, "");
    msg = ask(s, "x", 1, "example.com", "Contact: <sip:a@10.0.0.3>\r\n");
    assert_int_equal(sip_msg_status(msg), 404); /* no user in it */
}

static void the_path_is_kept_and_told(void **state)
{
    struct scene *s = *state;
    const struct sip_binding *list[8];
    const struct sip_msg *ok =
        put(s, "Contact: <sip:a@10.0.0.3>\r\nPath: <sip:p1;lr>, <sip:p2;lr>\r\n");
    assert_int_equal(sip_msg_count(ok, SIP_H_PATH), 2);
    assert_int_equal(lookup(s, "alice@example.com", list), 1);
    assert_int_equal(list[0]->n_paths, 2);
    assert_true(slice_is(list[0]->path[0], "sip:p1;lr"));
}

static void bindings_are_loaded_listed_and_removed_by_hand(void **state)
{
    struct scene *s = *state;
    struct sip_binding kept = { .aor = SLICE("carol@Example.Com"),
                                .contact = SLICE("sip:c@10.0.0.9"),
                                .q = 1000,
                                .expires_wall_ms = loop_wall_ms(s->sim.loop) + 5000 };
    assert_int_equal(sip_registrar_load(s->registrar, &kept), OK);
    assert_string_equal(s->log, "");
    put(s, "Contact: <sip:a@10.0.0.3>\r\n");
    size_t cursor = 0;
    size_t n = 0;
    while (sip_registrar_next(s->registrar, &cursor))
        n++;
    assert_int_equal(n, 2);
    loop_advance(s->sim.loop, 6000);
    assert_non_null(strstr(s->log, "expired:sip:c@10.0.0.9 "));
    assert_int_equal(sip_registrar_load(s->registrar, &kept), ERR_TIMEOUT);
    sip_registrar_remove(s->registrar, SLICE("alice@example.com"), SLICE_NONE);
    assert_int_equal(sip_registrar_count(s->registrar), 0);
}

#define PHONE "Contact: <sip:x@10.0.0.3:1111;ob>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n"

static void a_reg_id_counts_where_every_hop_speaks_outbound(void **state)
{
    struct scene *s = *state;
    const struct sip_msg *ok = put(s, OUTBOUND PHONE);
    assert_int_equal(sip_msg_status(ok), 200);
    assert_true(sip_msg_lists(ok, SIP_H_REQUIRE, "outbound"));
    ok = put(s, OUTBOUND PHONE "Path: <sip:edge.test;lr>\r\n");
    assert_int_equal(sip_msg_status(ok), 439);
    ok = put(s, OUTBOUND PHONE "Path: <sip:edge.test;lr;ob>\r\n");
    assert_int_equal(sip_msg_status(ok), 200);
    assert_int_equal(sip_registrar_count(s->registrar), 1);
    /* a phone that does not speak it is known by its Contact */
    ok = put(s, PHONE "Path: <sip:edge.test;lr>\r\n");
    assert_int_equal(sip_msg_status(ok), 200);
    assert_false(sip_msg_lists(ok, SIP_H_REQUIRE, "outbound"));
}

/* The URI of a Contact parameter, parsed; its text lives until the next call. */
static struct sip_uri gruu_in(const struct sip_msg *ok, const char *name)
{
    static char text[300];
    struct sip_name_addr contact;
    struct slice value;
    struct sip_uri uri;
    assert_int_equal(sip_name_addr_parse(sip_msg_value(ok, SIP_H_CONTACT), &contact), OK);
    assert_true(sip_param_find(contact.params, name, &value));
    assert_true(slice_copy(value, text, sizeof text));
    assert_int_equal(sip_uri_parse(slice_of(text), &uri), OK);
    return uri;
}

static void a_gruu_names_one_phone(void **state)
{
    struct scene *s = *state;
    const struct sip_binding *found[2];
    const struct sip_msg *ok = put(s, "Supported: gruu\r\n" PHONE);
    struct sip_uri uri = gruu_in(ok, "pub-gruu");
    assert_true(slice_is(uri.text, "sip:alice@example.com;gr=urn:uuid:1"));
    assert_int_equal(sip_registrar_find_gruu(s->registrar, &uri, found, 2), 1);
    assert_true(slice_starts(found[0]->contact, SLICE("sip:x@10.0.0.3:1111")));
    uri = gruu_in(ok, "temp-gruu");
    assert_false(slice_find(uri.text, SLICE("alice")) < uri.text.len);
    assert_int_equal(sip_registrar_find_gruu(s->registrar, &uri, found, 2), 1);
    /* another one each time, and the old one stays good */
    char first[200];
    assert_true(slice_copy(uri.text, first, sizeof first));
    ok = put(s, "Supported: gruu\r\n" PHONE);
    uri = gruu_in(ok, "temp-gruu");
    assert_false(slice_is(uri.text, first));
    assert_int_equal(sip_registrar_find_gruu(s->registrar, &uri, found, 2), 1);
    assert_int_equal(sip_uri_parse(slice_of(first), &uri), OK);
    assert_int_equal(sip_registrar_find_gruu(s->registrar, &uri, found, 2), 1);
    /* one bit of it makes it nobody's, as does a new registration */
    char *digit = strchr(first, '-') + 20;
    *digit = *digit == '0' ? '1' : '0';
    assert_int_equal(sip_uri_parse(slice_of(first), &uri), OK);
    assert_int_equal(sip_registrar_find_gruu(s->registrar, &uri, found, 2), 0);
    uri = gruu_in(ok, "temp-gruu");
    put(s, "Contact: *\r\nExpires: 0\r\n");
    assert_int_equal(sip_registrar_find_gruu(s->registrar, &uri, found, 2), 0);
    /* who did not ask sees none, and none is a place to be reached at */
    ok = put(s, PHONE);
    assert_int_equal(slice_find(sip_msg_value(ok, SIP_H_CONTACT), SLICE("gruu")),
                     sip_msg_value(ok, SIP_H_CONTACT).len);
    ok = put(s, "Contact: <sip:alice@example.com;gr=urn:uuid:1>\r\n");
    assert_int_equal(sip_msg_status(ok), 403);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_contact_is_bound_refreshed_and_removed),
        SCENE(behind_nat_only_the_way_back_counts),
        SCENE(bindings_expire),
        SCENE(times_are_kept_in_bounds),
        SCENE(the_best_q_comes_first_then_the_newest),
        SCENE(equal_uris_are_one_binding),
        SCENE(the_wildcard_removes_all_and_nothing_else),
        SCENE(an_older_request_does_not_undo_a_newer),
        SCENE(a_request_is_taken_whole_or_not_at_all),
        SCENE(the_path_is_kept_and_told),
        SCENE(a_reg_id_counts_where_every_hop_speaks_outbound),
        SCENE(a_gruu_names_one_phone),
        SCENE(bindings_are_loaded_listed_and_removed_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
