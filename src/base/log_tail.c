#include "log_tail.h"

#include <pthread.h>
#include <string.h>

#include "mem.h"

struct line {
    enum log_level level;
    size_t len;
    char text[LOG_TAIL_LINE_MAX];
};

struct log_tail {
    pthread_mutex_t lock;
    uint64_t last; /* number of the newest line; the first is 1 */
    uint64_t counts[LOG_TRACE + 1];
    struct line lines[LOG_TAIL_LINES]; /* line n stands at n % LOG_TAIL_LINES */
};

struct log_tail *log_tail_create(void)
{
    struct log_tail *tail = mem_new(struct log_tail);
    pthread_mutex_init(&tail->lock, NULL);
    return tail;
}

void log_tail_destroy(struct log_tail *tail)
{
    if (!tail)
        return;
    pthread_mutex_destroy(&tail->lock);
    mem_free(tail);
}

/* A cut in the middle of a UTF-8 character (RFC 3629 §3) would spoil the whole line. */
static size_t cut_of(struct slice line)
{
    if (line.len <= LOG_TAIL_LINE_MAX)
        return line.len;
    size_t len = LOG_TAIL_LINE_MAX;
    while (len && (line.ptr[len] & 0xc0) == 0x80)
        len--;
    return len;
}

void log_tail_tap(void *owner, enum log_level level, struct slice text)
{
    struct log_tail *tail = owner;
    pthread_mutex_lock(&tail->lock);
    struct line *line = &tail->lines[++tail->last % LOG_TAIL_LINES];
    line->level = level;
    line->len = cut_of(text);
    memcpy(line->text, text.ptr, line->len);
    tail->counts[level]++;
    pthread_mutex_unlock(&tail->lock);
}

/* False: it was overwritten, or is not there yet. */
static bool copy_line(struct log_tail *tail, uint64_t seq, struct line *out)
{
    pthread_mutex_lock(&tail->lock);
    bool is_there = seq <= tail->last && tail->last - seq < LOG_TAIL_LINES;
    if (is_there)
        *out = tail->lines[seq % LOG_TAIL_LINES];
    pthread_mutex_unlock(&tail->lock);
    return is_there;
}

static uint64_t last_of(struct log_tail *tail)
{
    pthread_mutex_lock(&tail->lock);
    uint64_t last = tail->last;
    pthread_mutex_unlock(&tail->lock);
    return last;
}

uint64_t log_tail_read(struct log_tail *tail, uint64_t after, size_t max, log_tail_fn fn,
                       void *owner)
{
    uint64_t last = last_of(tail);
    if (max > LOG_TAIL_LINES)
        max = LOG_TAIL_LINES;
    if (after > last) /* of another life: the daemon was started anew */
        after = 0;
    uint64_t seq = last - after > max ? last - max + 1 : after + 1;
    struct line line;
    for (; seq <= last; seq++)
        if (copy_line(tail, seq, &line))
            fn(owner, seq, line.level, slice_make(line.text, line.len));
    return last;
}

uint64_t log_tail_count(struct log_tail *tail, enum log_level level)
{
    pthread_mutex_lock(&tail->lock);
    uint64_t count = tail->counts[level];
    pthread_mutex_unlock(&tail->lock);
    return count;
}
