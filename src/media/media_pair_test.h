#pragma once
/* For tests only: two far ends whose streams are linked. */

#include "media/media_rig_test.h"

struct pair {
    struct rig rig;
    struct far a, b;
};

/* On `threads` media threads: the first has a's stream, the last b's. */
static inline struct pair *pair_create(unsigned threads)
{
    struct pair *pair = mem_new(struct pair);
    rig_create(&pair->rig, &(struct media_config){ .threads = threads });
    far_create_on(&pair->a, &pair->rig, 0);
    far_create_on(&pair->b, &pair->rig, threads - 1);
    return pair;
}

static inline int pair_set_up(void **state)
{
    struct pair *pair = pair_create(1);
    media_link(pair->a.stream, pair->b.stream);
    *state = pair;
    return 0;
}

static inline int pair_tear_down(void **state)
{
    struct pair *pair = *state;
    far_destroy(&pair->a);
    far_destroy(&pair->b);
    rig_destroy(&pair->rig);
    mem_free(pair);
    return 0;
}
