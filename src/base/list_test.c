#include "list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    char name;
    struct list link;
};

static void assert_order(struct list *head, const char *names)
{
    char seen[16] = { 0 };
    size_t n = 0;
    LIST_EACH(link, head)
    {
        assert_true(n < sizeof seen - 1);
        seen[n++] = LIST_ITEM(link, struct item, link)->name;
    }
    assert_string_equal(seen, names);
    n = 0;
    for (struct list *link = head->prev; link != head; link = link->prev)
        n++;
    assert_int_equal(n, strlen(names)); /* the way back is as long */
}

static void test_order(void **state)
{
    (void)state;
    struct list head;
    struct item a = { .name = 'a' };
    struct item b = { .name = 'b' };
    struct item c = { .name = 'c' };
    struct item d = { .name = 'd' };
    list_init(&head);
    assert_true(list_empty(&head));
    assert_order(&head, "");
    list_append(&head, &b.link);
    list_append(&head, &c.link);
    list_prepend(&head, &a.link);
    list_insert_before(&c.link, &d.link);
    assert_order(&head, "abdc");
    list_remove(&b.link);
    assert_order(&head, "adc");
    list_remove(&b.link); /* twice is fine */
    assert_order(&head, "adc");
    assert_true(list_empty(&b.link));
    list_append(&head, &b.link);
    assert_order(&head, "adcb");
}

static void test_remove_while_walking(void **state)
{
    (void)state;
    struct list head;
    struct item items[5];
    list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].name = (char)('0' + i);
        list_append(&head, &items[i].link);
    }
    LIST_EACH(link, &head)
    {
        if (LIST_ITEM(link, struct item, link)->name % 2)
            list_remove(link);
    }
    assert_order(&head, "024");
    LIST_EACH(link, &head)
    {
        list_remove(link);
    }
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove_while_walking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
