#pragma once
/* For tests only: a gateway of one media thread, and what it tells of one of its streams. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
#include "media/codecs.h"
#include "media/media.h"
#include "rtc/rtc_transport.h"

enum { SEEN_STEPS = 12 };

struct world {
    struct loop *control;
    struct media *media;
    struct rtc *rtc;
};

/* Of one stream; the first thing in what its events are owned by. */
struct seen {
    unsigned n_connected, n_first, n_failed, n_steps;
    enum err err;
    char text[200];
    char steps[SEEN_STEPS][200];
};

static inline void on_connected(void *owner)
{
    ((struct seen *)owner)->n_connected++;
}

static inline void on_first_packet(void *owner)
{
    ((struct seen *)owner)->n_first++;
}

static inline void on_failed(void *owner, enum err err, const char *text)
{
    struct seen *seen = owner;
    seen->n_failed++;
    seen->err = err;
    snprintf(seen->text, sizeof seen->text, "%s", text);
}

static inline void on_step(void *owner, const char *step, const char *detail)
{
    struct seen *seen = owner;
    assert_true(seen->n_steps < SEEN_STEPS);
    snprintf(seen->steps[seen->n_steps++], sizeof seen->steps[0], "%s %s", step, detail);
}

static inline int set_up(void **state)
{
    struct world *world = mem_new(struct world);
    struct media_config media_config = { .threads = 1, .bind = addr_loopback4(0) };
    struct rtc_config rtc_config = { .bind = addr_loopback4(0) };
    world->control = loop_create();
    assert_int_equal(media_create(&world->media, world->control, &media_config, NULL), OK);
    assert_int_equal(rtc_create(&world->rtc, world->media, &rtc_config, NULL), OK);
    *state = world;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *world = *state;
    rtc_destroy(world->rtc);
    media_destroy(world->media);
    loop_destroy(world->control);
    mem_free(world);
    return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
