#include "store.h"

#include <pthread.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "store_priv.h"

struct store {
    struct loop *control;
    const struct store_ops *ops;
    void *db; /* the thread's, once it runs */
    struct list in_flight;
    size_t n_in_flight;
    bool closing;
    /* none of these on a simulated loop */
    struct loop *loop;
    struct mailbox *requests, *answers;
    pthread_t thread;
};

/* Answers and requests are at most STORE_MAX_IN_FLIGHT together, plus the one that says stop, so
 * neither mailbox is ever full and the two threads cannot wait for each other. */
enum { BOX_LEN = STORE_MAX_IN_FLIGHT + 1 };

const void *store_answer_rows(const struct store_answer *answer, const struct store_table *table)
{
    BUG_IF(answer->table != table && answer->n > 0);
    return answer->rows;
}

static void finish(struct store *store, struct store_job *job)
{
    list_remove(&job->link);
    store->n_in_flight--;
    if (job->reply.fn && !store->closing)
        job->reply.fn(job->reply.owner, &job->answer);
    else if (!job->reply.fn && job->answer.err && job->answer.err != ERR_NOT_FOUND)
        log_warn(NULL, "store refused reason=%s", err_name(job->answer.err));
    store_job_destroy(job);
}

static void on_answer(void *owner, const void *msg)
{
    finish(owner, *(struct store_job *const *)msg);
}

/* An answer that was there at once still comes from the loop, as callers expect. */
static void on_deferred(void *arg)
{
    struct store_job *job = arg;
    if (job->store)
        finish(job->store, job);
    else
        store_job_destroy(job); /* the store was closed before the turn ended */
}

static void on_request(void *owner, const void *msg)
{
    struct store *store = owner;
    struct store_job *job = *(struct store_job *const *)msg;
    if (!job) {
        loop_stop(store->loop);
        return;
    }
    store_job_run(job, store->ops, store->db);
    mailbox_post_wait(store->answers, &job);
}

void store_post(struct store_job *job)
{
    struct store *store = job->store;
    loop_assert_here(store->control);
    BUG_IF(store->closing);
    bool full = store->n_in_flight >= STORE_MAX_IN_FLIGHT;
    list_append(&store->in_flight, &job->link);
    store->n_in_flight++;
    if (full)
        job->answer.err = ERR_LIMIT;
    else if (!store->loop)
        store_job_run(job, store->ops, store->db);
    if (full || !store->loop)
        loop_defer(store->control, on_deferred, job);
    else
        mailbox_post_wait(store->requests, &job);
}

static void *run_thread(void *arg)
{
    struct store *store = arg;
    pthread_setname_np(pthread_self(), "store");
    loop_run(store->loop);
    return NULL;
}

static enum err start_thread(struct store *store, struct fault *fault)
{
    store->loop = loop_create();
    store->requests =
        mailbox_create(store->loop, sizeof(struct store_job *), BOX_LEN, on_request, store);
    store->answers =
        mailbox_create(store->control, sizeof(struct store_job *), BOX_LEN, on_answer, store);
    int rc = pthread_create(&store->thread, NULL, run_thread, store);
    if (rc)
        return fault_set(fault, ERR_IO, "store", 0, "cannot start its thread: %s", strerror(rc));
    return OK;
}

static void stop_loop(struct store *store)
{
    mailbox_destroy(store->requests);
    mailbox_destroy(store->answers);
    loop_destroy(store->loop);
}

enum err store_open(struct store **out, const struct store_config *config, struct fault *fault)
{
    struct slice url = slice_of(config->url);
    const struct store_ops *ops = store_backend_find(url);
    if (!ops)
        return fault_set(fault, ERR_UNSUPPORTED, "store.url", 0,
                         "expected nothing, sqlite:PATH or :memory:");
    void *db = NULL;
    enum err err = ops->open(&db, url, config->state_dir, fault);
    if (err)
        return err;
    err = store_schema_migrate(ops, db, config->state_dir ? config->state_dir : ops->name, fault);
    struct store *store = mem_new(struct store);
    *store = (struct store){ .control = config->loop, .ops = ops, .db = db };
    list_init(&store->in_flight);
    if (!err && !loop_is_simulated(config->loop)) {
        err = start_thread(store, fault);
        if (err)
            stop_loop(store);
    }
    if (err) {
        ops->close(db);
        mem_free(store);
        return err;
    }
    *out = store;
    return OK;
}

/* Answers that loop_defer() still holds cannot be taken back from it. */
static void disown_deferred(struct store *store)
{
    LIST_EACH(link, &store->in_flight)
    {
        struct store_job *job = LIST_ITEM(link, struct store_job, link);
        list_remove(link);
        job->store = NULL;
    }
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store->closing = true;
    if (store->loop) {
        struct store_job *stop = NULL;
        mailbox_post_wait(store->requests, &stop);
        pthread_join(store->thread, NULL);
        stop_loop(store);
    }
    disown_deferred(store);
    store->ops->close(store->db);
    mem_free(store);
}

void store_forget(struct store *store, const void *owner)
{
    LIST_EACH(link, &store->in_flight)
    {
        struct store_job *job = LIST_ITEM(link, struct store_job, link);
        if (job->reply.owner == owner)
            job->reply = STORE_NOBODY;
    }
}

size_t store_in_flight(const struct store *store)
{
    return store->n_in_flight;
}

const char *store_backend(const struct store *store)
{
    return store->ops->name;
}
