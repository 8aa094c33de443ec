/* Scripts on a simulated loop: alice calls, a script drives her, and the events tell what it
 * thinks. Legs have no streams here, so a sound takes its time and nothing is heard. */
#include "script/script.h"

#include "call/test_leg.h"
#include "script/script_priv.h"

struct stage {
    struct world world; /* first */
    struct scripts *scripts;
    const char *document;
    size_t queue_max;
    char events[4000]; /* "play:playing play:finished say:{…} " */
};

static const char *find(void *owner, struct slice name)
{
    const struct stage *stage = owner;
    return slice_is(name, "ivr") ? stage->document : NULL;
}

static size_t queue_max(void *owner, const char *project_id, const char *name)
{
    const struct stage *stage = owner;
    assert_string_equal(project_id, "");
    assert_string_equal(name, "support");
    return stage->queue_max;
}

static void on_event(void *owner, const struct script_event *event)
{
    struct stage *stage = owner;
    size_t len = strlen(stage->events);
    const char *name = strrchr(event->type, '.');
    const json_t *said = json_object_get(event->params, "event");
    const char *state = json_string_value(json_object_get(event->params, "state"));
    if (!state)
        state = json_string_value(json_object_get(event->params, "connect_state"));
    char *text = said ? json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!state)
        state = json_string_value(json_object_get(event->params, "error"));
    snprintf(stage->events + len, sizeof stage->events - len, "%s:%s ", name ? name + 1 : "say",
             text    ? text
             : state ? state
                     : "");
    mem_free(text);
    assert_non_null(json_object_get(event->params, "call_id"));
}

static int setup(void **state)
{
    struct stage *stage = mem_new(struct stage);
    world_create(&stage->world, 0);
    const struct scripts_config config = { .loop = stage->world.loop,
                                           .on_event = on_event,
                                           .find = find,
                                           .queue_max = queue_max,
                                           .owner = stage,
                                           .record_dir = "/nonexistent" };
    stage->scripts = scripts_create(&config);
    scripts_set_calls(stage->scripts, stage->world.calls, stage->world.router);
    stage->world.kinds[1] = (struct leg_kind){ "swml", scripts_dial, stage->scripts };
    world_route(&stage->world, "ivr", "swml:ivr");
    world_route(&stage->world, "bob", "user:bob");
    world_route(&stage->world, "carol", "user:carol");
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    loop_advance(stage->world.loop, 100);
    assert_true(list_empty(&stage->scripts->live));
    world_destroy(&stage->world);
    scripts_destroy(stage->scripts);
    mem_free(stage);
    return 0;
}

static struct call *run(struct stage *stage, const char *document)
{
    stage->document = document;
    struct call *call = world_call(&stage->world, "ivr");
    loop_advance(stage->world.loop, 10);
    return call;
}

static void expect_events(struct stage *stage, const char *text)
{
    assert_string_equal(stage->events, text);
    stage->events[0] = '\0';
}

static void press(struct stage *stage, const char *keys)
{
    for (; *keys; keys++)
        leg_on_dtmf(leg_named(&stage->world, "alice"), *keys, 100, true);
    loop_advance(stage->world.loop, 10);
}

#define SAY(values) "    - user_event: {event: " values "}\n"

