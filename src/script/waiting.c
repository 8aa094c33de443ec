#include "script/waiting.h"

#include <stdio.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "call/leg.h"
#include "media/media.h"
#include "media/media_room.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { NAME_MAX_LEN = 240 };

struct wait_queue {
    struct scripts *scripts;
    char key[NAME_MAX_LEN], id[UUID_TEXT];
    struct list waiting; /* the oldest first */
    size_t n, users;     /* users: those that refer to it, talking ones too */
};
struct waiting {
    struct wait_queue *queue;
    struct list link;
    struct line *line;
    struct waiting *with;    /* whom it talks to */
    struct media_room *room; /* the caller's, where they talk */
    const struct waiting_events *events;
    void *owner;
    int64_t since_ms; /* wall time */
    struct timer later;
};

static struct wait_queue *queue_of(struct scripts *scripts, const char *project_id,
                                   const char *name)
{
    char key[NAME_MAX_LEN];
    snprintf(key, sizeof key, "%s/%s", project_id, name);
    struct wait_queue *queue = map_find(scripts->queues, slice_of(key));
    if (queue)
        return queue;
    queue = mem_new(struct wait_queue);
    queue->scripts = scripts;
    snprintf(queue->key, sizeof queue->key, "%s", key);
    rand_uuid(queue->id);
    list_init(&queue->waiting);
    map_put(scripts->queues, slice_of(key), queue);
    return queue;
}

static void leave_queue(struct wait_queue *queue)
{
    if (--queue->users)
        return;
    map_remove(queue->scripts->queues, slice_of(queue->key));
    mem_free(queue);
}

/* Each hears in a turn of its own: both may be inside a step. */
static void on_later(void *owner)
{
    struct waiting *waiting = owner;
    if (waiting->with) {
        waiting->events->on_taken(waiting->owner, waiting->with);
        return;
    }
    waiting->events->on_parted(waiting->owner);
}

static void tell_later(struct waiting *waiting)
{
    loop_timer_start(waiting->queue->scripts->config.loop, &waiting->later, 0, on_later, waiting);
}

static void talk(struct waiting *caller, struct waiting *agent)
{
    struct media_stream *a = line_stream(caller->line), *b = line_stream(agent->line);
    caller->with = agent;
    agent->with = caller;
    list_remove(&caller->link);
    caller->queue->n--;
    struct media *media = caller->queue->scripts->config.media;
    if (a && b) { /* a room of two: their calls may be on different media threads */
        const struct media_room_config config = { .thread = media_stream_thread(a) };
        caller->room = media_room_create(media, &config);
        (void)media_room_add(caller->room, a, NULL);
        (void)media_room_add(caller->room, b, NULL);
    }
    tell_later(caller);
    tell_later(agent);
}

static bool is_full(const struct wait_queue *queue, const char *project_id, const char *name)
{
    const struct scripts_config *config = &queue->scripts->config;
    size_t max = config->queue_max ? config->queue_max(config->owner, project_id, name) : 0;
    return queue->n >= (max ? max : WAITING_MAX_DEFAULT);
}

struct waiting *waiting_create(struct scripts *scripts, const char *project_id, const char *name,
                               struct line *line, bool is_agent,
                               const struct waiting_events *events, void *owner)
{
    struct wait_queue *queue = queue_of(scripts, project_id, name);
    queue->users++;
    if (is_agent ? !queue->n : is_full(queue, project_id, name)) {
        leave_queue(queue);
        return NULL;
    }
    struct waiting *waiting = mem_new(struct waiting);
    waiting->queue = queue;
    waiting->line = line;
    waiting->events = events;
    waiting->owner = owner;
    waiting->since_ms = loop_wall_ms(scripts->config.loop);
    list_init(&waiting->link);
    if (is_agent) {
        talk(LIST_ITEM(queue->waiting.next, struct waiting, link), waiting);
    } else {
        list_append(&queue->waiting, &waiting->link);
        queue->n++;
    }
    return waiting;
}

void waiting_destroy(struct waiting *waiting)
{
    if (!waiting)
        return;
    struct waiting *with = waiting->with;
    loop_timer_stop(waiting->queue->scripts->config.loop, &waiting->later);
    if (!list_empty(&waiting->link))
        waiting->queue->n--;
    list_remove(&waiting->link);
    if (with) {
        with->with = NULL;
        media_room_destroy(with->room);
        with->room = NULL;
        tell_later(with);
    }
    media_room_destroy(waiting->room);
    leave_queue(waiting->queue);
    mem_free(waiting);
}

size_t waiting_position(const struct waiting *waiting)
{
    size_t place = 0;
    LIST_EACH(link, &waiting->queue->waiting)
    {
        place++;
        if (link == &waiting->link)
            return place;
    }
    return 0;
}

size_t waiting_size(const struct waiting *waiting)
{
    return waiting->queue->n;
}

const char *waiting_queue_id(const struct waiting *waiting)
{
    return waiting->queue->id;
}

json_t *waiting_json(const struct scripts *scripts, const char *project_id)
{
    json_t *list = json_object();
    size_t cursor = 0;
    void *value;
    struct slice key;
    while (map_next(scripts->queues, &cursor, &key, &value)) {
        struct wait_queue *queue = value;
        struct slice name = slice_of(queue->key);
        json_int_t position = 0;
        if (!slice_is(slice_cut(&name, '/'), project_id))
            continue;
        json_t *members = json_array();
        LIST_EACH(link, &queue->waiting)
        {
            const struct waiting *one = LIST_ITEM(link, struct waiting, link);
            json_array_append_new(
                members, json_pack("{s:s, s:I, s:I}", "call_id", call_id(line_call(one->line)),
                                   "position", ++position, "since_ms", (json_int_t)one->since_ms));
        }
        json_object_setn_new(list, name.ptr, name.len, members);
    }
    return list;
}
