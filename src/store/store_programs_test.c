/* Projects are trees, resources are kept by type, lists come in pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/num.h"
#include "store_programs.h"
#include "test_store.h"

static struct {
    struct loop *loop;
    struct store *store;
    enum err err;
    size_t n;
    char text[100];
} f;

static int setup(void **state)
{
    (void)state;
    static const struct store_project sub = { .id = "p2", .name = "sub", .parent_id = "p1" };
    if (test_store_open(&f.loop, &f.store))
        return -1;
    store_project_add(f.store, &sub, STORE_NOBODY);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return test_store_close(f.loop, f.store);
}

static void on_count(void *owner, const struct store_answer *answer)
{
    (void)owner;
    f.err = answer->err;
    f.n = answer->n;
}

static void on_call(void *owner, const struct store_answer *answer)
{
    on_count(owner, answer);
    snprintf(f.text, sizeof f.text, "%s", answer->n ? STORE_ROWS(answer, store_call)->id : "");
}

static const struct store_reply count = { on_count, &f }, call = { on_call, &f };

static void pages_are_of_one_project(void **state)
{
    (void)state;
    static const char *const ids[] = { "a", "b", "c" };
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct store_call row = { .id = ids[i],
                                  .project_id = i == 2 ? "p2" : "p1",
                                  .created_ms = (int64_t)i + 1 };
        store_call_set(f.store, &row, STORE_NOBODY);
    }
    struct store_page page = { .project_id = "p1", .limit = 10 };
    store_call_page(f.store, &page, call);
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 2);
    assert_string_equal(f.text, "b"); /* newest first */
    page.offset = 1;
    store_call_page(f.store, &page, call);
    loop_advance(f.loop, 1);
    assert_string_equal(f.text, "a");
}

static void a_tree_has_one_level_and_goes_with_its_root(void **state)
{
    (void)state;
    store_project_list_tree(f.store, "p1", count);
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 2);
    store_project_remove(f.store, "p1", STORE_NOBODY);
    store_project_list(f.store, count);
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 0);
}

static void resources_are_kept_by_type(void **state)
{
    (void)state;
    struct store_resource row = {
        .id = "r1", .project_id = "p1", .type = "swml_script", .name = "n", .body = "{}"
    };
    store_resource_set(f.store, &row, STORE_NOBODY);
    store_resource_set(f.store, &row, STORE_NOBODY);
    store_resource_list(f.store, "p1", "swml_script", count);
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 1);
    store_resource_list(f.store, "p1", "sip_endpoint", count);
    loop_advance(f.loop, 1);
    assert_int_equal(f.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_are_of_one_project, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_has_one_level_and_goes_with_its_root, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(resources_are_kept_by_type, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
