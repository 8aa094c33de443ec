#include "call/timeline.h"

#include <stdio.h>

#include "base/mem.h"

/* The beginning explains a call and the end explains why it is over, so the middle gives way. */
enum { TIMELINE_FIRST = TIMELINE_MAX / 2 };

struct timeline {
    struct timeline_entry *entries; /* [TIMELINE_FIRST, TIMELINE_MAX) is a ring once it is full */
    size_t count;                   /* ever added */
    size_t cap;
};

struct timeline *timeline_create(void)
{
    return mem_new(struct timeline);
}

void timeline_destroy(struct timeline *timeline)
{
    if (!timeline)
        return;
    mem_free(timeline->entries);
    mem_free(timeline);
}

static size_t slot_of(size_t nth)
{
    if (nth < TIMELINE_MAX)
        return nth;
    return TIMELINE_FIRST + (nth - TIMELINE_FIRST) % (TIMELINE_MAX - TIMELINE_FIRST);
}

void timeline_add(struct timeline *timeline, int64_t at_ms, uint32_t leg, const char *kind,
                  const char *fmt, va_list args)
{
    size_t slot = slot_of(timeline->count);
    if (slot >= timeline->cap) {
        timeline->cap = timeline->cap ? timeline->cap * 2 : 16;
        if (timeline->cap > TIMELINE_MAX)
            timeline->cap = TIMELINE_MAX;
        timeline->entries =
            mem_resize(timeline->entries, timeline->cap * sizeof *timeline->entries);
    }
    struct timeline_entry *entry = &timeline->entries[slot];
    *entry = (struct timeline_entry){ .at_ms = at_ms, .leg = leg };
    snprintf(entry->kind, sizeof entry->kind, "%s", kind);
    vsnprintf(entry->text, sizeof entry->text, fmt, args);
    timeline->count++;
}

size_t timeline_count(const struct timeline *timeline)
{
    return timeline->count < TIMELINE_MAX ? timeline->count : TIMELINE_MAX;
}

const struct timeline_entry *timeline_at(const struct timeline *timeline, size_t i)
{
    if (timeline->count <= TIMELINE_MAX || i < TIMELINE_FIRST)
        return &timeline->entries[i];
    return &timeline->entries[slot_of(timeline->count - TIMELINE_MAX + i)];
}

json_t *timeline_json(const struct timeline *timeline)
{
    json_t *list = json_array();
    for (size_t i = 0; i < timeline_count(timeline); i++) {
        const struct timeline_entry *entry = timeline_at(timeline, i);
        json_t *text = json_string(entry->text); /* NULL when a peer's bytes are not UTF-8 */
        json_array_append_new(list, json_pack("{s:I, s:i, s:s, s:o}", "t", (json_int_t)entry->at_ms,
                                              "leg", (int)entry->leg, "kind", entry->kind, "text",
                                              text ? text : json_string("(not UTF-8)")));
    }
    return list;
}
