#include "sdp.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"

struct parser {
    struct sdp_session *session;
    struct sdp_media *media; /* the m= section we are in, or NULL */
    size_t pooled;           /* attributes taken from the pool */
    size_t max_media;        /* m= lines counted beforehand */
};

/* The last word, cut off the end. */
static struct slice last_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    size_t from = rest->len;
    while (from && (unsigned char)rest->ptr[from - 1] > ' ')
        from--;
    struct slice last = slice_from(*rest, from);
    rest->len = from;
    return last;
}

static enum err read_version(struct parser *p, struct slice value)
{
    (void)p;
    return slice_is(slice_trim(value), "0") ? OK : ERR_PARSE;
}

static enum err read_origin(struct parser *p, struct slice value)
{
    struct sdp_origin o;
    /* from the right, because some phones write a user name with blanks */
    o.address = last_word(&value);
    o.addr_type = last_word(&value);
    o.net_type = last_word(&value);
    o.version = last_word(&value);
    o.id = last_word(&value);
    o.username = slice_trim(value);
    if (p->media || p->session->origin.address.len)
        return OK;
    if (!o.username.len || !o.id.len)
        return ERR_PARSE;
    p->session->origin = o;
    return OK;
}

static enum err read_connection(struct parser *p, struct slice value)
{
    struct sdp_connection c;
    c.net_type = slice_word(&value);
    c.addr_type = slice_word(&value);
    c.address = slice_word(&value);
    if (!c.address.len)
        return ERR_PARSE;
    struct sdp_connection *at = p->media ? &p->media->connection : &p->session->connection;
    if (!at->address.len) /* more than one is layered multicast: the first layer is enough */
        *at = c;
    return OK;
}

static enum err read_bandwidth(struct parser *p, struct slice value)
{
    struct sdp_bandwidths *list = p->media ? &p->media->bandwidths : &p->session->bandwidths;
    struct sdp_bandwidth b = { .type = slice_cut(&value, ':') };
    b.value = value;
    if (list->n == SDP_MAX_BANDWIDTHS)
        return ERR_LIMIT;
    list->items[list->n++] = b;
    return OK;
}

static enum err read_attribute(struct parser *p, struct slice value)
{
    struct sdp_attributes *list = p->media ? &p->media->attributes : &p->session->attributes;
    struct sdp_attribute a = { .has_value = slice_index(value, ':') < value.len };
    a.name = slice_cut(&value, ':');
    a.value = value;
    if (list->n == SDP_MAX_ATTRIBUTES)
        return ERR_LIMIT;
    /* a section's lines are consecutive, so its list is a run of the pool */
    if (list->n == 0)
        list->items = p->session->pool + p->pooled;
    list->items[list->n++] = a;
    p->pooled++;
    return OK;
}

static const char *const kinds[] = { "audio", "video", "application", "image", "text", "message" };
_Static_assert(COUNT_OF(kinds) == SDP_OTHER, "one word per kind but the last");

static enum sdp_kind kind_of(struct slice word)
{
    unsigned i = 0;
    while (i < COUNT_OF(kinds) && !slice_iis(word, kinds[i]))
        i++;
    return (enum sdp_kind)i;
}

static enum err read_port(struct slice text, struct sdp_media *media)
{
    struct slice port_text = slice_cut(&text, '/');
    uint32_t port;
    uint32_t count = 1;
    if (slice_to_u32(port_text, UINT16_MAX, &port))
        return ERR_PARSE;
    if (text.len && (slice_to_u32(text, UINT16_MAX, &count) || count == 0))
        return ERR_PARSE;
    media->port = (uint16_t)port;
    media->count = (uint16_t)count;
    return OK;
}

