/* Order, room and the two ends, from two threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "base/num.h"
#include "media/pcm_pipe.h"

enum { SAMPLES = 200000 };

static void *write_all(void *arg)
{
    struct pcm_pipe *pipe = arg;
    for (int i = 0; i < SAMPLES;) {
        int16_t piece[7];
        size_t n = pcm_pipe_room(pipe); /* asked once: it grows meanwhile */
        if (n > COUNT_OF(piece))
            n = COUNT_OF(piece);
        for (size_t k = 0; k < n; k++)
            piece[k] = (int16_t)((i + (int)k) % 30000);
        i += (int)pcm_pipe_write(pipe, piece, n);
        if (n == 0)
            sched_yield();
    }
    pcm_pipe_close(pipe);
    return NULL;
}

static void two_threads_keep_the_order(void **state)
{
    (void)state;
    struct pcm_pipe *pipe = pcm_pipe_create(100);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_all, pipe), 0);
    for (int i = 0; i < SAMPLES;) {
        int16_t piece[13];
        size_t n = pcm_pipe_read(pipe, piece, 13);
        for (size_t k = 0; k < n; k++, i++)
            if (piece[k] != i % 30000)
                fail_msg("sample %d is %d", i, piece[k]);
        if (n == 0)
            sched_yield();
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_true(pcm_pipe_is_alone(pipe));
    pcm_pipe_close(pipe);
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    const int16_t pcm[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
    int16_t out[10];
    struct pcm_pipe *pipe = pcm_pipe_create(8);
    assert_int_equal(pcm_pipe_write(pipe, pcm, 10), 8);
    assert_int_equal(pcm_pipe_dropped(pipe), 2);
    assert_int_equal(pcm_pipe_read(pipe, NULL, 3), 3);
    assert_int_equal(pcm_pipe_read(pipe, out, 2), 2);
    assert_int_equal(out[0], 4);
    assert_int_equal(pcm_pipe_held(pipe), 3);
    pcm_pipe_clear(pipe);
    assert_int_equal(pcm_pipe_held(pipe), 0);
    assert_int_equal(pcm_pipe_write(pipe, pcm, 2), 2);
    assert_int_equal(pcm_pipe_read(pipe, out, 10), 2);
    assert_int_equal(out[0], 1);
    assert_int_equal(pcm_pipe_done(pipe), pcm_pipe_written(pipe));
    pcm_pipe_close(pipe);
    assert_true(pcm_pipe_is_alone(pipe));
    pcm_pipe_close(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_keep_the_order),
        cmocka_unit_test(what_does_not_fit_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
