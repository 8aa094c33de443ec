#include "sip_msg.h"

#include "base/mem.h"
#include "sip_msg_priv.h"
#include "sip_part.h"

struct sip_msg *sip_msg_ref(struct sip_msg *msg)
{
    msg->refs++;
    return msg;
}

void sip_msg_unref(struct sip_msg *msg)
{
    if (!msg)
        return;
    BUG_IF(msg->refs == 0);
    if (--msg->refs == 0)
        mem_free(msg);
}

bool sip_msg_is_request(const struct sip_msg *msg)
{
    return msg->is_request;
}

enum sip_method sip_msg_method(const struct sip_msg *msg)
{
    return msg->method;
}

struct slice sip_msg_method_text(const struct sip_msg *msg)
{
    return msg->method_text;
}

const struct sip_uri *sip_msg_uri(const struct sip_msg *msg)
{
    return &msg->uri;
}

unsigned sip_msg_status(const struct sip_msg *msg)
{
    return msg->status;
}

struct slice sip_msg_reason(const struct sip_msg *msg)
{
    return msg->reason;
}

const struct sip_via *sip_msg_via(const struct sip_msg *msg)
{
    return &msg->via;
}

const struct sip_cseq *sip_msg_cseq(const struct sip_msg *msg)
{
    return &msg->cseq;
}

const struct sip_name_addr *sip_msg_from(const struct sip_msg *msg)
{
    return &msg->from;
}

const struct sip_name_addr *sip_msg_to(const struct sip_msg *msg)
{
    return &msg->to;
}

struct slice sip_msg_from_tag(const struct sip_msg *msg)
{
    return msg->from.tag;
}

struct slice sip_msg_to_tag(const struct sip_msg *msg)
{
    return msg->to.tag;
}

struct slice sip_msg_call_id(const struct sip_msg *msg)
{
    return sip_msg_value(msg, SIP_H_CALL_ID);
}

unsigned sip_msg_max_forwards(const struct sip_msg *msg)
{
    return msg->max_forwards;
}

struct slice sip_msg_body(const struct sip_msg *msg)
{
    return msg->body;
}

struct slice sip_msg_sdp(const struct sip_msg *msg)
{
    struct slice type = sip_msg_value(msg, SIP_H_CONTENT_TYPE);
    /* a body without a type: of those that make calls nobody sends anything else */
    return type.len ? sip_part_find(type, msg->body, SLICE("application/sdp")) : msg->body;
}

struct slice sip_msg_wire(const struct sip_msg *msg)
{
    return msg->wire;
}

const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id)
{
    uint16_t first = msg->first[id];
    return first ? &msg->headers[first - 1] : NULL;
}

const struct sip_header *sip_msg_header_nth(const struct sip_msg *msg, enum sip_header_id id,
                                            size_t n)
{
    uint16_t first = msg->first[id];
    for (size_t i = first ? first - 1u : msg->n_headers; i < msg->n_headers; i++)
        if (msg->headers[i].id == id && n-- == 0)
            return &msg->headers[i];
    return NULL;
}

const struct sip_header *sip_msg_header_named(const struct sip_msg *msg, struct slice name)
{
    enum sip_header_id id = sip_header_id_of(name);
    if (id != SIP_H_OTHER)
        return sip_msg_header(msg, id);
    for (size_t i = 0; i < msg->n_headers; i++)
        if (msg->headers[i].id == SIP_H_OTHER && slice_ieq(msg->headers[i].name, name))
            return &msg->headers[i];
    return NULL;
}

struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id)
{
    const struct sip_header *header = sip_msg_header(msg, id);
    return header ? header->value : SLICE_NONE;
}

size_t sip_msg_count(const struct sip_msg *msg, enum sip_header_id id)
{
    size_t count = 0;
    for (size_t i = 0; i < msg->n_headers; i++)
        count += msg->headers[i].id == id;
    return count;
}

size_t sip_msg_total(const struct sip_msg *msg)
{
    return msg->n_headers;
}

const struct sip_header *sip_msg_header_at(const struct sip_msg *msg, size_t i)
{
    BUG_IF(i >= msg->n_headers);
    return &msg->headers[i];
}

bool sip_msg_lists(const struct sip_msg *msg, enum sip_header_id id, const char *word)
{
    const struct sip_header *header;
    for (size_t n = 0; (header = sip_msg_header_nth(msg, id, n)) != NULL; n++) {
        struct slice rest = header->value;
        if (slice_iis(slice_trim(slice_cut(&rest, ';')), word))
            return true;
    }
    return false;
}

static void print_start_line(const struct sip_msg *msg, struct buf *out)
{
    if (msg->is_request) {
        buf_put(out, msg->method_text);
        buf_char(out, ' ');
        buf_put(out, msg->uri.text);
        buf_text(out, " SIP/2.0\r\n");
    } else {
        buf_printf(out, "SIP/2.0 %u ", msg->status);
        buf_put(out, msg->reason);
        buf_text(out, "\r\n");
    }
}

void sip_msg_print(const struct sip_msg *msg, struct buf *out)
{
    print_start_line(msg, out);
    for (size_t i = 0; i < msg->n_headers; i++) {
        const struct sip_header *header = &msg->headers[i];
        if (header->id == SIP_H_CONTENT_LENGTH)
            continue;
        if (header->id == SIP_H_OTHER)
            buf_put(out, header->name);
        else
            buf_text(out, sip_header_name(header->id));
        buf_text(out, ": ");
        buf_put(out, header->value);
        buf_text(out, "\r\n");
    }
    buf_printf(out, "Content-Length: %zu\r\n\r\n", msg->body.len);
    buf_put(out, msg->body);
}
