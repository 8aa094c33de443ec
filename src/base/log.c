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

/* An escaped byte takes six at most, so a line that is cut is cut in its text, never in its JSON.
 */
enum { LOG_TEXT_MAX = 2048, LOG_LINE_MAX = 6 * (LOG_TEXT_MAX + (int)sizeof(struct log_tag)) + 128 };

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

const char *log_level_name(enum log_level level)
{
    return names[level];
}

void log_tag_set(struct log_tag *tag, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(tag->text, sizeof tag->text, fmt, args);
    va_end(args);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *log_mask(struct slice number, char *out, size_t cap)
{
    struct buf buf;
    buf_init(&buf, out, cap);
    /* of an address only the user is somebody's number: the host stays readable */
    size_t user_len = slice_index(number, '@');
    size_t digits = 0;
    for (size_t i = 0; i < user_len; i++)
        digits += is_digit(number.ptr[i]);
    size_t seen = 0;
    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];
        bool digit = i < user_len && is_digit(c);
        seen += digit;
        /* short numbers are extensions or services: they name nobody */
        bool hide = digit && digits > 6 && seen + 3 <= digits && seen + 6 >= digits;
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

/* Length of the UTF-8 character in front (RFC 3629 §4), 0 when it is none or a C1 control. */
static size_t utf8_len(struct slice text)
{
    unsigned char c = (unsigned char)text.ptr[0];
    size_t len = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : 4;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((text.ptr[i] & 0xc0) != 0x80)
            return 0;
    unsigned char second = len > 1 ? (unsigned char)text.ptr[1] : 0;
    bool overlong = (c == 0xe0 && second < 0xa0) || (c == 0xf0 && second < 0x90);
    bool beyond = (c == 0xed && second >= 0xa0) || (c == 0xf4 && second >= 0x90);
    bool control = c == 0xc2 && second < 0xa0;
    return overlong || beyond || control ? 0 : len;
}

/* Control bytes would let a peer forge log lines or steer a terminal; bytes that are not UTF-8
 * would make a JSON line unreadable as a whole. */
static void put_clean(struct buf *buf, struct slice text, bool json)
{
    for (size_t len; text.len; text = slice_from(text, len)) {
        unsigned char c = (unsigned char)text.ptr[0];
        size_t whole = utf8_len(text);
        len = whole ? whole : 1;
        if (c < 0x20 || c == 0x7f || !whole)
            buf_printf(buf, json ? "\\u%04x" : "\\x%02x", c);
        else if (json && (c == '"' || c == '\\'))
            buf_printf(buf, "\\%c", c);
        else
            buf_put(buf, slice_sub(text, 0, len));
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
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char line[LOG_LINE_MAX];
    struct buf buf;
    buf_init(&buf, line, sizeof line - 1);
    (sink.json ? put_json : put_plain)(&buf, level, tag, slice_of(text));
    tap_line(level, buf_slice(&buf));
    line[buf.len] = '\n';
    ssize_t ignored = write(sink.fd, line, buf.len + 1); /* nowhere left to complain */
    (void)ignored;
}