static void test_flow(void **state)
{
    struct stage *stage = *state;
    run(stage,
        "sections:\n"
        "  main:\n"
        "    - set: {n: 0, word: a}\n"
        "    - label: again\n"
        "    - set: {n: '${n + 1}', twice: '${n * 2}'}\n"
        "    - goto: {label: again, max: 2}\n" SAY(
            "{n: '${n}', twice: '${twice}'}") "    - execute:\n"
                                              "        dest: sum\n"
                                              "        params: {a: 2, b: 3}\n"
                                              "        result: {case: {'5': [{set: {word: "
                                              "five}}]}, default: [{set: {word: "
                                              "other}}]}\n" SAY(
                                                  "{"
                                                  "w"
                                                  "o"
                                                  "r"
                                                  "d"
                                                  ":"
                                                  " "
                                                  "'"
                                                  "$"
                                                  "{"
                                                  "w"
                                                  "o"
                                                  "r"
                                                  "d"
                                                  "}"
                                                  "'"
                                                  ","
                                                  " "
                                                  "p"
                                                  "a"
                                                  "r"
                                                  "a"
                                                  "m"
                                                  "s"
                                                  ":"
                                                  " "
                                                  "'"
                                                  "$"
                                                  "{"
                                                  "p"
                                                  "a"
                                                  "r"
                                                  "a"
                                                  "m"
                                                  "s"
                                                  "."
                                                  "a"
                                                  "}"
                                                  "'"
                                                  "}") "    - unset: word\n" SAY("{word: "
                                                                                 "'${word}'"
                                                                                 "}") "    "
                                                                                      "- "
                                                                                      "switc"
                                                                                      "h: "
                                                                                      "{vari"
                                                                                      "able:"
                                                                                      " vars"
                                                                                      ".n, "
                                                                                      "case:"
                                                                                      " {'3'"
                                                                                      ": "
                                                                                      "[{"
                                                                                      "set: "
                                                                                      "{thre"
                                                                                      "e: "
                                                                                      "yes}}"
                                                                                      "]}}"
                                                                                      "\n" SAY(
                                                                                          "{three: "
                                                                                          "'${"
                                                                                          "three}'"
                                                                                          "}") "   "
                                                                                               " - "
                                                                                               "tra"
                                                                                               "nsf"
                                                                                               "er:"
                                                                                               " {"
                                                                                               "des"
                                                                                               "t: "
                                                                                               "res"
                                                                                               "t, "
                                                                                               "par"
                                                                                               "ams"
                                                                                               ": "
                                                                                               "{p:"
                                                                                               " "
                                                                                               "1}}"
                                                                                               "\n" SAY(
                                                                                                   "{never: 1}") "  sum:\n"
                                                                                                                 "    - cond:\n"
                                                                                                                 "        - when: params.a > 1\n"
                                                                                                                 "          then:\n"
                                                                                                                 "            - return: '${params.a + params.b}'\n" SAY(
                                                                                                                     "{never: 2}") "  rest:\n" SAY("{p: '${params.p}'}") "    - hangup: {}\n");
    expect_events(stage, "say:{\"n\":3,\"twice\":6} say:{\"params\":\"\",\"word\":\"five\"} "
                         "say:{\"word\":\"\"} say:{\"three\":\"yes\"} say:{\"p\":1} ");
    expect(&stage->world, "alice:end:480:unavailable ");
}

static void test_prompt_and_barge_in(void **state)
{
    struct stage *stage = *state;
    run(stage, "- prompt: {play: 'say:Press a key now please', max_digits: 3, terminators: '#'}\n"
               "- user_event: {event: {r: '${prompt_result}', v: '${prompt_value}'}}\n"
               "- prompt: {play: 'silence:1', initial_timeout: 2}\n"
               "- user_event: {event: {r: '${prompt_result}', v: '${prompt_value}'}}\n"
               "- prompt: {play: 'silence:0.1', max_digits: 5, digit_timeout: 1}\n"
               "- user_event: {event: {v: '${prompt_value}'}}\n");
    expect(&stage->world, "alice:answer:PCMU alice:join:swml:ivr ");
    expect_events(stage, "play:playing ");
    press(stage, "1");
    expect_events(stage, "play:finished collect:collecting ");
    press(stage, "2#");
    expect_events(stage,
                  "collect:finished say:{\"r\":\"match_digits\",\"v\":\"12\"} play:playing ");
    loop_advance(stage->world.loop, 2900);
    expect_events(stage, "play:finished ");
    loop_advance(stage->world.loop, 200);
    expect_events(
        stage, "collect:finished say:{\"r\":\"no_input\",\"v\":\"\"} play:playing play:finished ");
    press(stage, "7");
    loop_advance(stage->world.loop, 1010);
    expect_events(stage, "collect:collecting collect:finished say:{\"v\":\"7\"} ");
    expect(&stage->world, "alice:end:200:hangup ");
}

static void test_caller_hangs_up_in_every_kind_of_step(void **state)
{
    static const char *const steps[] = {
        "- sleep: -1\n",
        "- play: 'say:hello there everybody'\n",
        "- play: ['silence:5', 'ring:us']\n",
        "- prompt: {play: 'say:press'}\n",
        "- record: {beep: true}\n",
        "- record: {initial_timeout: 0}\n",
        "- record_call: {}\n- sleep: 1000\n",
        "- send_digits: 1WWW2\n",
        "- connect: {to: bob}\n",
        "- connect: {parallel: [{to: bob}, {to: carol}], ringback: ['ring:de']}\n",
        "- connect: {to: bob, answer_on_bridge: true}\n",
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        run(stage, steps[i]);
        loop_advance(stage->world.loop, 100);
        hangs_up(&stage->world, "alice");
        loop_advance(stage->world.loop, 10);
        assert_int_equal(calls_count(stage->world.calls), 0);
        assert_true(list_empty(&stage->world.legs));
        stage->world.log[0] = stage->events[0] = '\0';
    }
}

