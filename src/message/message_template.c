#include "message_template.h"

#include <ctype.h>
#include <jansson.h>

#include "base/num.h"

static const struct {
    const char *name;
    size_t offset;
} places[] = {
    { "body", offsetof(struct store_message, body) },
    { "from", offsetof(struct store_message, from) },
    { "id", offsetof(struct store_message, id) },
    { "media", offsetof(struct store_message, media) },
    { "to", offsetof(struct store_message, to) },
};

enum message_form message_form_of(struct slice content_type)
{
    struct slice type = slice_trim(slice_cut(&content_type, ';'));
    if (slice_iis(type, "application/json") || slice_ends(type, SLICE("+json")))
        return MESSAGE_FORM_JSON;
    if (slice_iis(type, "application/x-www-form-urlencoded"))
        return MESSAGE_FORM_QUERY;
    return MESSAGE_FORM_PLAIN;
}

static void put_json(struct slice value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = (uint8_t)value.ptr[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_char(out, (char)c);
    }
}

void message_put_query(struct slice value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = (uint8_t)value.ptr[i];
        if (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static void put_value(struct slice value, enum message_form form, struct buf *out)
{
    switch (form) {
    case MESSAGE_FORM_PLAIN:
        buf_put(out, value);
        break;
    case MESSAGE_FORM_JSON:
        put_json(value, out);
        break;
    case MESSAGE_FORM_QUERY:
        message_put_query(value, out);
        break;
    }
}

static void put_media(const char *media, enum message_form form, struct buf *out)
{
    json_t *list = json_loads(media && media[0] ? media : "[]", 0, NULL);
    const char *first = json_string_value(json_array_get(list, 0));
    if (form == MESSAGE_FORM_QUERY)
        message_put_query(slice_of(first), out);
    else
        buf_text(out, media && media[0] ? media : "[]");
    json_decref(list);
}

/* The place that begins here: its length with braces, 0 for none. */
static size_t place_at(struct slice text)
{
    size_t i = 1;
    while (i < text.len && (isalpha((unsigned char)text.ptr[i]) || text.ptr[i] == '_'))
        i++;
    return i > 1 && i < text.len && text.ptr[i] == '}' ? i + 1 : 0;
}

static size_t find(struct slice place)
{
    size_t i = 0;
    while (i < COUNT_OF(places) && !slice_is(slice_sub(place, 1, place.len - 2), places[i].name))
        i++;
    return i;
}

bool message_template_check(struct slice template, struct slice *unknown)
{
    for (size_t i = 0; i < template.len; i++) {
        struct slice rest = slice_from(template, i);
        size_t len = rest.ptr[0] == '{' ? place_at(rest) : 0;
        if (len && find(slice_sub(rest, 0, len)) == COUNT_OF(places)) {
            *unknown = slice_sub(rest, 0, len);
            return false;
        }
    }
    return true;
}

void message_template_print(struct slice template, enum message_form form,
                            const struct store_message *row, struct buf *out)
{
    for (size_t i = 0; i < template.len; i++) {
        struct slice rest = slice_from(template, i);
        size_t len = rest.ptr[0] == '{' ? place_at(rest) : 0;
        size_t which = len ? find(slice_sub(rest, 0, len)) : COUNT_OF(places);
        if (which == COUNT_OF(places)) {
            buf_char(out, rest.ptr[0]);
            continue;
        }
        const char *value = *(const char *const *)((const char *)row + places[which].offset);
        if (places[which].offset == offsetof(struct store_message, media))
            put_media(value, form, out);
        else
            put_value(slice_of(value), form, out);
        i += len - 1;
    }
}
