#include "yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buf.h"
#include "mem.h"
#include "num.h"

static struct yaml_doc *parsed(const char *text)
{
    struct yaml_doc *doc = NULL;
    struct fault fault = { 0 };
    if (yaml_parse(&doc, slice_of(text), "t.yaml", &fault))
        fail_msg("line %d: %s in: %s", fault.line, fault.text, text);
    return doc;
}

static void assert_refused(const char *text, enum err err, int line, const char *part)
{
    struct yaml_doc *doc = NULL;
    struct fault fault = { 0 };
    enum err got = yaml_parse(&doc, slice_of(text), "t.yaml", &fault);
    if (got != err || fault.line != line || !strstr(fault.text, part))
        fail_msg("%s: line %d: %s in: %s", err_name(got), fault.line, fault.text, text);
    assert_string_equal(fault.where, "t.yaml");
    assert_null(doc);
    assert_int_equal(yaml_parse(&doc, slice_of(text), "t.yaml", NULL), err);
}

static void test_plain_scalars(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        { "", "null" },
        { "~", "null" },
        { "null", "null" },
        { "true", "true" },
        { "False", "false" },
        { "no", "\"no\"" },
        { "on", "\"on\"" },
        { "0", "0" },
        { "-17", "-17" },
        { "5060", "5060" },
        { "1.5", "1.5" },
        { "0.5", "0.5" },
        { "-1e3", "-1000.0" },
        { "9223372036854775807", "9223372036854775807" },
        /* not numbers, or not without loss: they stay what was written */
        { "9223372036854775808", "\"9223372036854775808\"" },
        { "98765432109876543210", "\"98765432109876543210\"" },
        { "0123", "\"0123\"" },
        { "-0123", "\"-0123\"" },
        { "+971501234567", "\"+971501234567\"" },
        { "0x10", "\"0x10\"" },
        { "-0x10", "\"-0x10\"" },
        { "-x", "\"-x\"" },
        { "-.inf", "\"-.inf\"" },
        { "-inf", "\"-inf\"" },
        { "-nan", "\"-nan\"" },
        { "1e999", "\"1e999\"" },
        { "10.0.0.1", "\"10.0.0.1\"" },
        { "12:30", "\"12:30\"" },
        { "1_000", "\"1_000\"" },
        { "\"5060\"", "\"5060\"" },
        { "'true'", "\"true\"" },
        { "!!str 5", "\"5\"" },
        { "grüße", "\"grüße\"" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "a: %s\n", cases[i].yaml);
        struct yaml_doc *doc = parsed(text);
        char *json = json_dumps(json_object_get(yaml_root(doc), "a"), JSON_ENCODE_ANY);
        if (!json || strcmp(json, cases[i].json))
            fail_msg("%s became %s", cases[i].yaml, json);
        free(json);
        yaml_destroy(doc);
    }
}

static void test_structure_and_lines(void **state)
{
    (void)state;
    struct yaml_doc *doc = parsed("# a comment\n"
                                  "sip:\n"
                                  "  port: 5060\n"
                                  "  tls: true\n"
                                  "trunks:\n"
                                  "  - name: a\n"
                                  "  - name: b\n"
                                  "    host: h\n");
    const json_t *root = yaml_root(doc);
    const json_t *sip = json_object_get(root, "sip");
    const json_t *trunks = json_object_get(root, "trunks");
    assert_int_equal(json_integer_value(json_object_get(sip, "port")), 5060);
    assert_int_equal(json_array_size(trunks), 2);
    const json_t *second = json_array_get(trunks, 1);
    assert_string_equal(json_string_value(json_object_get(second, "host")), "h");
    assert_int_equal(yaml_key_line(doc, root, "sip"), 2);
    assert_int_equal(yaml_line(doc, sip), 3);
    assert_int_equal(yaml_line(doc, json_object_get(sip, "port")), 3);
    assert_int_equal(yaml_key_line(doc, sip, "tls"), 4);
    assert_int_equal(yaml_line(doc, second), 7);
    assert_int_equal(yaml_key_line(doc, second, "host"), 8);
    assert_int_equal(yaml_key_line(doc, second, "port"), 0);
    assert_int_equal(yaml_line(doc, json_true()), 0); /* shared by all: no line of its own */
    yaml_destroy(doc);
    yaml_destroy(NULL);
}

