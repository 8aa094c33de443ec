/* scripts: in tandem.yaml. What a script may say is the script floor's: here a stand-in refuses
 * each that has "bad" in it. */
#include "config/test_config.h"

static enum err stand_in(struct slice text, const json_t *document, struct fault *fault)
{
    char *printed = document ? json_dumps(document, JSON_ENCODE_ANY) : NULL;
    struct slice all = printed ? slice_of(printed) : text;
    bool is_bad = slice_find(all, SLICE("bad")) < all.len;
    free(printed);
    if (!is_bad)
        return OK;
    int line = 1;
    for (size_t i = 0; i < slice_find(text, SLICE("bad")); i++)
        line += text.ptr[i] == '\n';
    return fault_set(fault, ERR_INVALID, "/sections/main/1", document ? 0 : line,
                     "there is no bad");
}

static enum err load_with(const char *yaml, struct config **out, struct fault *fault)
{
    static char home[] = "HOME=/tmp", *vars[] = { home, NULL };
    put_file(yaml_path, yaml);
    const struct config_input input = { .check_script = stand_in,
                                        .config_file = yaml_path,
                                        .environ = vars };
    return config_load(out, &input, fault);
}

static void test_in_place_and_in_files(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct fault fault = { 0 };
    put_file(pem_path, "sections: {main: [{hangup: {}}]}\n");
    enum err err = load_with("scripts:\n"
                             "  beside: x.pem\n"
                             "  named: {file: x.pem}\n"
                             "  text: |\n"
                             "    sections:\n"
                             "      main: [answer]\n"
                             "  inline:\n"
                             "    sections:\n"
                             "      main:\n"
                             "        - play: 'say:hi'\n"
                             "routes: [{pattern: '1', to: 'swml:text'}]\n",
                             &c, &fault);
    if (err)
        fail_msg("%s", fault.text);
    assert_int_equal(c->n_scripts, 4);
    assert_string_equal(config_script_find(c, SLICE("beside")),
                        "sections: {main: [{hangup: {}}]}\n");
    assert_string_equal(config_script_find(c, SLICE("named")),
                        config_script_find(c, SLICE("beside")));
    assert_string_equal(config_script_find(c, SLICE("text")), "sections:\n  main: [answer]\n");
    assert_string_equal(config_script_find(c, SLICE("inline")),
                        "{\"sections\":{\"main\":[{\"play\":\"say:hi\"}]}}");
    assert_null(config_script_find(c, SLICE("none")));
    config_destroy(c);
}

static void expect(const char *yaml, const char *where, int line, const char *text)
{
    struct config *c = NULL;
    struct fault fault = { 0 };
    assert_int_not_equal(load_with(yaml, &c, &fault), OK);
    if (!strstr(fault.where, where))
        fail_msg("%s:%d %s", fault.where, fault.line, fault.text);
    assert_int_equal(fault.line, line);
    if (!strstr(fault.text, text))
        fail_msg("%s", fault.text);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    put_file(pem_path, "sections:\n  main:\n    - bad: {}\n");
    expect("scripts:\n  ivr: x.pem\n", "/x.pem", 3, "scripts.ivr at /sections/main/1: there is no");
    expect("scripts:\n  ivr:\n    sections:\n      main:\n        - answer\n        - bad\n",
           "/tandem.yaml", 6, "scripts.ivr at /sections/main/1");
    expect(
        "scripts:\n  ivr:\n    sections:\n      main:\n        - answer: {}\n        - bad: {}\n",
        "/tandem.yaml", 6, "scripts.ivr at /sections/main/1");
    expect("scripts:\n  ivr: |\n    sections:\n      main: [bad]\n", "/tandem.yaml", 4, "no bad");
    expect("scripts:\n  ivr: none.yaml\n", "/tandem.yaml", 2, "scripts.ivr: ");
    expect("scripts:\n  ivr: 7\n", "/tandem.yaml", 2, "expected a file, a text or a document");
    expect("scripts: [a]\n", "/tandem.yaml", 1, "expected names");
    expect("scripts:\n  'a b': x.pem\n", "/tandem.yaml", 2, "scripts: expected");
    expect("routes: [{pattern: '1', to: 'swml:ivr'}]\n", "/tandem.yaml", 1,
           "there is no script \"ivr\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_place_and_in_files),
        cmocka_unit_test(test_what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
