#include "mailbox.h"

#include <pthread.h>
#include <string.h>
#include <uv.h>

#include "err.h"
#include "loop.h"
#include "mem.h"

enum { MAILBOX_MSG_MAX = 2048 };

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t room;
    uv_async_t wake;
    mailbox_fn fn;
    void *owner;
    size_t msg_len, cap;
    size_t head, count;
    struct loop *loop;
    char *ring;
};

static bool take_one(struct mailbox *box, void *msg)
{
    pthread_mutex_lock(&box->lock);
    bool got = box->count > 0;
    if (got) {
        memcpy(msg, box->ring + box->head * box->msg_len, box->msg_len);
        box->head = (box->head + 1) % box->cap;
        box->count--;
        pthread_cond_signal(&box->room);
    }
    pthread_mutex_unlock(&box->lock);
    return got;
}

static void deliver(struct mailbox *box)
{
    _Alignas(max_align_t) char msg[MAILBOX_MSG_MAX];
    while (take_one(box, msg))
        box->fn(box->owner, msg);
}

static void on_wake(uv_async_t *handle)
{
    deliver(handle->data);
}

struct mailbox *mailbox_create(struct loop *loop, size_t msg_len, size_t cap, mailbox_fn fn,
                               void *owner)
{
    BUG_IF(msg_len > MAILBOX_MSG_MAX || cap == 0);
    struct mailbox *box = mem_new(struct mailbox);
    *box =
        (struct mailbox){ .fn = fn, .owner = owner, .msg_len = msg_len, .cap = cap, .loop = loop };
    box->ring = mem_array(cap, msg_len);
    pthread_mutex_init(&box->lock, NULL);
    pthread_cond_init(&box->room, NULL);
    BUG_IF(uv_async_init(loop_uv(loop), &box->wake, on_wake));
    box->wake.data = box;
    return box;
}

static void free_box(uv_handle_t *handle)
{
    struct mailbox *box = handle->data;
    pthread_mutex_destroy(&box->lock);
    pthread_cond_destroy(&box->room);
    mem_free(box->ring);
    mem_free(box);
}

void mailbox_destroy(struct mailbox *box)
{
    if (!box)
        return;
    deliver(box);
    uv_close((uv_handle_t *)&box->wake, free_box);
}

static void put_locked(struct mailbox *box, const void *msg)
{
    size_t at = (box->head + box->count) % box->cap;
    memcpy(box->ring + at * box->msg_len, msg, box->msg_len);
    box->count++;
}

bool mailbox_post(struct mailbox *box, const void *msg)
{
    pthread_mutex_lock(&box->lock);
    bool room = box->count < box->cap;
    if (room)
        put_locked(box, msg);
    pthread_mutex_unlock(&box->lock);
    if (room)
        uv_async_send(&box->wake);
    return room;
}

void mailbox_post_wait(struct mailbox *box, const void *msg)
{
    pthread_mutex_lock(&box->lock);
    while (box->count == box->cap) {
        uv_async_send(&box->wake);
        pthread_cond_wait(&box->room, &box->lock);
    }
    put_locked(box, msg);
    pthread_mutex_unlock(&box->lock);
    uv_async_send(&box->wake);
}

size_t mailbox_depth(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    size_t depth = box->count;
    pthread_mutex_unlock(&box->lock);
    return depth;
}
