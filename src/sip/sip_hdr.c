#include "sip_hdr.h"

#include <stddef.h>

#include "base/num.h"

enum { CSEQ_MAX = 0x7fffffff, EXPIRES_IF_BAD = 3600 };

/* The word at the front, up to white space; `*rest` moves behind the space. */
static struct slice take_word(struct slice *rest)
{
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != ' ' && rest->ptr[end] != '\t')
        end++;
    struct slice word = slice_sub(*rest, 0, end);
    *rest = slice_trim(slice_from(*rest, end));
    return word;
}

static void print_params(struct buf *out, struct slice params)
{
    if (!params.len)
        return;
    buf_char(out, ';');
    buf_put(out, params);
}

/* `a;b=c` cut at the first ';': the parameters, checked, without it. */
static enum err split_params(struct slice *value, struct slice *params)
{
    size_t at = slice_index(*value, ';');
    *params = slice_trim(slice_from(*value, at + 1));
    if (at < value->len && (!params->len || params->ptr[0] == ';'))
        return ERR_PARSE;
    *value = slice_trim(slice_sub(*value, 0, at));
    return sip_params_check(*params);
}

/* ---- Via ---- */

static struct slice without_brackets(struct slice host)
{
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return slice_sub(host, 1, host.len - 2);
    return host;
}

static enum err via_take_param(struct sip_via *via, const struct sip_param *param)
{
    static const struct {
        const char *name;
        size_t field;
    } texts[] = {
        { "branch", offsetof(struct sip_via, branch) },
        { "received", offsetof(struct sip_via, received) },
        { "maddr", offsetof(struct sip_via, maddr) },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct slice *field = (struct slice *)(void *)((char *)via + texts[i].field);
        /* RFC 5118 §4.5: received comes with and without brackets */
        if (!slice_iis(param->name, texts[i].name) || field->ptr)
            continue;
        if (param->quoted || !param->value.len)
            return ERR_PARSE;
        *field = without_brackets(param->value);
    }
    uint32_t number = 0;
    if (slice_iis(param->name, "ttl")) {
        via->has_ttl = true;
        if (slice_to_u32(param->value, UINT8_MAX, &number))
            return ERR_PARSE;
        via->ttl = (uint8_t)number; /* ≤ 255 */
    } else if (slice_iis(param->name, "rport")) {
        via->has_rport = true;
        if (param->value.len && slice_to_u32(param->value, UINT16_MAX, &number))
            return ERR_PARSE;
        via->rport = (uint16_t)number; /* ≤ 65535 */
    }
    return OK;
}

/* "SIP / 2.0 / UDP", then white space: sent-protocol of RFC 3261 §25.1 */
static enum err via_take_protocol(struct slice *rest, struct slice *transport)
{
    struct slice name = slice_trim(slice_cut(rest, '/'));
    struct slice version = slice_trim(slice_cut(rest, '/'));
    *rest = slice_trim(*rest);
    *transport = take_word(rest);
    return sip_is_token(name) && sip_is_token(version) && sip_is_token(*transport) ? OK : ERR_PARSE;
}

enum err sip_via_parse(struct slice value, struct sip_via *out)
{
    struct sip_via via = { 0 };
    struct slice rest = slice_trim(value);
    enum err err = via_take_protocol(&rest, &via.transport);
    if (err)
        return err;
    err = split_params(&rest, &via.params);
    if (err)
        return err;
    err = sip_host_parse(rest, &via.host, &via.port);
    if (err)
        return err;
    struct slice params = via.params;
    struct sip_param param;
    while (sip_param_next(&params, &param) == OK) {
        err = via_take_param(&via, &param);
        if (err)
            return err;
    }
    *out = via;
    return OK;
}

void sip_via_print(const struct sip_via *via, struct buf *out)
{
    buf_printf(out, "SIP/2.0/%.*s ", SLICE_ARG(via->transport));
    sip_host_print(via->host, out);
    if (via->port)
        buf_printf(out, ":%u", via->port);
    if (via->has_ttl)
        buf_printf(out, ";ttl=%u", via->ttl);
    if (via->maddr.len) {
        buf_text(out, ";maddr=");
        sip_host_print(via->maddr, out);
    }
    if (via->received.len)
        buf_printf(out, ";received=%.*s", SLICE_ARG(via->received));
    if (via->has_rport)
        buf_text(out, ";rport");
    if (via->rport)
        buf_printf(out, "=%u", via->rport);
    if (via->branch.len)
        buf_printf(out, ";branch=%.*s", SLICE_ARG(via->branch));
    static const char *const printed[] = { "branch", "received", "maddr", "rport", "ttl" };
    struct slice params = via->params;
    struct sip_param param;
    while (sip_param_next(&params, &param) == OK) {
        bool again = false;
        for (size_t i = 0; i < COUNT_OF(printed); i++)
            again = again || slice_iis(param.name, printed[i]);
        if (!again)
            sip_param_print(&param, out);
    }
}

bool sip_via_has_cookie(const struct sip_via *via)
{
    struct slice cookie = SLICE("z9hG4bK");
    return via->branch.len > cookie.len && slice_istarts(via->branch, cookie);
}