static enum err read_media(struct parser *p, struct slice value)
{
    if (p->session->n_media == p->max_media)
        return ERR_LIMIT;
    struct sdp_media *media = &p->session->media[p->session->n_media];
    media->kind_text = slice_word(&value);
    media->kind = kind_of(media->kind_text);
    if (read_port(slice_word(&value), media))
        return ERR_PARSE;
    media->proto = slice_word(&value);
    if (!media->proto.len)
        return ERR_PARSE;
    for (struct slice format; (format = slice_word(&value)).len;) {
        if (media->n_formats == SDP_MAX_FORMATS)
            return ERR_LIMIT;
        media->formats[media->n_formats++] = format;
    }
    p->session->n_media++;
    p->media = media;
    return OK;
}

/* Lines that are only text: the session's, and `i=` under an m= line. */
static enum err read_text(struct parser *p, char letter, struct slice value)
{
    struct sdp_session *s = p->session;
    const struct {
        char letter;
        struct slice *at;
    } places[] = {
        { 's', &s->name },  { 'i', &s->info },  { 'u', &s->uri },
        { 'e', &s->email }, { 'p', &s->phone }, { 't', &s->time },
    };
    if (p->media) {
        if (letter == 'i')
            p->media->info = value;
        return OK;
    }
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (places[i].letter == letter && !places[i].at->len)
            *places[i].at = value;
    return OK;
}

