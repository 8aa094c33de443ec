#include "message_row.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"

#define AT(field) offsetof(struct store_message, field)
static const size_t texts[] = {
    AT(id),        AT(project_id), AT(direction),     AT(from),    AT(to),     AT(body),
    AT(media),     AT(status),     AT(kind),          AT(source),  AT(target), AT(status_url),
    AT(variables), AT(error_code), AT(error_message), AT(peer_id), AT(claim),
};

static const char **text_at(struct store_message *row, size_t i)
{
    return (const char **)(void *)((char *)row + texts[i]);
}

static void drop(const char *text)
{
    char *own = (char *)(uintptr_t)text; /* made by message_row_set() */
    if (own)
        mem_wipe(own, strlen(own));
    mem_free(own);
}

void message_row_set(const char **field, const char *text)
{
    const char *before = *field;
    *field = mem_copy_text(text ? text : "", text ? strlen(text) : 0);
    drop(before);
}

struct store_message *message_row_copy(const struct store_message *row)
{
    struct store_message *copy = mem_new(struct store_message);
    *copy = *row;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char **field = text_at(copy, i);
        const char *text = *field;
        *field = NULL;
        message_row_set(field, text);
    }
    return copy;
}

void message_row_destroy(struct store_message *row)
{
    if (!row)
        return;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        drop(*text_at(row, i));
    mem_free(row);
}
