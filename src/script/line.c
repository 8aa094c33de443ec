#include "script/line.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "call/call.h"
#include "media/media.h"
#include "script/leg_connect.h"
#include "script/script_priv.h"

struct line {
    struct scripts *scripts;
    struct call *call;
    struct leg *far;
    char project_id[SCRIPT_ID_TEXT];
    char call_id[SCRIPT_ID_TEXT];
    struct list ops;
    unsigned round; /* of news */
    const char *answered_by;
    bool is_loose;
};

/* --- what the far end does --- */

/* The next operation that this round of news has not reached. News to one may end others, so a
 * plain walk would fall out of the list. */
static struct line_op *next_unseen(struct line *line)
{
    for (struct list *link = line->ops.next; link != &line->ops; link = link->next) {
        struct line_op *op = LIST_ITEM(link, struct line_op, in_line);
        if (op->seen != line->round) {
            op->seen = line->round;
            return op;
        }
    }
    return NULL;
}

static void on_key(void *owner, struct leg *leg, char key, unsigned duration_ms)
{
    struct line *line = owner;
    struct line_op *op;
    (void)leg, (void)duration_ms;
    line->round++;
    while ((op = next_unseen(line)) != NULL)
        if (op->kind->on_key)
            op->kind->on_key(op, key);
}

static void on_play_done(void *owner, struct leg *leg, uint32_t play_id)
{
    struct line *line = owner;
    struct line_op *op;
    (void)leg;
    line->round++;
    while ((op = next_unseen(line)) != NULL)
        if (op->kind->on_play_done)
            op->kind->on_play_done(op, play_id);
}

static void on_recorded(void *owner, struct leg *leg, const struct media_recorded *recorded)
{
    struct line *line = owner;
    struct line_op *op;
    (void)leg;
    line->round++;
    while ((op = next_unseen(line)) != NULL)
        if (op->kind->on_recorded)
            op->kind->on_recorded(op, recorded->record_id, recorded->err, recorded->duration_ms);
}

static void on_heard(void *owner, struct leg *leg, const struct media_heard *heard)
{
    struct line *line = owner;
    struct line_op *op;
    (void)leg;
    line->round++;
    while ((op = next_unseen(line)) != NULL)
        if (op->kind->on_heard)
            op->kind->on_heard(op, heard);
}

static void on_referred(void *owner, struct leg *leg, int status, bool is_over)
{
    struct line *line = owner;
    struct line_op *op;
    (void)leg;
    line->round++;
    while ((op = next_unseen(line)) != NULL)
        if (op->kind->on_referred)
            op->kind->on_referred(op, status, is_over);
}

static void end_all(struct line *line)
{
    while (!list_empty(&line->ops)) {
        struct line_op *op = LIST_ITEM(line->ops.next, struct line_op, in_line);
        if (op->kind->on_over)
            op->kind->on_over(op);
        line_op_end(op, LINE_OVER, NULL);
    }
}

static void destroy_loose(void *line)
{
    line_destroy(line);
}

static void on_over(void *owner, struct leg *leg)
{
    struct line *line = owner;
    (void)leg;
    line->far = NULL;
    end_all(line);
    if (line->is_loose)
        loop_defer(line->scripts->config.loop, destroy_loose, line);
}

static const struct leg_watch watch = {
    .on_key = on_key,
    .on_play_done = on_play_done,
    .on_recorded = on_recorded,
    .on_heard = on_heard,
    .on_referred = on_referred,
    .on_over = on_over,
};

struct line *line_create(const struct line_config *config)
{
    struct line *line = mem_new(struct line);
    line->scripts = config->scripts;
    line->call = config->call;
    line->far = config->far;
    line->is_loose = config->is_loose;
    snprintf(line->project_id, sizeof line->project_id, "%s",
             config->project_id ? config->project_id : "");
    snprintf(line->call_id, sizeof line->call_id, "%s", call_id(config->call));
    line->answered_by = "";
    list_init(&line->ops);
    line->far->watch = &watch;
    line->far->watch_owner = line;
    map_put(line->scripts->lines, slice_of(line->call_id), line);
    return line;
}

void line_destroy(struct line *line)
{
    if (!line)
        return;
    for (struct list *link = line->ops.next; link != &line->ops; link = link->next)
        LIST_ITEM(link, struct line_op, in_line)->fn = NULL;
    end_all(line);
    if (line->far) {
        line->far->watch = NULL;
        line->far->watch_owner = NULL;
    }
    map_remove(line->scripts->lines, slice_of(line->call_id));
    mem_free(line);
}

struct leg *line_leg(const struct line *line)
{
    return line->far;
}

struct media_stream *line_stream(const struct line *line)
{
    return line->far ? line->far->stream : NULL;
}

/* In a script the other one is a call of its own, that connect made. */
static const struct leg *other_leg(const struct line *line)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&line->scripts->live)
    {
        const struct script *script = LIST_ITEM(link, struct script, in_live);
        if (!script->bridge || script->over)
            continue;
        if (script->line == line)
            return connect_leg_far(script->bridge);
        if (connect_leg_call(script->bridge) == line->call && script->line)
            return line_leg(script->line);
    }
    const struct leg *caller = call_caller(line->call);
    return caller == line->far ? call_peer(line->call) : caller;
}

