#include "message/message_parts.h"

#include "base/list.h"
#include "base/mem.h"

enum { UTF8_MAX = 3 }; /* bytes of a septet's or a 16-bit unit's character */

struct piece {
    enum message_alphabet alphabet;
    size_t len;
    char bytes[MESSAGE_PARTS_BYTES];
};
/* A text that is not complete. */
struct text {
    struct list link;
    char *from, *to;
    uint16_t reference;
    uint8_t total, n;
    int64_t until_ms;
    struct piece *pieces[UINT8_MAX]; /* NULL: it is missing */
};
struct message_parts {
    struct list texts; /* the oldest first */
    size_t n;
};

void message_joined_clear(struct message_joined *joined)
{
    mem_free(joined->from);
    mem_free(joined->to);
    mem_free(joined->body);
    *joined = (struct message_joined){ 0 };
}

struct message_parts *message_parts_create(void)
{
    struct message_parts *parts = mem_new(struct message_parts);
    list_init(&parts->texts);
    return parts;
}

static void text_destroy(struct message_parts *parts, struct text *text)
{
    list_remove(&text->link);
    parts->n--;
    for (size_t i = 0; i < text->total; i++)
        mem_free(text->pieces[i]);
    mem_free(text->from);
    mem_free(text->to);
    mem_free(text);
}

void message_parts_destroy(struct message_parts *parts)
{
    if (!parts)
        return;
    LIST_EACH(link, &parts->texts)
    {
        text_destroy(parts, LIST_ITEM(link, struct text, link));
    }
    mem_free(parts);
}

/* A character may be cut in two at the edge of a part, so those of one alphabet are read as one. */
static char *read_pieces(const struct text *text)
{
    char bytes[UINT8_MAX * MESSAGE_PARTS_BYTES];
    size_t cap = UTF8_MAX * sizeof bytes + 1;
    struct buf out;
    buf_init(&out, mem_alloc(cap), cap);
    for (size_t i = 0; i < text->total;) {
        struct buf run = BUF_ON(bytes);
        const struct piece *first = text->pieces[i];
        for (; i < text->total &&
               (!first || !text->pieces[i] || text->pieces[i]->alphabet == first->alphabet);
             i++) {
            const struct piece *piece = text->pieces[i];
            first = first ? first : piece;
            if (piece)
                buf_put(&run, slice_make(piece->bytes, piece->len));
        }
        if (first)
            message_text_read(buf_slice(&run), first->alphabet, &out);
    }
    char *body = slice_dup(buf_slice(&out));
    mem_free(out.ptr);
    return body;
}

static void join(struct message_parts *parts, struct text *text, struct message_joined *out)
{
    *out = (struct message_joined){ .from = text->from, .to = text->to, .body = read_pieces(text) };
    text->from = text->to = NULL;
    text_destroy(parts, text);
}

static struct text *text_of(struct message_parts *parts, const struct message_part *part,
                            int64_t now_ms)
{
    LIST_EACH(link, &parts->texts)
    {
        struct text *text = LIST_ITEM(link, struct text, link);
        if (text->reference == part->reference && text->total == part->total &&
            slice_is(part->from, text->from) && slice_is(part->to, text->to))
            return text;
    }
    if (parts->n == MESSAGE_PARTS_TEXTS)
        return NULL;
    struct text *text = mem_new(struct text);
    text->from = slice_dup(part->from);
    text->to = slice_dup(part->to);
    text->reference = part->reference;
    text->total = part->total;
    text->until_ms = now_ms + MESSAGE_PARTS_WAIT_MS;
    list_append(&parts->texts, &text->link);
    parts->n++;
    return text;
}

enum err message_parts_feed(struct message_parts *parts, const struct message_part *part,
                            int64_t now_ms, struct message_joined *out)
{
    if (!part->number || part->number > part->total)
        return ERR_INVALID;
    struct text *text = part->bytes.len > MESSAGE_PARTS_BYTES ? NULL : text_of(parts, part, now_ms);
    if (!text)
        return ERR_LIMIT;
    if (text->pieces[part->number - 1])
        return ERR_AGAIN; /* the centre says it again */
    struct piece *piece = mem_new(struct piece);
    struct buf bytes = BUF_ON(piece->bytes);
    buf_put(&bytes, part->bytes);
    piece->len = bytes.len;
    piece->alphabet = part->alphabet;
    text->pieces[part->number - 1] = piece;
    if (++text->n < text->total)
        return ERR_AGAIN;
    join(parts, text, out);
    return OK;
}

int64_t message_parts_next_wake_ms(const struct message_parts *parts)
{
    return list_empty(&parts->texts) ? INT64_MAX
                                     : LIST_ITEM(parts->texts.next, struct text, link)->until_ms;
}

bool message_parts_late(struct message_parts *parts, int64_t now_ms, struct message_joined *out)
{
    if (list_empty(&parts->texts) || message_parts_next_wake_ms(parts) > now_ms)
        return false;
    join(parts, LIST_ITEM(parts->texts.next, struct text, link), out);
    return true;
}
