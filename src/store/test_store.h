#pragma once
/* For the store's tests: one in memory, with the project p1 in it. */

#include "base/loop.h"
#include "store/store.h"
#include "store/store_rows.h"

/** 0, or -1 as a cmocka setup says it. */
static inline int test_store_open(struct loop **loop, struct store **store)
{
    static const struct store_project acme = {
        .id = "p1", .name = "acme", .signing_key = "k", .created_ms = 1
    };
    *loop = loop_create_simulated();
    const struct store_config config = { .loop = *loop, .url = ":memory:" };
    if (store_open(store, &config, NULL))
        return -1;
    store_project_add(*store, &acme, STORE_NOBODY);
    return 0;
}

static inline int test_store_close(struct loop *loop, struct store *store)
{
    store_close(store);
    loop_destroy(loop);
    return 0;
}