/* Without its line end. "\r\r\n" is what text goes through when it is converted once too often. */
static struct slice next_line(struct slice *text)
{
    struct slice line = slice_line(text);
    while (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static enum err read_line(struct parser *p, struct slice line)
{
    static const struct {
        char letter;
        enum err (*read)(struct parser *p, struct slice value);
    } lines[] = {
        { 'a', read_attribute }, { 'b', read_bandwidth }, { 'c', read_connection },
        { 'm', read_media },     { 'o', read_origin },    { 'v', read_version },
    };
    if (line.len < 2 || line.ptr[1] != '=')
        return OK; /* blank, or not an SDP line: some peers append such */
    struct slice value = slice_from(line, 2);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (lines[i].letter == line.ptr[0])
            return lines[i].read(p, value);
    return read_text(p, line.ptr[0], value);
}

/* How many lines start with `start`: what to allocate. */
static size_t count_lines(struct slice text, const char *start)
{
    size_t n = 0;
    while (text.len)
        n += slice_starts(slice_line(&text), slice_of(start));
    return n;
}

static enum err parse_lines(struct sdp_session *session, struct slice text)
{
    struct parser p = { .session = session };
    p.max_media = count_lines(text, "m=");
    if (p.max_media > SDP_MAX_MEDIA)
        return ERR_LIMIT;
    session->pool = mem_array(count_lines(text, "a="), sizeof *session->pool);
    session->media = mem_array(p.max_media, sizeof *session->media);
    if (!slice_starts(text, SLICE("v=")))
        return ERR_PARSE;
    enum err err = OK;
    while (text.len && !err)
        err = read_line(&p, next_line(&text));
    return err;
}

enum err sdp_parse(struct sdp_session **out, struct slice text)
{
    while (text.len && (unsigned char)text.ptr[0] <= ' ' && text.ptr[0])
        text = slice_from(text, 1);
    if (text.len > SDP_MAX_BYTES)
        return ERR_LIMIT;
    if (slice_index(text, '\0') < text.len)
        return ERR_PARSE;
    struct sdp_session *session = mem_new(struct sdp_session);
    session->text = slice_dup(text);
    enum err err = parse_lines(session, slice_make(session->text, text.len));
    if (err) {
        sdp_session_destroy(session);
        return err;
    }
    *out = session;
    return OK;
}

void sdp_session_destroy(struct sdp_session *session)
{
    if (!session)
        return;
    mem_free(session->media);
    mem_free(session->pool);
    /* a=crypto lines carry keys */
    mem_wipe(session->text, strlen(session->text));
    mem_free(session->text);
    mem_free(session);
}

static void print_text(struct buf *out, char letter, struct slice value)
{
    if (value.len) {
        buf_char(out, letter);
        buf_char(out, '=');
        buf_put(out, value);
        buf_text(out, "\r\n");
    }
}

static void print_words(struct buf *out, const char *start, const struct slice *words, size_t n)
{
    buf_text(out, start);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(out, ' ');
        buf_put(out, words[i]);
    }
    buf_text(out, "\r\n");
}

static void print_origin(struct buf *out, const struct sdp_origin *o)
{
    if (!o->id.len) {
        buf_text(out, "o=- 0 0 IN IP4 0.0.0.0\r\n");
        return;
    }
    const struct slice words[] = { o->username, o->id,        o->version,
                                   o->net_type, o->addr_type, o->address };
    print_words(out, "o=", words, COUNT_OF(words));
}

static void print_connection(struct buf *out, const struct sdp_connection *c)
{
    const struct slice words[] = { c->net_type, c->addr_type, c->address };
    if (c->address.len)
        print_words(out, "c=", words, COUNT_OF(words));
}

static void print_bandwidths(struct buf *out, const struct sdp_bandwidths *list)
{
    for (size_t i = 0; i < list->n; i++) {
        buf_text(out, "b=");
        buf_put(out, list->items[i].type);
        buf_char(out, ':');
        buf_put(out, list->items[i].value);
        buf_text(out, "\r\n");
    }
}

static void print_attributes(struct buf *out, const struct sdp_attributes *list)
{
    for (size_t i = 0; i < list->n; i++) {
        buf_text(out, "a=");
        buf_put(out, list->items[i].name);
        if (list->items[i].has_value)
            buf_char(out, ':');
        buf_put(out, list->items[i].value);
        buf_text(out, "\r\n");
    }
}

static void print_media(struct buf *out, const struct sdp_media *media)
{
    buf_text(out, "m=");
    buf_put(out, media->kind_text);
    buf_printf(out, " %u", (unsigned)media->port);
    if (media->count != 1)
        buf_printf(out, "/%u", (unsigned)media->count);
    buf_char(out, ' ');
    buf_put(out, media->proto);
    for (size_t i = 0; i < media->n_formats; i++) {
        buf_char(out, ' ');
        buf_put(out, media->formats[i]);
    }
    buf_text(out, "\r\n");
    print_text(out, 'i', media->info);
    print_connection(out, &media->connection);
    print_bandwidths(out, &media->bandwidths);
    print_attributes(out, &media->attributes);
}

void sdp_print(const struct sdp_session *session, struct buf *out)
{
    buf_text(out, "v=0\r\n");
    print_origin(out, &session->origin);
    print_text(out, 's', session->name.len ? session->name : SLICE("-"));
    print_text(out, 'i', session->info);
    print_text(out, 'u', session->uri);
    print_text(out, 'e', session->email);
    print_text(out, 'p', session->phone);
    print_connection(out, &session->connection);
    print_bandwidths(out, &session->bandwidths);
    print_text(out, 't', session->time.len ? session->time : SLICE("0 0"));
    print_attributes(out, &session->attributes);
    for (size_t i = 0; i < session->n_media; i++)
        print_media(out, &session->media[i]);
}

const struct sdp_connection *sdp_connection_of(const struct sdp_session *session,
                                               const struct sdp_media *media)
{
    return media->connection.address.len ? &media->connection : &session->connection;
}

const struct sdp_attribute *sdp_find_next(const struct sdp_attributes *attributes, const char *name,
                                          const struct sdp_attribute *after)
{
    size_t i = after ? (size_t)(after - attributes->items) + 1 : 0;
    for (; i < attributes->n; i++)
        if (slice_is(attributes->items[i].name, name))
            return &attributes->items[i];
    return NULL;
}

const struct sdp_attribute *sdp_find(const struct sdp_attributes *attributes, const char *name)
{
    return sdp_find_next(attributes, name, NULL);
}

const struct sdp_attribute *sdp_find_in(const struct sdp_session *session,
                                        const struct sdp_media *media, const char *name)
{
    const struct sdp_attribute *found = media ? sdp_find(&media->attributes, name) : NULL;
    return found ? found : sdp_find(&session->attributes, name);
}