/* ---- name-addr ---- */

/* Any text that cannot be mistaken for something else: phones leave quotes out around more than
 * tokens. A comma would make "Bell, Alexander <…>" two values (RFC 4475 §3.1.2.15). */
static bool is_plain_display(struct slice s)
{
    bool escapes = false; /* printed in quotes, a last backslash would escape the closing one */
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool control = (unsigned char)c < ' ' && c != '\t';
        if (control || c == '"' || c == ',' || c == ';')
            return false;
        escapes = c == '\\' && !escapes;
    }
    return !escapes;
}

static enum err take_display(struct slice *rest, struct slice *display)
{
    if (rest->ptr[0] == '"') {
        size_t len = sip_quoted_len(*rest);
        if (!len)
            return ERR_PARSE;
        *display = slice_sub(*rest, 1, len - 2);
        *rest = slice_trim(slice_from(*rest, len));
        return rest->len && rest->ptr[0] == '<' ? OK : ERR_PARSE;
    }
    size_t angle = slice_index(*rest, '<');
    *display = slice_trim(slice_sub(*rest, 0, angle));
    *rest = slice_from(*rest, angle);
    return is_plain_display(*display) ? OK : ERR_PARSE;
}

static enum err take_bracketed(struct slice rest, struct sip_name_addr *addr)
{
    size_t end = slice_index(rest, '>');
    if (end == rest.len)
        return ERR_PARSE;
    enum err err = sip_uri_parse(slice_sub(rest, 1, end - 1), &addr->uri);
    if (err)
        return err;
    rest = slice_trim(slice_from(rest, end + 1));
    if (rest.len && rest.ptr[0] != ';')
        return ERR_PARSE;
    struct slice nothing = rest;
    return split_params(&nothing, &addr->params);
}

/* §20: without brackets, what follows ';' belongs to the header, and ',' and '?' may not stand. */
static enum err take_plain(struct slice rest, struct sip_name_addr *addr)
{
    enum err err = split_params(&rest, &addr->params);
    if (err)
        return err;
    if (slice_index(rest, '?') < rest.len || slice_index(rest, ',') < rest.len)
        return ERR_PARSE;
    return sip_uri_parse(rest, &addr->uri);
}

enum err sip_name_addr_parse(struct slice value, struct sip_name_addr *out)
{
    struct sip_name_addr addr = { 0 };
    struct slice rest = slice_trim(value);
    if (!rest.len)
        return ERR_PARSE;
    if (slice_is(rest, "*")) {
        addr.is_star = true;
        *out = addr;
        return OK;
    }
    enum err err;
    if (rest.ptr[0] == '"' || slice_index(rest, '<') < rest.len) {
        err = take_display(&rest, &addr.display);
        if (!err)
            err = take_bracketed(rest, &addr);
    } else {
        err = take_plain(rest, &addr);
    }
    if (err)
        return err;
    sip_param_find(addr.params, "tag", &addr.tag);
    *out = addr;
    return OK;
}

void sip_name_addr_print(const struct sip_name_addr *addr, struct buf *out)
{
    if (addr->is_star) {
        buf_char(out, '*');
        return;
    }
    if (addr->display.len) { /* not printf: a quoted-pair may be a NUL */
        buf_char(out, '"');
        buf_put(out, addr->display);
        buf_text(out, "\" ");
    }
    buf_char(out, '<');
    sip_uri_print(&addr->uri, out);
    buf_char(out, '>');
    print_params(out, addr->params);
    if (addr->tag.len && !sip_param_find(addr->params, "tag", NULL))
        buf_printf(out, ";tag=%.*s", SLICE_ARG(addr->tag));
}

uint32_t sip_contact_expires(const struct sip_name_addr *contact, uint32_t otherwise)
{
    struct slice text;
    uint32_t seconds;
    if (!sip_param_find(contact->params, "expires", &text))
        return otherwise;
    return sip_seconds_parse(text, &seconds) == OK ? seconds : EXPIRES_IF_BAD;
}

enum err sip_contact_q(const struct sip_name_addr *contact, unsigned *out)
{
    struct slice text;
    if (!sip_param_find(contact->params, "q", &text)) {
        *out = 1000;
        return OK;
    }
    uint32_t whole = 0, part = 0;
    struct slice digits = text;
    struct slice whole_text = slice_cut(&digits, '.');
    if (slice_to_u32(whole_text, 1, &whole) || digits.len > 3 ||
        (digits.len && slice_to_u32(digits, 999, &part)))
        return ERR_PARSE;
    for (size_t i = digits.len; i < 3; i++)
        part *= 10;
    unsigned q = whole * 1000 + part;
    if (q > 1000)
        return ERR_PARSE;
    *out = q;
    return OK;
}

