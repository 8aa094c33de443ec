#pragma once
/* What happened in one call, in order, with its time: the one stream of events that ladders,
 * webhooks and the "why is there no audio" answer read. Bounded: the first and the newest entries
 * are kept. Control. */

#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>

struct timeline;

enum { TIMELINE_MAX = 400, TIMELINE_TEXT_MAX = 240 };

struct timeline_entry {
    int64_t at_ms; /* wall clock */
    uint32_t leg;  /* 0: the call itself */
    char kind[16];
    char text[TIMELINE_TEXT_MAX];
};

struct timeline *timeline_create(void);
void timeline_destroy(struct timeline *timeline);
void timeline_add(struct timeline *timeline, int64_t at_ms, uint32_t leg, const char *kind,
                  const char *fmt, va_list args) __attribute__((format(printf, 5, 0)));
size_t timeline_count(const struct timeline *timeline);
const struct timeline_entry *timeline_at(const struct timeline *timeline, size_t i);
/** [{"t":ms,"leg":1,"kind":"sip","text":"…"}]; the caller owns it. */
json_t *timeline_json(const struct timeline *timeline);
