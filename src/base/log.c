#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"

/* The log sink is one of the two file-scope variables that STYLE allows. */
static struct {
    _Atomic int level;
    _Atomic bool json;
    _Atomic int fd;
    pthread_mutex_t lock; /* tap only */
    log_tap_fn tap;
    void *tap_owner;
} sink = { .level = LOG_INFO, .fd = 2, .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *const names[] = { "error", "warn", "info", "debug", "trace" };

enum { LOG_LINE_MAX = 4096 };

void log_set_level(enum log_level level)
{
    sink.level = (int)level;
}

enum log_level log_get_level(void)
{
    return (enum log_level)sink.level;
}

void log_set_json(bool on)
{
    sink.json = on;
}

void log_set_fd(int fd)
{
    sink.fd = fd;
}

void log_set_tap(log_tap_fn fn, void *owner)
{
    pthread_mutex_lock(&sink.lock);
    sink.tap = fn;
    sink.tap_owner = owner;
    pthread_mutex_unlock(&sink.lock);
}

enum err log_level_parse(struct slice text, enum log_level *out)
{
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_iis(text, names[i])) {
            *out = (enum log_level)i;
            return OK;
        }
    return ERR_INVALID;
}

void log_tag_set(struct log_tag *tag, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(tag->text, sizeof tag->text, fmt, args);
    va_end(args);
}

const char *log_mask(struct slice number, char *out, size_t cap)
{
    struct buf buf;
    buf_init(&buf, out, cap);
    size_t digits = 0;
    for (size_t i = 0; i < number.len; i++)
        digits += number.ptr[i] >= '0' && number.ptr[i] <= '9';
    size_t seen = 0;
    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];
        bool digit = c >= '0' && c <= '9';
        seen += digit;
        /* short numbers are extensions or services: they name nobody */
        bool hide = digit && digits > 6 && seen + 3 <= digits && seen + 6 >= digits - 1;
        buf_char(&buf, hide ? 'x' : c);
    }
    return buf_cstr(&buf);
}

bool log_is_on(enum log_level level)
{
    return (int)level <= sink.level;
}

static void put_time(struct buf *buf)
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    buf_printf(buf, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000);
}

/* Control bytes would let a peer forge log lines or steer a terminal. */
static void put_clean(struct buf *buf, struct slice text, bool json)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f)
            buf_printf(buf, json ? "\\u%04x" : "\\x%02x", c);
        else if (json && (c == '"' || c == '\\'))
            buf_printf(buf, "\\%c", c);
        else
            buf_char(buf, (char)c);
    }
}

static void put_plain(struct buf *buf, enum log_level level, const struct log_tag *tag,
                      struct slice text)
{
    put_time(buf);
    buf_printf(buf, " %-5s ", names[level]);
    if (tag && tag->text[0])
        buf_printf(buf, "%s ", tag->text);
    put_clean(buf, text, false);
}

static void put_json(struct buf *buf, enum log_level level, const struct log_tag *tag,
                     struct slice text)
{
    buf_text(buf, "{\"time\":\"");
    put_time(buf);
    buf_printf(buf, "\",\"level\":\"%s\",\"tag\":\"", names[level]);
    put_clean(buf, slice_of(tag ? tag->text : ""), true);
    buf_text(buf, "\",\"msg\":\"");
    put_clean(buf, text, true);
    buf_text(buf, "\"}");
}

static void tap_line(enum log_level level, struct slice line)
{
    pthread_mutex_lock(&sink.lock);
    if (sink.tap)
        sink.tap(sink.tap_owner, level, line);
    pthread_mutex_unlock(&sink.lock);
}

void log_line(enum log_level level, const struct log_tag *tag, const char *fmt, ...)
{
    if (!log_is_on(level))
        return;
    char text[LOG_LINE_MAX / 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char line[LOG_LINE_MAX * 2];
    struct buf buf;
    buf_init(&buf, line, sizeof line - 1);
    (sink.json ? put_json : put_plain)(&buf, level, tag, slice_of(text));
    tap_line(level, buf_slice(&buf));
    line[buf.len] = '\n';
    ssize_t ignored = write(sink.fd, line, buf.len + 1); /* nowhere left to complain */
    (void)ignored;
}
