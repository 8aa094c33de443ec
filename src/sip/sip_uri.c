#include "sip_uri.h"

#include "base/num.h"
#include "net/addr.h"
#include "sip_param.h"

enum {
    USER = 1,
    PASSWORD = 2,
    HOST = 4,
    PARAM = 8,
    HEADER = 16,
    TEL = 32,
    RESERVED = 64,
    READ_ONLY = 128 /* taken in a user, but never written: it goes out escaped */
};
enum { UNRESERVED = USER | PASSWORD | PARAM | HEADER };

/* RFC 3261 §25.1, user, password, host, paramchar, hvalue; RFC 3966 §3 phonedigit-hex. Beyond them:
 * '#' in a user (feature codes dialled on phones) and '_' in a host (container names). */
static const uint8_t class_of[256] = {
    ['0' ... '9'] = UNRESERVED | HOST | TEL,
    ['A' ... 'F'] = UNRESERVED | HOST | TEL,
    ['a' ... 'f'] = UNRESERVED | HOST | TEL,
    ['G' ... 'Z'] = UNRESERVED | HOST,
    ['g' ... 'z'] = UNRESERVED | HOST,
    ['-'] = UNRESERVED | HOST | TEL,
    ['.'] = UNRESERVED | HOST | TEL,
    ['_'] = UNRESERVED | HOST,
    ['('] = UNRESERVED | TEL,
    [')'] = UNRESERVED | TEL,
    ['*'] = UNRESERVED | TEL,
    ['!'] = UNRESERVED,
    ['~'] = UNRESERVED,
    ['\''] = UNRESERVED,
    ['%'] = UNRESERVED,
    ['#'] = USER | TEL | READ_ONLY,
    ['&'] = USER | PASSWORD | PARAM | HEADER | RESERVED,
    ['='] = USER | PASSWORD | PARAM | HEADER | RESERVED,
    ['+'] = USER | PASSWORD | PARAM | HEADER | RESERVED | TEL,
    ['$'] = USER | PASSWORD | PARAM | HEADER | RESERVED,
    [','] = USER | PASSWORD | RESERVED,
    [';'] = USER | PARAM | RESERVED, /* within PARAM it separates */
    ['?'] = USER | HEADER | RESERVED,
    ['/'] = USER | PARAM | HEADER | RESERVED,
    ['['] = PARAM | HEADER,
    [']'] = PARAM | HEADER,
    [':'] = PARAM | HEADER | RESERVED,
    ['@'] = RESERVED,
};

