#pragma once
/* Long texts that come in as parts (TS 23.040 §9.2.3.24.1 and 8, SMPP 3.4 §5.3.2.22), joined in
 * their order. A part that stays away holds its text up for five minutes: then what came is told.
 * It holds no clock. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "message/message_text.h"

enum {
    MESSAGE_PARTS_WAIT_MS = 5 * 60 * 1000,
    MESSAGE_PARTS_TEXTS = 256, /* that are not complete */
    MESSAGE_PARTS_BYTES = 255, /* of one part */
};

/** Borrowed until return. */
struct message_part {
    struct slice from, to;
    uint16_t reference;    /* of the text, by its sender */
    uint8_t total, number; /* 1 is the first */
    enum message_alphabet alphabet;
    struct slice bytes; /* without its header */
};
/** A text, UTF-8; mem_free() each. */
struct message_joined {
    char *from, *to, *body;
};
void message_joined_clear(struct message_joined *joined);

struct message_parts;
struct message_parts *message_parts_create(void);
/** What is incomplete is forgotten: message_parts_late() before. NULL is fine. */
void message_parts_destroy(struct message_parts *parts);
/** ERR_AGAIN: others are missing.  ERR_INVALID: a number that cannot be.  ERR_LIMIT: too many texts
 * or bytes; after both it is a text by itself. */
MUST_CHECK enum err message_parts_feed(struct message_parts *parts, const struct message_part *part,
                                       int64_t now_ms, struct message_joined *out);
/** A text that has waited until `now_ms` (INT64_MAX: any that waits), of the parts that came. */
bool message_parts_late(struct message_parts *parts, int64_t now_ms, struct message_joined *out);
/** When to ask for late ones; INT64_MAX: nothing waits. */
int64_t message_parts_next_wake_ms(const struct message_parts *parts);
