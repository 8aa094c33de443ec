/* Documents: the vendor's examples and the seed's (where they are), our own forms, and what is
 * wrong with a document, in words, with its place. */
#include "script/swml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/yaml.h"

/* Beside the repository; not part of it (docs/swml.md). */
#define SPEC_DATA "../shared/spec-data/signalwire/"

static const struct swml_options calling = { .flavour = SWML_CALLING };

static json_t *load(const char *text)
{
    json_t *document = NULL;
    struct fault fault = { 0 };
    if (swml_load(slice_of(text), &calling, &document, NULL, &fault))
        fail_msg("%s: %s at %s", text, fault.text, fault.where);
    return document;
}

static const struct {
    const char *text, *json;
} forms[] = {
    { "sections: {main: [{answer: {}}]}",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"answer\": {}}]}}" },
    { "{\"version\": \"1.0.0\", \"sections\": {\"main\": [\"hangup\"]}}",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"hangup\": {}}]}}" },
    { "sections:\n  main:\n    - answer\n    - hangup:\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"answer\": {}}, {\"hangup\": {}}]}}" },
    { "- play: 'say:Hi'\n- play: ['say:a', 'silence:1']\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"play\": {\"url\": \"say:Hi\"}},"
      " {\"play\": {\"urls\": [\"say:a\", \"silence:1\"]}}]}}" },
    { "- say: {text: Hi, gender: male, language: de-DE}\n- say: Ho\n- say: {text: X, gender: "
      "Polly.Joanna}\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"play\": {\"url\": \"say:Hi\","
      " \"say_gender\": \"male\", \"say_language\": \"de-DE\"}}, {\"play\": {\"url\": \"say:Ho\"}},"
      " {\"play\": {\"url\": \"say:X\", \"say_voice\": \"Polly.Joanna\"}}]}}" },
    { "- transfer: [{dest: 'https://e.org'}, {params: [{foo: bar}]}]\n- transfer: main\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"transfer\": {\"dest\": "
      "\"https://e.org\","
      " \"params\": {\"foo\": \"bar\"}}}, {\"transfer\": {\"dest\": \"main\"}}]}}" },
    { "sections: {main: {execute: main}}",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"execute\": {\"dest\": \"main\"}}]}}" },
    { "- switch: {variable: '%{x}', case: {'1': [hangup], default: [{say: no}]}}\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"switch\": {\"variable\": \"x\", "
      "\"case\":"
      " {\"1\": [{\"hangup\": {}}]}, \"default\": [{\"play\": {\"url\": \"say:no\"}}]}}]}}" },
    { "- condition: {if: 'x == 1', then: [hangup], else: [answer]}\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"cond\": [{\"when\": \"x == 1\", "
      "\"then\":"
      " [{\"hangup\": {}}]}, {\"else\": [{\"answer\": {}}]}]}]}}" },
    { "- play: 'say:{{a}} {{b ? 1 : 2}} {{n | default(0) | int + 1}} %{call.id} {c}'\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"play\": {\"url\":"
      " \"say:${a} ${b ? 1 : 2} ${parseInt((n ?? 0)) + 1} %{call.call_id} {c}\"}}]}}" },
    { "- request: {url: 'https://e.org', method: GET}\n- say: '${request.response.a}'\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"request\": {\"url\": "
      "\"https://e.org\","
      " \"method\": \"GET\", \"save_variables\": true}}, {\"play\": {\"url\":"
      " \"say:${request_response.a}\"}}]}}" },
    { "- connect: {to: '+1555', headers: {X-A: v}}\n- connect: sip:a@b\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"connect\": {\"to\": \"+1555\", "
      "\"headers\":"
      " [{\"name\": \"X-A\", \"value\": \"v\"}]}}, {\"connect\": {\"to\": \"sip:a@b\"}}]}}" },
    { "- label: a\n- goto: a\n- sleep: 100\n- sleep: {duration: 5}\n- unset: x\n- return: 5\n",
      "{\"version\": \"1.0.0\", \"sections\": {\"main\": [{\"label\": \"a\"}, {\"goto\": "
      "{\"label\":"
      " \"a\"}}, {\"sleep\": {\"duration\": 100}}, {\"sleep\": {\"duration\": 5}}, {\"unset\": "
      "\"x\"},"
      " {\"return\": 5}]}}" },
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        json_t *got = load(forms[i].text), *want = json_loads(forms[i].json, 0, NULL);
        assert_non_null(want);
        if (!json_equal(got, want))
            fail_msg("%s became %s", forms[i].text, json_dumps(got, JSON_COMPACT));
        json_decref(got);
        json_decref(want);
    }
}

