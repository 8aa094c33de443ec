/* The rows say one thing to the reader, to the sample file and to the person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "config_priv.h"

static char sample_mem[32 << 10];

static struct config *load(const char *yaml)
{
    char *const vars[] = { (char *)(uintptr_t) "HOME=/h", NULL };
    struct config_input input = { .environ = vars };
    struct fault fault = { 0 };
    struct config *config = NULL;
    if (config_load_text(&config, &input, slice_of(yaml), "sample", &fault))
        fail_msg("%d: %s", fault.line, fault.text);
    return config;
}

static void test_sample_is_the_defaults(void **state)
{
    (void)state;
    struct buf sample = BUF_ON(sample_mem);
    options_print_sample(&sample);
    assert_false(sample.overflow);
    struct config *c = load(buf_cstr(&sample));
    struct config *d = load("");
    for (size_t i = 0; i < options_top.n; i++) {
        const struct option *row = &options_top.rows[i];
        const char *a = (const char *)c + row->offset;
        const char *b = (const char *)d + row->offset;
        if (row->type == OPTION_TEXT)
            assert_string_equal(*(const char *const *)(const void *)a,
                                *(const char *const *)(const void *)b);
        else if (row->type == OPTION_NUMBER || row->type == OPTION_WORD)
            assert_memory_equal(a, b, sizeof(int));
        else if (row->type == OPTION_BINDS)
            assert_memory_equal(a, b, sizeof(struct config_binds));
    }
    config_destroy(c);
    config_destroy(d);
}

/* The sample with the '#' of its examples taken off: every key of every table is real. */
static void test_examples_are_real(void **state)
{
    (void)state;
    static char out_mem[sizeof sample_mem];
    struct buf sample = BUF_ON(sample_mem);
    struct buf out = BUF_ON(out_mem);
    options_print_sample(&sample);
    struct slice rest = slice_of(buf_cstr(&sample));
    bool open = false;
    while (!slice_empty(rest)) {
        struct slice line = slice_line(&rest);
        open = open || slice_eq(line, SLICE("# trunks:"));
        if (!open || slice_empty(line) || slice_starts(line, SLICE("# Tried")) ||
            slice_starts(line, SLICE("# Users")) || slice_starts(line, SLICE("# Call")))
            continue;
        /* "# trunks:" has one space too many, as all its lines */
        buf_printf(&out, "%.*s\n", SLICE_ARG(slice_from(line, 2)));
        if (slice_eq(line, SLICE("#   acme:")))
            buf_text(&out, "    host: a\n");
        if (slice_eq(line, SLICE("#   -")))
            buf_text(&out, "    to: trunk:acme\n");
        if (slice_eq(line, SLICE("#   alice:")))
            buf_text(&out, "    password: 0123456789abcdef\n");
        if (slice_starts(line, SLICE("#     host:")) || slice_starts(line, SLICE("#     to:")))
            out.len -= line.len - 1; /* given above */
        else if (slice_starts(line, SLICE("#     password:")) && open && out.len > 0 &&
                 slice_find(buf_slice(&out), SLICE("users:")) < out.len)
            out.len -= line.len - 1;
    }
    struct config *c = load(buf_cstr(&out));
    assert_int_equal(c->n_trunks, 1);
    assert_int_equal(c->n_routes, 1);
    assert_int_equal(c->n_users, 1);
    assert_int_equal(c->n_scripts, 1);
    assert_int_equal(c->trunks[0].register_expires_s, 600);
    config_destroy(c);
}

static void test_names_are_unique_and_explained(void **state)
{
    (void)state;
    static const struct option_table *const tables[] = { &options_top, &options_trunk,
                                                         &options_route, &options_user };
    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++) {
            const struct option *row = &tables[t]->rows[i];
            assert_true(row->help && row->help[0]);
            assert_true(row->key || row->env || row->flag);
            if (row->key)
                assert_ptr_equal(option_find(tables[t], slice_of(row->key)), row);
            if (row->env)
                assert_ptr_equal(option_find_env(slice_of(row->env)), row);
        }
}

static void test_variables(void **state)
{
    (void)state;
    struct buf out = BUF_ON(sample_mem);
    options_print_variables(&out);
    const char *text = buf_cstr(&out);
    static const char *const names[] = { "SIP_TRUNK_HOST", "SIP_PASSWORD",    "PUBLIC_IP",
                                         "SERVER_PORT",    "WEB_CLIENT_PORT", "LOG_LEVEL" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (!strstr(text, names[i]))
            fail_msg("%s is not listed", names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_is_the_defaults),
        cmocka_unit_test(test_examples_are_real),
        cmocka_unit_test(test_names_are_unique_and_explained),
        cmocka_unit_test(test_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
