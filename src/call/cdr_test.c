/* What the store keeps of a call that is over. */
#include "test_leg.h"

struct answer {
    unsigned n;
    char row[600];
    char lines[4000];
};

static void on_call(void *owner, const struct store_answer *got)
{
    struct answer *answer = owner;
    assert_int_equal(got->err, OK);
    answer->n = (unsigned)got->n;
    if (!got->n)
        return;
    const struct store_call *row = STORE_ROWS(got, store_call);
    snprintf(answer->row, sizeof answer->row, "%s %s %s>%s trunk=%s %s/%s %s %d by=%s %s up=%d",
             row->direction, row->face, row->from, row->to, row->trunk, row->codec_a, row->codec_b,
             row->cause, (int)row->code, row->ended_by, row->correlation,
             (int)(row->answered_ms ? row->ended_ms - row->answered_ms : -1));
    assert_string_equal(row->state, "done");
    assert_true(row->created_ms > 0 && row->ended_ms >= row->created_ms);
    json_t *stats = json_loads(row->stats, 0, NULL);
    json_t *legs = json_object_get(stats, "legs");
    assert_true(json_is_array(legs));
    json_decref(stats);
}

static void on_events(void *owner, const struct store_answer *got)
{
    struct answer *answer = owner;
    struct buf out = BUF_ON(answer->lines);
    const struct store_event *rows = STORE_ROWS(got, store_event);
    assert_int_equal(got->err, OK);
    for (size_t i = 0; i < got->n; i++)
        buf_printf(&out, "%d %s %s\n", (int)rows[i].leg, rows[i].kind, rows[i].text);
    (void)buf_cstr(&out);
}

/* The last call's record and timeline. */
static void read_back(struct world *w, struct answer *answer)
{
    *answer = (struct answer){ 0 };
    const char *id = json_string_value(json_object_get(w->record, "id"));
    store_call_find(w->store, id, (struct store_reply){ on_call, answer });
    store_event_list(w->store, id, (struct store_reply){ on_events, answer });
    loop_advance(w->loop, 10);
    assert_int_equal(answer->n, 1);
}

static void test_answered(void **state)
{
    struct world *w = *state;
    struct answer answer;
    world_route(w, "out", "trunk:acme/+15551234567");
    world_call(w, "out");
    loop_advance(w->loop, 500);
    rings(w, "acme");
    loop_advance(w->loop, 1000);
    answers(w, "acme");
    loop_advance(w->loop, 7000);
    hangs_up(w, "acme");
    read_back(w, &answer);
    assert_string_equal(answer.row, "out test alice>out trunk=acme PCMU/PCMU hangup 200 by=remote "
                                    "session-1 up=7000");
    assert_string_equal(answer.lines, "1 leg fake from alice\n"
                                      "0 route route out -> trunk:acme/+15551234567\n"
                                      "0 state dialing\n"
                                      "2 leg fake to acme through acme\n"
                                      "2 state trying acme\n"
                                      "2 state ringing 180\n"
                                      "0 state ringing\n"
                                      "2 state answered\n"
                                      "2 codec negotiated PCMU\n"
                                      "0 state up\n"
                                      "0 media legs 1 and 2 joined\n"
                                      "2 state done 200 hangup (remote): The call ended normally.\n"
                                      "1 state done 200 hangup (local): The call ended normally.\n"
                                      "0 cause hangup: The call ended normally.\n"
                                      "0 state done\n");
}

static void test_refused(void **state)
{
    struct world *w = *state;
    struct answer answer;
    world_route(w, "bob", "user:bob");
    world_call(w, "bob");
    refuses(w, "bob", 486);
    read_back(w, &answer);
    assert_string_equal(answer.row,
                        "internal test alice>bob trunk= / busy 486 by=remote session-1 up=-1");
    assert_non_null(strstr(answer.lines, "2 state done 486 busy (remote): The far end is busy.\n"));
    world_call(w, "nowhere");
    read_back(w, &answer);
    assert_string_equal(answer.row, "internal test alice>nowhere trunk= / no_route 404 by=system "
                                    "session-1 up=-1");
}

/* A trunk that refused is named too: whose fault it was is the question. */
static void test_refused_by_a_trunk(void **state)
{
    struct world *w = *state;
    struct answer answer;
    world_route(w, "out", "trunk:acme/1; trunk:spare/1");
    world_call(w, "out");
    refuses(w, "acme", 403);
    refuses(w, "spare", 503);
    read_back(w, &answer);
    assert_string_equal(answer.row, "out test alice>out trunk=spare / forbidden 403 by=remote "
                                    "session-1 up=-1");
}

static void test_words_of_a_peer_that_are_no_utf8(void **state)
{
    struct world *w = *state;
    struct answer answer;
    world_route(w, "bob", "user:bob");
    struct fake *alice = fake_create(w, "alice", true);
    snprintf(alice->leg.party, sizeof alice->leg.party, "\xff\xfe");
    world_call_as(w, alice, "bob");
    struct cause why = cause_of_status(486, CAUSE_BY_REMOTE,
                                       "besch\xe4"
                                       "ftigt");
    leg_on_ended(leg_named(w, "bob"), &why);
    read_back(w, &answer);
    assert_non_null(strstr(answer.row, "busy 486"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_answered),
        CASE(test_refused),
        CASE(test_refused_by_a_trunk),
        CASE(test_words_of_a_peer_that_are_no_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