static void test_result_branches(void **state)
{
    (void)state;
    json_t *got =
        load("- prompt: {play: 'hello there'}\n  on_success: [answer]\n  on_failure: [hangup]\n");
    json_t *main = json_object_get(json_object_get(got, "sections"), "main");
    assert_int_equal(json_array_size(main), 2);
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_array_get(main, 0), "prompt"), "play")),
                        "say:hello there");
    json_t *cond = json_object_get(json_array_get(main, 1), "cond");
    assert_non_null(strstr(json_string_value(json_object_get(json_array_get(cond, 0), "when")),
                           "prompt_result"));
    json_decref(got);
}

static const struct {
    const char *text, *words, *where;
    int line;
} faults[] = {
    { "sections:\n  main:\n    - shout: {}\n",
      "relay_script_method_undefined: there is no method 'shout'", "/sections/main/0/shout", 3 },
    { "sections:\n  main:\n    - answer: {}\n    - play: {url: 'say:x', volum: 3}\n",
      "relay_script_method_parameter_undefined: 'play' has no parameter 'volum'",
      "/sections/main/1/play/volum", 4 },
    { "sections:\n  main:\n    - play:\n        volume: 90\n        url: say:x\n",
      "'volume' is -40 to 40, not 90", "/sections/main/0/play/volume", 4 },
    { "sections:\n  main:\n    - play: {}\n",
      "relay_script_method_parameter_missing: 'play' needs 'url'", "/sections/main/0/play", 3 },
    { "sections:\n  main:\n    - hangup: {reason: bored}\n",
      "'reason' is one of hangup|busy|decline", "/sections/main/0/hangup/reason", 3 },
    { "sections:\n  main:\n    - prompt: {play: say:x, max_digits: many}\n",
      "'max_digits' is a number", "/sections/main/0/prompt/max_digits", 3 },
    { "version: 2.0.0\nsections: {main: []}\n", "relay_script_version_invalid", "/version", 1 },
    { "version: 1.0.0\n", "relay_script_sections_missing", "", 1 },
    { "sections: {other: []}\n", "relay_script_main_section_missing", "/sections", 1 },
    { "sections: {main: []}\nextra: 1\n", "relay_script_element_undefined", "/extra", 2 },
    { "sections:\n  main:\n    - answer: {}\n      hangup: {}\n", "a step has one method",
      "/sections/main/0", 3 },
    { "sections:\n  main:\n    - 5\n", "relay_script_element_wrong_type", "/sections/main/0", 3 },
    { "sections:\n  main:\n    - cond:\n        - when: a\n          then:\n            - nope: "
      "{}\n",
      "there is no method 'nope'", "/sections/main/0/cond/0/then/0/nope", 6 },
    { "sections:\n  main:\n    - switch:\n        variable: x\n        case:\n          '1':\n     "
      "       - nope: {}\n",
      "there is no method 'nope'", "/sections/main/0/switch/case/1/0/nope", 7 },
    { "sections:\n  main:\n    - goto: {label: nowhere}\n", "there is no label 'nowhere'",
      "/sections/main/0/goto", 3 },
    { "sections:\n  main:\n    - execute: {dest: nowhere}\n", "there is no section 'nowhere'",
      "/sections/main/0/execute/dest", 3 },
    { "sections:\n  main:\n    - gather: {}\n", "use 'prompt'", "/sections/main/0/gather", 3 },
    { "sections:\n  main: [\n", "relay_script_parse_error", "", 3 },
    { "{\"sections\": {\"main\": [{\"shout\": {}}]}}", "there is no method 'shout'",
      "/sections/main/0/shout", 1 },
    { "{\"sections\":\n {\"main\": [}}", "relay_script_parse_error", "", 2 },
    { "just words", "relay_script_element_wrong_type", "", 1 },
    { "", "relay_script_element_wrong_type", "", 0 },
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        json_t *document = NULL;
        struct fault fault = { 0 };
        if (!swml_load(slice_of(faults[i].text), &calling, &document, NULL, &fault))
            fail_msg("%s was taken", faults[i].text);
        if (!strstr(fault.text, faults[i].words) || strcmp(fault.where, faults[i].where) != 0 ||
            fault.line != faults[i].line)
            fail_msg("%s: '%s' at '%s' line %d", faults[i].text, fault.text, fault.where,
                     fault.line);
    }
}