static const char *const schemes[] = {
    [SIP_URI_SIP] = "sip", [SIP_URI_SIPS] = "sips", [SIP_URI_TEL] = "tel"
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* The byte that a valid escape at s.ptr[i] stands for, or -1. */
static int escape_at(struct slice s, size_t i)
{
    if (s.ptr[i] != '%' || s.len - i < 3)
        return -1;
    int high = hex_value(s.ptr[i + 1]), low = hex_value(s.ptr[i + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool made_of(struct slice s, uint8_t class)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(class_of[(uint8_t)s.ptr[i]] & class))
            return false;
        if (s.ptr[i] == '%' && escape_at(s, i) < 0)
            return false;
    }
    return true;
}

static enum err port_parse(struct slice text, uint16_t *out)
{
    uint32_t port = 0;
    enum err err = slice_to_u32(text, UINT16_MAX, &port);
    if (err)
        return ERR_PARSE;
    *out = (uint16_t)port; /* ≤ 65535 */
    return OK;
}

enum err sip_host_addr(struct slice host, uint16_t port, struct addr *out)
{
    struct slice colons = SLICE(":::");
    size_t at = slice_find(host, colons);
    if (at == host.len || slice_index(host, '.') == host.len)
        return addr_parse_ip(host, port, out);
    /* RFC 5118 §4.10: what RFC 3261's grammar made of "::" before an IPv4 address is tolerated */
    char text[ADDR_TEXT];
    struct buf buf = BUF_ON(text);
    buf_put(&buf, slice_sub(host, 0, at));
    buf_put(&buf, slice_from(host, at + 1));
    return buf.overflow ? ERR_PARSE : addr_parse_ip(buf_slice(&buf), port, out);
}

enum err sip_host_parse(struct slice text, struct slice *host, uint16_t *port)
{
    struct slice name, rest;
    bool is_v6 = text.len && text.ptr[0] == '[';
    if (is_v6) {
        size_t end = slice_index(text, ']');
        if (end == text.len)
            return ERR_PARSE;
        name = slice_sub(text, 1, end - 1);
        rest = slice_trim(slice_from(text, end + 1));
    } else {
        size_t end = slice_index(text, ':');
        name = slice_trim(slice_sub(text, 0, end));
        rest = slice_from(text, end);
    }

    struct addr addr;
    if (is_v6 ? slice_index(name, ':') == name.len || sip_host_addr(name, 0, &addr) != OK
              : !name.len || !made_of(name, HOST))
        return ERR_PARSE;
    uint16_t number = 0;
    if (rest.len) {
        if (rest.ptr[0] != ':' || port_parse(slice_trim(slice_from(rest, 1)), &number))
            return ERR_PARSE;
    }
    *host = name;
    *port = number;
    return OK;
}

/* `;a;b=c`: names and values may not be empty. */
static bool params_are_fine(struct slice params, char separator, uint8_t class)
{
    while (params.len) {
        struct slice value = slice_cut(&params, separator);
        bool ends_in_separator = !params.len && params.ptr && params.ptr[-1] == separator;
        struct slice name = slice_cut(&value, '=');
        if (!name.len || !made_of(name, class) || !made_of(value, class) || ends_in_separator)
            return false;
    }
    return true;
}

static enum err parse_userinfo(struct slice info, struct sip_uri *uri)
{
    uri->user = slice_cut(&info, ':');
    uri->password = info;
    if (!uri->user.len || !made_of(uri->user, USER) || !made_of(uri->password, PASSWORD))
        return ERR_PARSE;
    return OK;
}

/* §19.1.1, what follows "sip:" */
static enum err parse_sip(struct slice rest, struct sip_uri *uri)
{
    size_t at = slice_index(rest, '@');
    if (at < rest.len) {
        enum err err = parse_userinfo(slice_sub(rest, 0, at), uri);
        if (err)
            return err;
        rest = slice_from(rest, at + 1);
    }
    size_t question = slice_index(rest, '?');
    uri->headers = slice_from(rest, question + 1);
    if (question < rest.len && !uri->headers.len)
        return ERR_PARSE;
    rest = slice_sub(rest, 0, question);
    size_t semicolon = slice_index(rest, ';');
    uri->params = slice_from(rest, semicolon + 1);
    if (semicolon < rest.len && !uri->params.len)
        return ERR_PARSE;
    if (!params_are_fine(uri->params, ';', PARAM) || !params_are_fine(uri->headers, '&', HEADER))
        return ERR_PARSE;
    return sip_host_parse(slice_sub(rest, 0, semicolon), &uri->host, &uri->port);
}

/* RFC 3966 §3 */
static enum err parse_tel(struct slice rest, struct sip_uri *uri)
{
    size_t semicolon = slice_index(rest, ';');
    uri->user = slice_sub(rest, 0, semicolon);
    uri->params = slice_from(rest, semicolon + 1);
    if (!uri->user.len || !made_of(uri->user, TEL) ||
        slice_index(slice_from(uri->user, 1), '+') + 1 < uri->user.len ||
        !params_are_fine(uri->params, ';', PARAM))
        return ERR_PARSE;
    for (size_t i = 0; i < uri->user.len; i++)
        if (hex_value(uri->user.ptr[i]) >= 0 || uri->user.ptr[i] == '*' || uri->user.ptr[i] == '#')
            return OK;
    return ERR_PARSE;
}

/* RFC 3986 §3.1 */
static bool is_scheme(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i], low = (char)(c | 0x20);
        bool alpha = low >= 'a' && low <= 'z';
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!alpha && !(i && other))
            return false;
    }
    return s.len > 0;
}

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] == 127 || s.ptr[i] == '<' || s.ptr[i] == '>' ||
            s.ptr[i] == '"')
            return false;
    return s.len > 0;
}