struct media_stream *line_other_stream(const struct line *line)
{
    const struct leg *other = line->far ? other_leg(line) : NULL;
    return other ? other->stream : NULL;
}

struct call *line_call(const struct line *line)
{
    return line->call;
}

struct scripts *line_scripts(const struct line *line)
{
    return line->scripts;
}

const char *line_project(const struct line *line)
{
    return line->project_id;
}

void line_set_answered_by(struct line *line, const char *word)
{
    line->answered_by = word;
    call_set_answered_by(line->call, word);
}

const char *line_answered_by(const struct line *line)
{
    return line->answered_by;
}

void line_hide_keys(struct line *line, bool on)
{
    if (!line || !line->far)
        return;
    line->far->hides_keys = on;
    if (line->far->stream)
        media_stream_hide(line->far->stream, on);
}

bool line_has_room(const struct line *line, const char *what)
{
    const struct media *media = line->scripts->config.media;
    const struct media_stream *stream = line_stream(line);
    if (!stream || !media || call_is_emergency(line_call(line)) ||
        media_has_room(media, media_stream_thread(stream), MEDIA_WORK_TRANSCODE))
        return true;
    leg_on_event(line_leg(line), "overload", "no %s: there is no room to decode one more call",
                 what);
    return false;
}

enum err line_denoise(struct line *line, bool on)
{
    struct media_stream *stream = line_stream(line);
    if (!stream)
        return ERR_UNSUPPORTED;
    if (on && !line_has_room(line, "denoising"))
        return ERR_LIMIT;
    media_stream_denoise(stream, on);
    return OK;
}

/* --- operations --- */

void line_op_begin(struct line_op *op, struct line *line, const struct line_kind *kind,
                   const char *control_id, const char *status_url, line_fn fn, void *owner)
{
    op->kind = kind;
    op->line = line;
    op->scripts = line->scripts;
    op->seen = line->round; /* the key that ended the last one is not for this one */
    op->fn = fn;
    op->owner = owner;
    if (control_id && control_id[0])
        snprintf(op->control_id, sizeof op->control_id, "%s", control_id);
    else
        rand_uuid(op->control_id);
    op->status_url = slice_dup(slice_of(status_url));
    list_append(&line->ops, &op->in_line);
}

static void destroy_op(void *arg)
{
    struct line_op *op = arg;
    mem_free(op->status_url);
    op->kind->destroy(op);
}

void line_op_end(struct line_op *op, enum line_end end, const json_t *result)
{
    if (op->ended)
        return;
    line_fn fn = op->fn;
    struct loop *loop = op->scripts->config.loop;
    op->ended = true;
    op->fn = NULL;
    list_remove(&op->in_line);
    loop_defer(loop, destroy_op, op);
    if (fn)
        fn(op->owner, end, result);
}

void line_op_stop(struct line_op *op)
{
    if (op && !op->ended)
        op->kind->stop(op);
}

void line_op_cancel(struct line_op *op)
{
    if (!op || op->ended)
        return;
    op->fn = NULL;
    op->kind->stop(op);
}

void line_op_tell(struct line_op *op, const char *type, json_t *take_params)
{
    const struct script_note note = {
        .type = type,
        .control_id = op->control_id,
        .url = op->status_url,
    };
    scripts_tell(op->line->scripts, op->line->call, op->line->project_id, &note, take_params);
}

struct line_op *line_find(const struct line *line, const char *kind, const char *control_id)
{
    for (struct list *link = line->ops.prev; link != &line->ops; link = link->prev) {
        struct line_op *op = LIST_ITEM(link, struct line_op, in_line);
        bool is_named = !control_id || !control_id[0] || strcmp(op->control_id, control_id) == 0 ||
                        (op->name && strcmp(op->name, control_id) == 0);
        if (is_named && strcmp(op->kind->name, kind) == 0)
            return op;
    }
    return NULL;
}

struct line_op *line_find_kind(const struct line *line, const struct line_kind *kind)
{
    for (struct list *link = line->ops.prev; link != &line->ops; link = link->prev)
        if (LIST_ITEM(link, struct line_op, in_line)->kind == kind)
            return LIST_ITEM(link, struct line_op, in_line);
    return NULL;
}

struct line_op *line_oldest(const struct line *line, const char *kind)
{
    for (struct list *link = line->ops.next; link != &line->ops; link = link->next) {
        struct line_op *op = LIST_ITEM(link, struct line_op, in_line);
        if (strcmp(op->kind->name, kind) == 0)
            return op;
    }
    return NULL;
}

size_t line_count(const struct line *line, const char *kind)
{
    size_t n = 0;
    for (struct list *link = line->ops.next; link != &line->ops; link = link->next)
        n += strcmp(LIST_ITEM(link, struct line_op, in_line)->kind->name, kind) == 0;
    return n;
}

void line_send_key(struct line *line, char key, unsigned ms)
{
    if (line->far)
        leg_send_key(line->far, key, ms, false);
}
