#pragma once
/* Log lines: time, level, tag, event and key=value. One write(2) a line, so lines never mix. Any
 * thread. Never a secret; numbers of people through log_mask() from info up. */

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

/** What the line is about, as text: "call=3 leg=7 trunk=default". Zero-initialised: nothing. */
struct log_tag {
    char text[96];
};

/** Called for every line that passes the level, without colours or the newline: the dashboard's
 * tail. On the thread that logs; it must not log itself. */
typedef void (*log_tap_fn)(void *owner, enum log_level level, struct slice line);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_json(bool on);
void log_set_fd(int fd); /* 2 (stderr) unless told */
void log_set_tap(log_tap_fn fn, void *owner);
/** "debug", "info", "warn", "error", "trace"; ERR_INVALID otherwise. */
MUST_CHECK enum err log_level_parse(struct slice text, enum log_level *out);
const char *log_level_name(enum log_level level);

void log_tag_set(struct log_tag *tag, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** A number, or the user of an address, with its middle masked: "+97150xxxx567". Terminated; ""
 * when it does not fit `cap`. */
const char *log_mask(struct slice number, char *out, size_t cap);

void log_line(enum log_level level, const struct log_tag *tag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool log_is_on(enum log_level level);

#define log_error(tag, ...) log_line(LOG_ERROR, tag, __VA_ARGS__)
#define log_warn(tag, ...) log_line(LOG_WARN, tag, __VA_ARGS__)
#define log_info(tag, ...) log_line(LOG_INFO, tag, __VA_ARGS__)
#define log_debug(tag, ...)                        \
    do {                                           \
        if (log_is_on(LOG_DEBUG))                  \
            log_line(LOG_DEBUG, tag, __VA_ARGS__); \
    } while (0)
#ifdef NDEBUG
#define log_trace(tag, ...) ((void)0)
#else
#define log_trace(tag, ...)                        \
    do {                                           \
        if (log_is_on(LOG_TRACE))                  \
            log_line(LOG_TRACE, tag, __VA_ARGS__); \
    } while (0)
#endif