static void test_connect_joins_and_goes_on(void **state)
{
    struct stage *stage = *state;
    run(stage, "- connect: {serial: [{to: nobody}, {to: bob}, {to: carol}]}\n"
               "- user_event: {event: {r: '${connect_result}'}}\n");
    expect(&stage->world, "alice:answer:PCMU alice:join:swml:ivr bob:dial ");
    refuses(&stage->world, "bob", 486);
    loop_advance(stage->world.loop, 10);
    expect(&stage->world, "carol:dial ");
    rings(&stage->world, "carol");
    answers(&stage->world, "carol");
    loop_advance(stage->world.loop, 10);
    stage->world.log[0] = '\0'; /* how they are joined is the fakes' */
    press(stage, "5");
    expect(&stage->world, "carol:dtmf:5:100:relayed ");
    hangs_up(&stage->world, "carol");
    loop_advance(stage->world.loop, 10);
    assert_non_null(strstr(stage->events, "connect:connecting"));
    assert_non_null(
        strstr(stage->events, "connect:connected connect:disconnected say:{\"r\":\"connected\"} "));
    expect(&stage->world, "alice:end:200:hangup ");
}

static void test_connect_fails_with_a_reason(void **state)
{
    struct stage *stage = *state;
    run(stage,
        "- connect: {to: bob, timeout: 3, result: [{when: \"return_value == 'failed'\", then:"
        " [{user_event: {event: {why: '${connect_failed_reason}'}}}]}]}\n");
    loop_advance(stage->world.loop, 3100);
    assert_non_null(strstr(stage->events, "connect:failed say:{\"why\":\"no_answer\"} "));
    expect(&stage->world, "alice:answer:PCMU alice:join:swml:ivr bob:dial bob:end:408:no_answer "
                          "alice:end:200:hangup ");
}

static void test_full_queue(void **state)
{
    static const char document[] =
        "- enter_queue: {queue_name: support, transfer_after_bridge: main}\n"
        "- user_event: {event: {r: '${queue_result}'}}\n- sleep: 100\n";
    struct stage *stage = *state;
    stage->queue_max = 2;
    for (size_t i = 0; i < 2; i++) {
        run(stage, document);
        expect_events(stage, "queue: ");
    }
    run(stage, document);
    expect_events(stage, "say:{\"r\":\"failed\"} ");
    stage->queue_max = 3; /* as it is now */
    run(stage, document);
    expect_events(stage, "queue: ");
    for (size_t i = 0; i < 4; i++) {
        hangs_up(&stage->world, "alice");
        loop_advance(stage->world.loop, 10);
    }
}

static void test_confirm(void **state)
{
    struct stage *stage = *state;
    run(stage, "- connect:\n"
               "    to: bob\n"
               "    confirm:\n"
               "      - prompt: {play: 'silence:0.1'}\n"
               "      - cond: [{when: \"prompt_value != '1'\", then: [hangup]}]\n"
               "- user_event: {event: {r: '${connect_result}'}}\n");
    answers(&stage->world, "bob");
    loop_advance(stage->world.loop, 200);
    leg_on_dtmf(leg_named(&stage->world, "bob"), '2', 100, true);
    loop_advance(stage->world.loop, 100);
    assert_non_null(strstr(stage->events, "connect:failed say:{\"r\":\"failed\"} "));
    assert_non_null(strstr(stage->world.log, "bob:end:200:hangup"));
}

static void test_bounds(void **state)
{
    static const struct {
        const char *document, *code;
    } rows[] = {
        { "sections: {main: [{execute: main}]}", "relay_script_nested_too_deep" },
        { "sections: {main: [{transfer: main}]}", "relay_script_too_many_transfers" },
        { "sections: {main: [{label: a}, {goto: a}, {label: b}, {goto: a}, {goto: b}, {set: {x: "
          "'${x.y.z()}'}}]}",
          "relay_script_js_eval_error" },
        { "sections: {main: [{switch: {variable: x, case: {a: []}}}]}",
          "relay_script_method_no_matching_condition" },
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run(stage, rows[i].document);
        loop_advance(stage->world.loop, 100);
        if (!strstr(stage->events, rows[i].code))
            fail_msg("%s: %s", rows[i].document, stage->events);
        assert_int_equal(calls_count(stage->world.calls), 0);
        stage->world.log[0] = stage->events[0] = '\0';
    }
}