static void test_strict_wants_the_official_form(void **state)
{
    (void)state;
    const struct swml_options strict = { .flavour = SWML_CALLING, .strict = true };
    json_t *document = NULL, *warnings = json_array();
    struct fault fault = { 0 };
    const char *text =
        "sections:\n  main:\n    - answer: {}\n    - say: {text: Hi}\n    - say: Ho\n";
    assert_int_equal(swml_load(slice_of(text), &strict, &document, NULL, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.text, "'say'"));
    assert_int_equal(fault.line, 4);
    assert_int_equal(swml_load(slice_of(text), &calling, &document, warnings, &fault), OK);
    assert_int_equal(json_array_size(warnings), 1); /* one for a rule, however often */
    json_decref(warnings);
    json_decref(document);
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    char text[4000];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"sections\": {\"main\": [{\"set\": {\"a\": ");
    memset(text + n, '[', 1000);
    memset(text + n + 1000, ']', 1000);
    snprintf(text + n + 2000, sizeof text - n - 2000, "}}]}}");
    json_t *document = NULL;
    struct fault fault = { 0 };
    assert_int_not_equal(swml_load(slice_of(text), &calling, &document, NULL, &fault), OK);
    assert_non_null(strstr(fault.text, "nested_too_deep"));
}

/* --- the vendor's own --- */

static unsigned load_all(const char *folder, enum swml_flavour flavour)
{
    const struct swml_options options = { .flavour = flavour };
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    unsigned n = 0, bad = 0;
    while (dir && (entry = readdir(dir)) != NULL) {
        char path[512];
        struct slice text;
        struct fault fault = { 0 };
        json_t *document = NULL;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_int_equal(file_read(path, SWML_MAX_BYTES, &text, NULL), OK);
        if (swml_load(text, &options, &document, NULL, &fault)) {
            print_error("%s: %s at %s line %d\n", entry->d_name, fault.text, fault.where,
                        fault.line);
            bad++;
        }
        json_decref(document);
        mem_free((char *)(uintptr_t)text.ptr);
        n++;
    }
    if (dir)
        closedir(dir);
    assert_int_equal(bad, 0);
    return n;
}

static void test_examples_load(void **state)
{
    (void)state;
    unsigned n = load_all(SPEC_DATA "swml-examples/calling", SWML_CALLING);
    if (!n)
        skip();
    assert_int_equal(n + load_all(SPEC_DATA "swml-examples/messaging", SWML_MESSAGING), 230);
}

static json_t *read_yaml(const char *name, char *path, size_t cap)
{
    struct slice text;
    struct yaml_doc *yaml = NULL;
    snprintf(path, cap, SPEC_DATA "seed-003/%s", name);
    if (file_read(path, SWML_MAX_BYTES, &text, NULL))
        return NULL;
    assert_int_equal(yaml_parse(&yaml, text, name, NULL), OK);
    json_t *copy = json_deep_copy(yaml_root(yaml));
    yaml_destroy(yaml);
    mem_free((char *)(uintptr_t)text.ptr);
    return copy;
}

/* {mfa_code} stays as it is until there is a value: expr_test has it. */
static void set_marks(json_t *document)
{
    json_t *main = json_object_get(json_object_get(document, "sections"), "main"), *step;
    size_t i;
    json_array_foreach(main, i, step)
    {
        json_t *play = json_object_get(step, "play");
        const char *url = json_string_value(json_object_get(play, "url"));
        const char *open = url ? strchr(url, '{') : NULL;
        if (open && open > url && open[-1] != '$')
            json_object_set_new(play, "url", json_sprintf("%.*s$%s", (int)(open - url), url, open));
    }
}

static void test_seed_becomes_official(void **state)
{
    (void)state;
    static const char *const names[] = { "01-voice-mfa", "02-ai-verify-pin", "03-verify-customer",
                                         "04-payment" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char name[64], path[300];
        snprintf(name, sizeof name, "%s.in.yaml", names[i]);
        json_t *in = read_yaml(name, path, sizeof path), *got = NULL;
        struct fault fault = { 0 };
        if (!in)
            skip();
        snprintf(name, sizeof name, "%s.norm.yaml", names[i]);
        json_t *want = read_yaml(name, path, sizeof path);
        bool is_fragment = json_object_get(in, "functions") != NULL; /* of `ai` */
        if (is_fragment) {
            in = json_pack("[{s:o}]", "ai", in);
            want = json_pack("{s:s, s:{s:[{s:{s:o}}]}}", "version", "1.0.0", "sections", "main",
                             "ai", "SWAIG", want);
        }
        if (swml_load_json(in, &calling, &got, NULL, &fault))
            fail_msg("%s: %s at %s", names[i], fault.text, fault.where);
        set_marks(got);
        if (!json_equal(got, want))
            fail_msg("%s became %s, not %s", names[i], json_dumps(got, JSON_INDENT(1)),
                     json_dumps(want, JSON_INDENT(1)));
        json_decref(in);
        json_decref(got);
        json_decref(want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_result_branches),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_strict_wants_the_official_form),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_examples_load),
        cmocka_unit_test(test_seed_becomes_official),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