static void test_lines_of_long_keys(void **state)
{
    (void)state;
    char text[4096];
    char first[1501];
    char second[1501];
    memset(first, 'a', sizeof first - 1);
    memset(second, 'b', sizeof second - 1);
    first[1500] = second[1500] = '\0';
    /* YAML 1.2 §8.2.2 wants implicit keys within 1024 characters, so they are written out */
    snprintf(text, sizeof text, "? %s\n: 1\n? %s\n: 2\n", first, second);
    struct yaml_doc *doc = parsed(text);
    assert_int_equal(yaml_key_line(doc, yaml_root(doc), first), 1);
    assert_int_equal(yaml_key_line(doc, yaml_root(doc), second), 3);
    yaml_destroy(doc);
}

static void test_json_is_yaml(void **state)
{
    (void)state;
    struct yaml_doc *doc = parsed("{\"a\": [1, 2.5, null, true, \"x\\n\\u00e9\"],\n \"b\": {}}");
    char *json = json_dumps(yaml_root(doc), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(json, "{\"a\":[1,2.5,null,true,\"x\\né\"],\"b\":{}}");
    free(json);
    yaml_destroy(doc);
}

static void test_empty(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "\n", "# only a comment\n", "---\n" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct yaml_doc *doc = parsed(texts[i]);
        assert_true(json_is_null(yaml_root(doc)));
        yaml_destroy(doc);
    }
    struct yaml_doc *doc = NULL;
    assert_int_equal(yaml_parse(&doc, SLICE_NONE, "t.yaml", NULL), OK);
    yaml_destroy(doc);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: 2\na: 3\n", ERR_EXISTS, 3, "twice");
    assert_refused("a: &x 1\nb: *x\n", ERR_UNSUPPORTED, 2, "anchors");
    assert_refused("a: 1\n? [b]\n: 2\n", ERR_UNSUPPORTED, 2, "plain text");
    assert_refused("a: 1\n---\nb: 2\n", ERR_UNSUPPORTED, 2, "one document");
    assert_refused("a: [1, 2\n", ERR_PARSE, 2, "");
    assert_refused("a:\n\t- b\n", ERR_PARSE, 2, "");
    assert_refused("a: 'open\n", ERR_PARSE, 2, "");
    assert_refused("a: 1\n\"b\\0c\": 2\n", ERR_PARSE, 2, "key");
    assert_refused("*x\n", ERR_UNSUPPORTED, 1, "anchors");
}

static void test_not_utf8(void **state)
{
    (void)state;
    struct yaml_doc *doc = NULL;
    struct fault fault = { 0 };
    assert_int_equal(yaml_parse(&doc, SLICE("a: \xff\n"), "t.yaml", &fault), ERR_PARSE);
    assert_int_equal(yaml_parse(&doc, SLICE("a: 1\0b\n"), "t.yaml", &fault), ERR_PARSE);
    assert_true(fault.text[0] != '\0');
}

/* `depth` lists in each other. */
static enum err nested(size_t depth)
{
    char mem[4 * YAML_MAX_DEPTH];
    struct buf text = BUF_ON(mem);
    for (size_t i = 0; i < depth; i++)
        buf_char(&text, '[');
    for (size_t i = 0; i < depth; i++)
        buf_char(&text, ']');
    struct yaml_doc *doc = NULL;
    enum err err = yaml_parse(&doc, buf_slice(&text), "t.yaml", NULL);
    yaml_destroy(doc);
    return err;
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(nested(YAML_MAX_DEPTH + 1), OK);
    assert_int_equal(nested(YAML_MAX_DEPTH + 2), ERR_LIMIT);
    struct yaml_doc *doc = NULL;
    struct fault fault;
    char *big = mem_alloc(YAML_MAX_BYTES + 1);
    memset(big, ' ', YAML_MAX_BYTES + 1);
    assert_int_equal(yaml_parse(&doc, slice_make(big, YAML_MAX_BYTES + 1), "t", &fault), ERR_LIMIT);
    big[0] = '[';
    for (size_t i = 0; i < YAML_MAX_NODES; i++)
        memcpy(big + 1 + 2 * i, "1,", 2);
    big[2 * YAML_MAX_NODES] = ']'; /* the list itself is a node too */
    struct slice list = slice_make(big, 2 * YAML_MAX_NODES + 1);
    assert_int_equal(yaml_parse(&doc, list, "t", &fault), ERR_LIMIT);
    memset(big + 1, ' ', 2);
    assert_int_equal(yaml_parse(&doc, list, "t", &fault), OK);
    assert_int_equal(json_array_size(yaml_root(doc)), YAML_MAX_NODES - 1);
    yaml_destroy(doc);
    mem_free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_scalars),
        cmocka_unit_test(test_structure_and_lines),
        cmocka_unit_test(test_lines_of_long_keys),
        cmocka_unit_test(test_json_is_yaml),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