enum err sip_uri_parse(struct slice text, struct sip_uri *out)
{
    if (text.len > SIP_URI_MAX)
        return ERR_LIMIT;
    struct slice rest = text;
    struct slice scheme = slice_cut(&rest, ':');
    if (!is_scheme(scheme) || !is_printable(rest))
        return ERR_PARSE;

    struct sip_uri uri = { .scheme = SIP_URI_OTHER, .text = text };
    for (unsigned i = 0; i < COUNT_OF(schemes); i++)
        if (slice_iis(scheme, schemes[i]))
            uri.scheme = (enum sip_scheme)i;
    enum err err = OK;
    if (uri.scheme == SIP_URI_SIP || uri.scheme == SIP_URI_SIPS)
        err = parse_sip(rest, &uri);
    else if (uri.scheme == SIP_URI_TEL)
        err = parse_tel(rest, &uri);
    if (!err)
        *out = uri;
    return err;
}

void sip_host_print(struct slice host, struct buf *out)
{
    bool is_v6 = slice_index(host, ':') < host.len;
    if (is_v6)
        buf_char(out, '[');
    buf_put(out, host);
    if (is_v6)
        buf_char(out, ']');
}

static void print_part(struct buf *out, char lead, struct slice part)
{
    if (!part.len)
        return;
    buf_char(out, lead);
    buf_put(out, part);
}

/* As it came, but for what only stands in it because peers are lenient. */
static void print_user(struct slice user, struct buf *out)
{
    for (size_t i = 0; i < user.len; i++)
        if (class_of[(uint8_t)user.ptr[i]] & READ_ONLY)
            buf_printf(out, "%%%02X", (uint8_t)user.ptr[i]);
        else
            buf_char(out, user.ptr[i]);
}

void sip_uri_print(const struct sip_uri *uri, struct buf *out)
{
    if (uri->scheme == SIP_URI_OTHER) {
        buf_put(out, uri->text);
        return;
    }
    buf_text(out, schemes[uri->scheme]);
    buf_char(out, ':');
    if (uri->scheme == SIP_URI_TEL) { /* RFC 3966 §3: there it may stand */
        buf_put(out, uri->user);
    } else {
        print_user(uri->user, out);
        print_part(out, ':', uri->password);
        if (uri->user.len)
            buf_char(out, '@');
        sip_host_print(uri->host, out);
        if (uri->port)
            buf_printf(out, ":%u", uri->port);
    }
    print_part(out, ';', uri->params);
    print_part(out, '?', uri->headers);
}

static bool find_in(struct slice list, char separator, struct slice name, struct slice *value)
{
    while (list.len) {
        struct slice found = slice_cut(&list, separator);
        struct slice found_name = slice_cut(&found, '=');
        if (!slice_ieq(found_name, name))
            continue;
        if (value)
            *value = found;
        return true;
    }
    return false;
}

bool sip_uri_param(const struct sip_uri *uri, const char *name, struct slice *value)
{
    return find_in(uri->params, ';', slice_of(name), value);
}

bool sip_uri_header(const struct sip_uri *uri, const char *name, struct slice *value)
{
    return find_in(uri->headers, '&', slice_of(name), value);
}

void sip_unescape(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int byte = escape_at(text, i);
        buf_char(out, byte < 0 ? text.ptr[i] : (char)byte);
        if (byte >= 0)
            i += 2;
    }
}

static void escape(struct slice text, uint8_t class, uint8_t not, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c != '%' && (class_of[c] & class) && !(class_of[c] & not ))
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

void sip_escape_user(struct slice text, struct buf *out)
{
    escape(text, USER, READ_ONLY, out);
}

void sip_escape_param(struct slice text, struct buf *out)
{
    escape(text, PARAM, RESERVED, out);
}

