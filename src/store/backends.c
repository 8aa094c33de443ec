#include "backends.h"

#include "base/num.h"

const struct store_ops *const store_backends[] = { &store_memory_ops, &store_sqlite_ops };
const size_t n_store_backends = COUNT_OF(store_backends);

const struct store_ops *store_backend_find(struct slice url)
{
    for (size_t i = 0; i < n_store_backends; i++)
        if (store_backends[i]->accepts(url))
            return store_backends[i];
    return NULL;
}
