#include "map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buf.h"
#include "mem.h"

static void test_put_find_remove(void **state)
{
    (void)state;
    struct map *map = map_create();
    int one = 1;
    int two = 2;
    assert_null(map_find(map, SLICE("a")));
    assert_null(map_remove(map, SLICE("a")));
    assert_null(map_put(map, SLICE("a"), &one));
    assert_ptr_equal(map_put(map, SLICE("a"), &two), &one);
    assert_int_equal(map_count(map), 1);
    assert_ptr_equal(map_find(map, SLICE("a")), &two);
    assert_null(map_find(map, SLICE("A")));
    assert_ptr_equal(map_remove(map, SLICE("a")), &two);
    assert_null(map_find(map, SLICE("a")));
    assert_int_equal(map_count(map), 0);
    map_destroy(map);
    map_destroy(NULL);
}

static void test_keys_are_bytes_and_copied(void **state)
{
    (void)state;
    struct map *map = map_create();
    int value[3] = { 0 };
    char key[] = "abcdefghijk";
    map_put(map, slice_make(key, 11), &value[0]);
    map_put(map, SLICE("a\0b"), &value[1]);
    map_put(map, SLICE_NONE, &value[2]);
    memset(key, 'x', sizeof key);
    assert_ptr_equal(map_find(map, SLICE("abcdefghijk")), &value[0]);
    assert_ptr_equal(map_find(map, SLICE("a\0b")), &value[1]);
    assert_null(map_find(map, SLICE("a\0c")));
    assert_null(map_find(map, SLICE("a")));
    assert_ptr_equal(map_find(map, SLICE("")), &value[2]);
    map_destroy(map);
}

static void test_walk_sees_each_once(void **state)
{
    (void)state;
    enum { N = 100 };
    struct map *map = map_create();
    int seen[N] = { 0 };
    for (int i = 0; i < N; i++) {
        char mem[16];
        struct buf key = BUF_ON(mem);
        buf_printf(&key, "key %d", i);
        map_put(map, buf_slice(&key), &seen[i]);
    }
    size_t cursor = 0;
    struct slice key;
    void *value;
    while (map_next(map, &cursor, &key, &value)) {
        assert_true(slice_starts(key, SLICE("key ")));
        ++*(int *)value;
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    cursor = 0;
    size_t n = 0;
    while (map_next(map, &cursor, NULL, NULL))
        n++;
    assert_int_equal(n, N);
    map_destroy(map);
}

/* --- against an array: removal shifts slots back, which is where such maps go wrong --- */

enum { MODEL_KEYS = 300, MODEL_STEPS = 40000 };

static struct slice model_key(unsigned i, char mem[16])
{
    struct buf key;
    buf_init(&key, mem, 16);
    buf_printf(&key, "%u", i);
    return buf_slice(&key);
}

/* Keys of the model come and go; how many of them stay at most changes with `keys`. */
static void run_model(unsigned keys, unsigned seed)
{
    static char values[MODEL_STEPS];
    void *model[MODEL_KEYS] = { NULL };
    struct map *map = map_create();
    size_t count = 0;
    char mem[16];
    for (int step = 0; step < MODEL_STEPS; step++) {
        unsigned i = (unsigned)rand_r(&seed) % keys;
        struct slice key = model_key(i, mem);
        if (rand_r(&seed) % 2) {
            assert_ptr_equal(map_put(map, key, &values[step]), model[i]);
            count += !model[i];
            model[i] = &values[step];
        } else {
            assert_ptr_equal(map_remove(map, key), model[i]);
            count -= model[i] != NULL;
            model[i] = NULL;
        }
        assert_int_equal(map_count(map), count);
        unsigned j = (unsigned)rand_r(&seed) % keys;
        assert_ptr_equal(map_find(map, model_key(j, mem)), model[j]);
    }
    for (unsigned i = 0; i < keys; i++)
        assert_ptr_equal(map_find(map, model_key(i, mem)), model[i]);
    map_destroy(map);
}

static void test_model(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++)
        run_model(round % 2 ? 14 : MODEL_KEYS, round); /* 14: long runs of full slots, wrapping */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_find_remove),
        cmocka_unit_test(test_keys_are_bytes_and_copied),
        cmocka_unit_test(test_walk_sees_each_once),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
