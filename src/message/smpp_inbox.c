#include "message/smpp_inbox.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "message/message_parts.h"

enum { ADDRESS_MAX = 40, TEXT_MAX = 4 * 1024 };

struct smpp_inbox {
    struct loop *loop;
    smpp_inbox_fn fn;
    void *owner;
    struct message_parts *parts;
    struct timer late;
};

struct smpp_inbox *smpp_inbox_create(struct loop *loop, smpp_inbox_fn fn, void *owner)
{
    struct smpp_inbox *inbox = mem_new(struct smpp_inbox);
    inbox->loop = loop;
    inbox->fn = fn;
    inbox->owner = owner;
    inbox->parts = message_parts_create();
    return inbox;
}

static enum message_alphabet alphabet_of(uint8_t coding)
{
    static const struct {
        uint8_t coding;
        enum message_alphabet alphabet;
    } rows[] = { { SMPP_CODING_ASCII, MESSAGE_LATIN1 },
                 { SMPP_CODING_LATIN1, MESSAGE_LATIN1 },
                 { SMPP_CODING_UCS2, MESSAGE_UCS2 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].coding == coding)
            return rows[i].alphabet;
    return MESSAGE_GSM;
}

static void tell_joined(struct smpp_inbox *inbox, struct message_joined *joined)
{
    inbox->fn(inbox->owner, joined->from, joined->to, joined->body);
    message_joined_clear(joined);
}

static void on_late(void *owner);

static void watch_parts(struct smpp_inbox *inbox)
{
    int64_t wake_ms = message_parts_next_wake_ms(inbox->parts);
    if (wake_ms == INT64_MAX)
        loop_timer_stop(inbox->loop, &inbox->late);
    else
        loop_timer_start(inbox->loop, &inbox->late, num_max(0, wake_ms - loop_now_ms(inbox->loop)),
                         on_late, inbox);
}

static void on_late(void *owner)
{
    struct smpp_inbox *inbox = owner;
    struct message_joined joined;
    while (message_parts_late(inbox->parts, loop_now_ms(inbox->loop), &joined)) {
        log_warn(NULL, "smpp a long text came without all of its parts");
        tell_joined(inbox, &joined);
    }
    watch_parts(inbox);
}

static void tell_alone(struct smpp_inbox *inbox, const struct message_part *part)
{
    char mem[TEXT_MAX], from[ADDRESS_MAX], to[ADDRESS_MAX];
    struct buf body = BUF_ON(mem);
    message_text_read(part->bytes, part->alphabet, &body);
    if (slice_copy(part->from, from, sizeof from) && slice_copy(part->to, to, sizeof to))
        inbox->fn(inbox->owner, from, to, buf_cstr(&body));
}

/* E.164 as everybody else has it. */
static struct slice full_number(struct slice number, bool is_full, struct buf *out)
{
    if (is_full && !slice_starts(number, SLICE("+")))
        buf_char(out, '+');
    buf_put(out, number);
    return buf_slice(out);
}

void smpp_inbox_take(struct smpp_inbox *inbox, const struct smpp_text_pdu *text)
{
    char from_mem[ADDRESS_MAX], to_mem[ADDRESS_MAX];
    struct buf from = BUF_ON(from_mem), to = BUF_ON(to_mem);
    struct smpp_part place;
    struct message_joined joined;
    struct message_part part = { .from = full_number(text->from, text->is_from_full, &from),
                                 .to = full_number(text->to, text->is_to_full, &to),
                                 .alphabet = alphabet_of(text->coding),
                                 .bytes = smpp_user_data(text, &place) };
    if (from.overflow || to.overflow) /* nobody has such a number */
        return;
    part.reference = place.reference;
    part.total = place.total;
    part.number = place.number;
    enum err err = place.total > 1
                       ? message_parts_feed(inbox->parts, &part, loop_now_ms(inbox->loop), &joined)
                       : ERR_LIMIT;
    if (!err)
        tell_joined(inbox, &joined);
    else if (err != ERR_AGAIN)
        tell_alone(inbox, &part);
    watch_parts(inbox);
}

void smpp_inbox_destroy(struct smpp_inbox *inbox)
{
    struct message_joined joined;
    if (!inbox)
        return;
    loop_timer_stop(inbox->loop, &inbox->late);
    while (message_parts_late(inbox->parts, INT64_MAX, &joined))
        tell_joined(inbox, &joined);
    message_parts_destroy(inbox->parts);
    mem_free(inbox);
}
