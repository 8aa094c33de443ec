#include "rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <signal.h>
#include <sys/time.h>

#include "mem.h"

static void test_tokens(void **state)
{
    (void)state;
    char a[201];
    char b[201];
    memset(a, '#', sizeof a);
    rand_token(a, 200);
    rand_token(b, 200);
    assert_int_equal(strlen(a), 200);
    for (size_t i = 0; i < 200; i++)
        assert_true(isalnum((unsigned char)a[i]));
    assert_string_not_equal(a, b);
    rand_token(a, 0);
    assert_string_equal(a, "");
}

/* 62000 letters, 1000 expected of each: a letter under 800 or over 1200 is six sigma off. */
static void test_letters_come_equally_often(void **state)
{
    (void)state;
    enum { DRAWN = 62000 };
    unsigned seen[128] = { 0 };
    char *text = mem_alloc(DRAWN + 1);
    rand_token(text, DRAWN);
    for (size_t i = 0; i < DRAWN; i++)
        seen[(unsigned char)text[i]]++;
    mem_free(text);
    for (int c = 0; c < 128; c++)
        if (isalnum(c))
            assert_in_range(seen[c], 800, 1200);
}

static void test_uuid(void **state)
{
    (void)state;
    char a[UUID_TEXT];
    char b[UUID_TEXT];
    rand_uuid(a);
    rand_uuid(b);
    assert_string_not_equal(a, b);
    for (size_t i = 0; i < UUID_TEXT - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23)
            assert_int_equal(a[i], '-');
        else
            assert_true(strchr("0123456789abcdef", a[i]) && a[i]);
    }
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_int_equal(a[UUID_TEXT - 1], '\0');
}

static void test_bytes_vary(void **state)
{
    (void)state;
    uint32_t all = 0;
    uint32_t none = UINT32_MAX;
    for (int i = 0; i < 64; i++) {
        uint32_t v = rand_u32();
        all |= v;
        none &= v;
    }
    assert_true(all == UINT32_MAX && none == 0);
}

static void on_alarm(int signum)
{
    (void)signum;
}

/* getrandom() gives up when a signal comes during a long read; that is no reason to abort. */
static void test_signals_do_not_matter(void **state)
{
    (void)state;
    struct sigaction quiet = { .sa_handler = on_alarm };
    struct itimerval often = { { 0, 50 }, { 0, 50 } };
    struct itimerval off = { 0 };
    enum { LONG = 1 << 20 };
    char *mem = mem_alloc(LONG);
    sigaction(SIGALRM, &quiet, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 30; i++)
        rand_bytes(mem, LONG);
    setitimer(ITIMER_REAL, &off, NULL);
    mem_free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_letters_come_equally_often),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_bytes_vary),
        cmocka_unit_test(test_signals_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