struct slice sip_contact_instance(const struct sip_name_addr *contact)
{
    struct slice id = SLICE_NONE;
    sip_param_find(contact->params, "+sip.instance", &id);
    if (id.len > 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
        id = slice_sub(id, 1, id.len - 2);
    return id;
}

uint32_t sip_contact_reg_id(const struct sip_name_addr *contact)
{
    struct slice text;
    uint32_t id = 0;
    if (!sip_param_find(contact->params, "reg-id", &text) ||
        slice_to_u32(text, CSEQ_MAX, &id) != OK)
        return 0;
    return id;
}

/* ---- numbers and words ---- */

enum err sip_cseq_parse(struct slice value, struct sip_cseq *out)
{
    struct slice rest = slice_trim(value);
    struct slice number = take_word(&rest);
    struct sip_cseq cseq = { .method_text = rest, .method = sip_method_of(rest) };
    if (slice_to_u32(number, CSEQ_MAX, &cseq.number) || !sip_is_token(rest))
        return ERR_PARSE;
    *out = cseq;
    return OK;
}

static void sip_cseq_print(const struct sip_cseq *cseq, struct buf *out)
{
    buf_printf(out, "%u ", cseq->number);
    if (cseq->method_text.len)
        buf_put(out, cseq->method_text);
    else
        buf_text(out, sip_method_name(cseq->method));
}

enum err sip_rack_parse(struct slice value, struct sip_rack *out)
{
    struct slice rest = slice_trim(value);
    struct sip_rack rack;
    enum err err = sip_rseq_parse(take_word(&rest), &rack.rseq);
    if (!err)
        err = sip_cseq_parse(rest, &rack.cseq);
    if (!err)
        *out = rack;
    return err;
}

void sip_rack_print(const struct sip_rack *rack, struct buf *out)
{
    buf_printf(out, "%u ", rack->rseq);
    sip_cseq_print(&rack->cseq, out);
}

enum err sip_rseq_parse(struct slice value, uint32_t *out)
{
    return slice_to_u32(slice_trim(value), UINT32_MAX, out) ? ERR_PARSE : OK;
}

enum err sip_seconds_parse(struct slice value, uint32_t *out)
{
    struct slice text = slice_trim(value);
    size_t n = 0;
    while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
        n++;
    struct slice rest = slice_trim(slice_from(text, n));
    if (rest.len && rest.ptr[0] != ';' && rest.ptr[0] != '(')
        return ERR_PARSE;
    uint32_t seconds = 0;
    enum err err = slice_to_u32(slice_sub(text, 0, n), UINT32_MAX, &seconds);
    if (err == ERR_PARSE)
        return err;
    *out = err ? UINT32_MAX : seconds;
    return OK;
}

/* ---- words with parameters ---- */

static const char *const refreshers[] = {
    [SIP_REFRESHER_NONE] = "", [SIP_REFRESHER_UAC] = "uac", [SIP_REFRESHER_UAS] = "uas"
};

enum err sip_session_expires_parse(struct slice value, struct sip_session_expires *out)
{
    struct slice word = slice_trim(value), params, refresher;
    struct sip_session_expires se = { 0 };
    enum err err = split_params(&word, &params);
    if (!err)
        err = sip_seconds_parse(word, &se.seconds);
    if (err)
        return err;
    if (sip_param_find(params, "refresher", &refresher))
        for (unsigned i = SIP_REFRESHER_UAC; i < COUNT_OF(refreshers); i++)
            if (slice_iis(refresher, refreshers[i]))
                se.refresher = (enum sip_refresher)i;
    *out = se;
    return OK;
}

void sip_session_expires_print(const struct sip_session_expires *se, struct buf *out)
{
    buf_printf(out, "%u", se->seconds);
    if (se->refresher != SIP_REFRESHER_NONE)
        buf_printf(out, ";refresher=%s", refreshers[se->refresher]);
}

/* Printable and in one piece: wide enough for every Call-ID. */
static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 127)
            return false;
    return s.len > 0;
}

enum err sip_replaces_parse(struct slice value, struct sip_replaces *out)
{
    struct sip_replaces replaces = { .call_id = slice_trim(value) };
    struct slice params;
    enum err err = split_params(&replaces.call_id, &params);
    if (err)
        return err;
    sip_param_find(params, "to-tag", &replaces.to_tag);
    sip_param_find(params, "from-tag", &replaces.from_tag);
    if (!is_word(replaces.call_id) || !sip_is_token(replaces.to_tag) ||
        !sip_is_token(replaces.from_tag))
        return ERR_PARSE;
    replaces.early_only = sip_param_find(params, "early-only", NULL);
    *out = replaces;
    return OK;
}

void sip_replaces_print(const struct sip_replaces *replaces, struct buf *out)
{
    buf_printf(out, "%.*s;to-tag=%.*s;from-tag=%.*s%s", SLICE_ARG(replaces->call_id),
               SLICE_ARG(replaces->to_tag), SLICE_ARG(replaces->from_tag),
               replaces->early_only ? ";early-only" : "");
}

enum err sip_value_parse(struct slice value, struct sip_value *out)
{
    struct sip_value parsed = { .word = slice_trim(value) };
    enum err err = split_params(&parsed.word, &parsed.params);
    if (!err && !parsed.word.len)
        err = ERR_PARSE;
    if (!err)
        *out = parsed;
    return err;
}
