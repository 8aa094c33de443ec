#include "base/worker.h"

#include <uv.h>

#include "base/err.h"
#include "base/mem.h"

struct worker_job {
    uv_work_t work;
    loop_fn run, done;
    void *arg;
};

static void on_work(uv_work_t *work)
{
    struct worker_job *job = work->data;
    job->run(job->arg);
}

static void on_done(uv_work_t *work, int status)
{
    struct worker_job *job = work->data;
    (void)status; /* jobs are never cancelled */
    job->done(job->arg);
    mem_free(job);
}

void worker_run(struct loop *loop, loop_fn work, loop_fn done, void *arg)
{
    struct worker_job *job = mem_new(struct worker_job);
    *job = (struct worker_job){ .run = work, .done = done, .arg = arg };
    job->work.data = job;
    BUG_IF(uv_queue_work(loop_uv(loop), &job->work, on_work, on_done));
}

struct signal_watch {
    uv_signal_t handle;
    loop_fn fn;
    void *arg;
};

static void on_signal(uv_signal_t *handle, int signum)
{
    struct signal_watch *watch = handle->data;
    (void)signum;
    watch->fn(watch->arg);
}

struct signal_watch *signal_watch_create(struct loop *loop, int signum, loop_fn fn, void *arg)
{
    struct signal_watch *watch = mem_new(struct signal_watch);
    watch->fn = fn;
    watch->arg = arg;
    watch->handle.data = watch;
    BUG_IF(uv_signal_init(loop_uv(loop), &watch->handle));
    BUG_IF(uv_signal_start(&watch->handle, on_signal, signum));
    return watch;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void signal_watch_destroy(struct signal_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->handle, on_closed);
}