static void test_a_bad_document_touches_nothing(void **state)
{
    struct stage *stage = *state;
    run(stage, "- answer: {}\n- shout: {}\n");
    expect(&stage->world, "alice:end:500:server_error ");
    run(stage, "");
    expect(&stage->world, "alice:end:500:server_error ");
}

static void test_commands(void **state)
{
    struct stage *stage = *state;
    struct call *call = run(stage, "- answer\n- sleep: -1\n");
    char id[64];
    snprintf(id, sizeof id, "%s", call_id(call));
    struct fault fault = { 0 };
    json_t *params =
        json_loads("{\"control_id\": \"p1\", \"play\": [{\"type\": \"tts\", \"params\":"
                   " {\"text\": \"hello everybody out there\"}}], \"loop\": 0}",
                   0, NULL);
    stage->events[0] = '\0';
    assert_int_equal(
        scripts_command(stage->scripts, slice_of(id), "calling.play", params, NULL, &fault), OK);
    assert_int_equal(
        scripts_command(stage->scripts, slice_of(id), "calling.play", params, NULL, &fault),
        ERR_EXISTS);
    json_decref(params);
    params = json_pack("{s:s}", "control_id", "p1");
    loop_advance(stage->world.loop, 60000);
    expect_events(stage, "play:playing ");
    static const char *const commands[] = { "calling.play.pause", "calling.play.resume",
                                            "calling.play.stop" };
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        assert_int_equal(
            scripts_command(stage->scripts, slice_of(id), commands[i], params, NULL, &fault), OK);
    expect_events(stage, "play:paused play:playing play:finished ");
    assert_int_equal(
        scripts_command(stage->scripts, slice_of(id), "calling.play.stop", params, NULL, &fault),
        ERR_NOT_FOUND);
    assert_int_equal(
        scripts_command(stage->scripts, slice_of(id), "calling.dance", params, NULL, &fault),
        ERR_UNSUPPORTED);
    assert_int_equal(
        scripts_command(stage->scripts, SLICE("nobody"), "calling.end", params, NULL, &fault),
        ERR_NOT_FOUND);
    json_decref(params);
    params = json_loads("{\"digits\": {\"max\": 2}}", 0, NULL);
    assert_int_equal(
        scripts_command(stage->scripts, slice_of(id), "calling.collect", params, NULL, &fault), OK);
    press(stage, "42");
    expect_events(stage, "collect:collecting collect:finished ");
    json_decref(params);
    stage->world.log[0] = '\0';
    params = json_pack("{s:s}", "reason", "busy");
    assert_int_equal(
        scripts_command(stage->scripts, slice_of(id), "calling.end", params, NULL, &fault), OK);
    expect(&stage->world, "alice:end:486:busy ");
    json_decref(params);
}

static void test_dial_out_and_redirect(void **state)
{
    struct stage *stage = *state;
    struct script_dial dial = { .to = SLICE("bob"),
                                .from = SLICE("+1555"),
                                .status_url = "https://example.com/s",
                                .source.text =
                                    SLICE("- user_event: {event: {dir: '${call.direction}'}}\n"
                                          "- sleep: -1\n") };
    struct fault fault = { 0 };
    struct call *call;
    char id[64];
    assert_int_equal(scripts_dial_out(stage->scripts, &dial, &call, &fault), OK);
    snprintf(id, sizeof id, "%s", call_id(call));
    expect(&stage->world, "bob:dial ");
    rings(&stage->world, "bob");
    answers(&stage->world, "bob");
    loop_advance(stage->world.loop, 10);
    expect_events(stage, "state: state: state: say:{\"dir\":\"outbound\"} ");
    const struct script_source other = { .text = SLICE("- user_event: {event: {other: 1}}\n") };
    assert_int_equal(scripts_redirect(stage->scripts, slice_of(id), &other, &fault), OK);
    loop_advance(stage->world.loop, 10);
    expect_events(stage, "say:{\"other\":1} state: ");
    expect(&stage->world, "bob:join:script bob:end:200:hangup ");
    dial.to = SLICE("mars");
    assert_int_equal(scripts_dial_out(stage->scripts, &dial, &call, &fault), ERR_NOT_FOUND);
    dial.to = SLICE("bob");
    dial.source.text = SLICE("- shout: {}\n");
    assert_int_equal(scripts_dial_out(stage->scripts, &dial, &call, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.text, "shout"));
    expect(&stage->world, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prompt_and_barge_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_caller_hangs_up_in_every_kind_of_step, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_connect_joins_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connect_fails_with_a_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_confirm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bad_document_touches_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dial_out_and_redirect, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