/* The next character as §19.1.4 compares it: an escaped reserved character is not the plain one. */
static int next_unescaped(struct slice *s)
{
    if (!s->len)
        return -1;
    int byte = escape_at(*s, 0);
    int c = byte < 0 ? (uint8_t)s->ptr[0] : byte;
    *s = slice_from(*s, byte < 0 ? 1 : 3);
    return byte >= 0 && (class_of[byte] & RESERVED) ? 256 + byte : c;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool same(struct slice a, struct slice b, bool fold_case)
{
    while (a.len || b.len) {
        int x = next_unescaped(&a), y = next_unescaped(&b);
        if (fold_case ? lower(x) != lower(y) : x != y)
            return false;
    }
    return true;
}

static bool same_host(struct slice a, struct slice b)
{
    struct addr x, y;
    if (slice_index(a, ':') < a.len && sip_host_addr(a, 0, &x) == OK &&
        sip_host_addr(b, 0, &y) == OK)
        return addr_same_ip(&x, &y);
    return slice_ieq(a, b);
}

/* Each parameter of `a` that `b` has too must be the same; those that must be in both are. */
static bool params_agree(const struct sip_uri *a, const struct sip_uri *b)
{
    static const char *const in_both[] = { "transport", "user", "ttl", "method", "maddr" };
    for (size_t i = 0; i < COUNT_OF(in_both); i++)
        if (sip_uri_param(a, in_both[i], NULL) != sip_uri_param(b, in_both[i], NULL))
            return false;
    struct slice rest = a->params;
    while (rest.len) {
        struct slice value = slice_cut(&rest, ';');
        struct slice name = slice_cut(&value, '=');
        struct slice other;
        bool there = find_in(b->params, ';', name, &other);
        /* RFC 3966 §4: all parameters of a tel: URI count */
        if (there ? !same(value, other, true) : a->scheme == SIP_URI_TEL)
            return false;
    }
    return true;
}

static bool headers_within(struct slice headers, struct slice others)
{
    while (headers.len) {
        struct slice value = slice_cut(&headers, '&');
        struct slice name = slice_cut(&value, '=');
        struct slice other;
        if (!find_in(others, '&', name, &other) || !same(value, other, false))
            return false;
    }
    return true;
}

/* digits without visual separators: RFC 3966 §3 */
static size_t strip(struct slice number, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < number.len && n < cap; i++) {
        char c = number.ptr[i];
        if (c != '-' && c != '.' && c != '(' && c != ')')
            out[n++] = c;
    }
    return n;
}

bool sip_uri_same_aor(const struct sip_uri *a, const struct sip_uri *b)
{
    if (a->scheme != b->scheme)
        return false;
    if (a->scheme == SIP_URI_OTHER)
        return slice_eq(a->text, b->text);
    if (a->scheme == SIP_URI_TEL) {
        char x[SIP_URI_MAX], y[SIP_URI_MAX];
        return slice_ieq(slice_make(x, strip(a->user, x, sizeof(x))),
                         slice_make(y, strip(b->user, y, sizeof(y))));
    }
    return same(a->user, b->user, false) && same_host(a->host, b->host) && a->port == b->port;
}

bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b)
{
    return sip_uri_same_aor(a, b) && same(a->password, b->password, false) && params_agree(a, b) &&
           params_agree(b, a) && headers_within(a->headers, b->headers) &&
           headers_within(b->headers, a->headers);
}

/* What a user part must be to count as a number: digits, * and #; more when it is marked as one. */
static bool is_number(struct slice s, bool marked)
{
    if (s.len && s.ptr[0] == '+')
        s = slice_from(s, 1);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool digit = (c >= '0' && c <= '9') || c == '*' || c == '#';
        if (!digit && !(marked && hex_value(c) >= 10))
            return false;
    }
    return s.len > 0;
}

bool sip_uri_number(const struct sip_uri *uri, char out[SIP_NUMBER_MAX])
{
    out[0] = '\0';
    if (uri->scheme == SIP_URI_OTHER)
        return false;
    char plain[SIP_URI_MAX];
    struct buf buf = BUF_ON(plain);
    struct slice user = uri->user, kind;
    /* a telephone-subscriber may carry its own parameters in the user part: §19.1.6 */
    sip_unescape(slice_cut(&user, ';'), &buf);
    struct slice number = buf_slice(&buf);
    bool marked = uri->scheme == SIP_URI_TEL ||
                  (sip_uri_param(uri, "user", &kind) && slice_iis(kind, "phone"));
    if (marked || (number.len && number.ptr[0] == '+'))
        number.len = strip(number, plain, sizeof(plain));
    return is_number(number, marked) && slice_copy(number, out, SIP_NUMBER_MAX);
}
