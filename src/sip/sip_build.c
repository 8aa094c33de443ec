#include "sip_build.h"

#include <stdarg.h>

/* One line; a NUL only as a quoted-pair (RFC 3261 §25.1). */
static bool may_stand(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool quoted = i && value.ptr[i - 1] == '\\';
        if (c == '\r' || c == '\n' || (c == '\0' && !quoted))
            return false;
    }
    return true;
}

/* The text written since `from` must be one line. */
static void check_since(struct sip_build *b, size_t from)
{
    struct slice written = buf_slice(b->out);
    if (!may_stand(slice_from(written, from)))
        b->bad = true;
}

static void end_line(struct sip_build *b, size_t from)
{
    check_since(b, from);
    buf_text(b->out, "\r\n");
}

static size_t begin_line(struct sip_build *b, enum sip_header_id id)
{
    size_t from = b->out->len;
    buf_text(b->out, sip_header_name(id));
    buf_text(b->out, ": ");
    return from;
}

void sip_build_request(struct sip_build *b, struct buf *out, struct slice method, struct slice uri)
{
    *b = (struct sip_build){ .out = out };
    size_t from = out->len;
    if (!sip_is_token(method) || !uri.len || slice_index(uri, ' ') < uri.len)
        b->bad = true;
    buf_printf(out, "%.*s %.*s SIP/2.0", SLICE_ARG(method), SLICE_ARG(uri));
    end_line(b, from);
}

void sip_build_status(struct sip_build *b, struct buf *out, unsigned status, const char *reason)
{
    *b = (struct sip_build){ .out = out };
    size_t from = out->len;
    buf_printf(out, "SIP/2.0 %u %s", status, reason && *reason ? reason : sip_reason(status));
    end_line(b, from);
}

void sip_build_header(struct sip_build *b, enum sip_header_id id, struct slice value)
{
    size_t from = begin_line(b, id);
    buf_put(b->out, value);
    end_line(b, from);
}

void sip_build_text(struct sip_build *b, enum sip_header_id id, const char *value)
{
    sip_build_header(b, id, slice_of(value));
}

void sip_build_printf(struct sip_build *b, enum sip_header_id id, const char *fmt, ...)
{
    size_t from = begin_line(b, id);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b->out, fmt, args);
    va_end(args);
    end_line(b, from);
}

void sip_build_named(struct sip_build *b, struct slice name, struct slice value)
{
    size_t from = b->out->len;
    if (!sip_is_token(name))
        b->bad = true;
    buf_put(b->out, name);
    buf_text(b->out, ": ");
    buf_put(b->out, value);
    end_line(b, from);
}

void sip_build_via(struct sip_build *b, const struct sip_via *via)
{
    size_t from = begin_line(b, SIP_H_VIA);
    sip_via_print(via, b->out);
    end_line(b, from);
}

void sip_build_name_addr(struct sip_build *b, enum sip_header_id id,
                         const struct sip_name_addr *addr)
{
    size_t from = begin_line(b, id);
    sip_name_addr_print(addr, b->out);
    end_line(b, from);
}

void sip_build_cseq(struct sip_build *b, uint32_t number, struct slice method)
{
    sip_build_printf(b, SIP_H_CSEQ, "%u %.*s", number, SLICE_ARG(method));
}

void sip_build_copy(struct sip_build *b, const struct sip_msg *from, enum sip_header_id id)
{
    const struct sip_header *header;
    for (size_t n = 0; (header = sip_msg_header_nth(from, id, n)) != NULL; n++)
        sip_build_header(b, id, header->value);
}

/* The sent-by is another address than `source`, or a name: RFC 3261 §18.2.1. */
static bool needs_received(const struct sip_via *via, const struct addr *source)
{
    struct addr sent_by;
    return via->has_rport || sip_host_addr(via->host, 0, &sent_by) != OK ||
           !addr_same_ip(&sent_by, source);
}

/* The top Via as it came, with received and rport saying where the request really came from. */
static void print_top_via(struct sip_build *b, const struct sip_via *via, const struct addr *source)
{
    struct buf *out = b->out;
    char ip[ADDR_TEXT];
    size_t from = begin_line(b, SIP_H_VIA);
    buf_printf(out, "SIP/2.0/%.*s ", SLICE_ARG(via->transport));
    sip_host_print(via->host, out);
    if (via->port)
        buf_printf(out, ":%u", via->port);
    struct slice params = via->params;
    struct sip_param param;
    while (sip_param_next(&params, &param) == OK)
        if (!slice_iis(param.name, "received") && !slice_iis(param.name, "rport"))
            sip_param_print(&param, out);
    if (needs_received(via, source))
        buf_printf(out, ";received=%s", addr_print_ip(source, ip));
    if (via->has_rport)
        buf_printf(out, ";rport=%u", addr_port(source)); /* RFC 3581 §4 */
    end_line(b, from);
}

static void copy_vias(struct sip_build *b, const struct sip_msg *req, const struct addr *source)
{
    const struct sip_header *header;
    for (size_t n = 0; (header = sip_msg_header_nth(req, SIP_H_VIA, n)) != NULL; n++) {
        if (n || !source)
            sip_build_header(b, SIP_H_VIA, header->value);
        else
            print_top_via(b, sip_msg_via(req), source);
    }
}

/* §8.2.6.2; a To that did not parse is given back as it came. */
static void copy_to(struct sip_build *b, const struct sip_msg *req, struct slice to_tag)
{
    const struct sip_header *header = sip_msg_header(req, SIP_H_TO);
    const struct sip_name_addr *to = sip_msg_to(req);
    if (!header)
        return;
    size_t from = begin_line(b, SIP_H_TO);
    buf_put(b->out, header->value);
    if (to_tag.len && !to->tag.len && to->uri.text.len) {
        buf_text(b->out, ";tag=");
        buf_put(b->out, to_tag);
    }
    end_line(b, from);
}

static bool may_form_dialog(enum sip_method method, unsigned status)
{
    return status > 100 && status < 300 &&
           (method == SIP_INVITE || method == SIP_SUBSCRIBE || method == SIP_REFER);
}

void sip_build_response(struct sip_build *b, struct buf *out, const struct sip_msg *req,
                        unsigned status, const char *reason, struct slice to_tag,
                        const struct addr *source)
{
    sip_build_status(b, out, status, reason);
    copy_vias(b, req, source);
    if (may_form_dialog(sip_msg_method(req), status))
        sip_build_copy(b, req, SIP_H_RECORD_ROUTE);
    sip_build_copy(b, req, SIP_H_FROM);
    copy_to(b, req, status == 100 ? SLICE_NONE : to_tag);
    sip_build_copy(b, req, SIP_H_CALL_ID);
    sip_build_copy(b, req, SIP_H_CSEQ);
    if (status == 100)
        sip_build_copy(b, req, SIP_H_TIMESTAMP); /* §8.2.6.1 */
}

enum err sip_build_end(struct sip_build *b, struct slice content_type, struct slice body)
{
    if (body.len && content_type.len)
        sip_build_header(b, SIP_H_CONTENT_TYPE, content_type);
    sip_build_printf(b, SIP_H_CONTENT_LENGTH, "%zu", body.len);
    buf_text(b->out, "\r\n");
    buf_put(b->out, body);
    if (b->bad)
        return ERR_INVALID;
    return b->out->overflow ? ERR_LIMIT : OK;
}
