#include "sip_parse.h"

#include "base/mem.h"
#include "base/num.h"
#include "sip_msg_priv.h"

enum { STATUS_MIN = 100, STATUS_MAX = 699, FORWARDS_LIMIT = 255 };

/* One run of the parser. A broken message is parsed to its end with the first fault kept, so that
 * it can be answered; else the first fault ends the run. */
struct run {
    struct sip_msg *msg;
    bool keep_going;
    struct sip_fault fault;
};

static enum err refuse(struct run *run, unsigned status, const char *reason)
{
    if (!run->fault.status)
        run->fault = (struct sip_fault){ status, reason };
    if (run->keep_going)
        return OK;
    if (status == 414 || status == 513)
        return ERR_LIMIT;
    return status == 505 ? ERR_UNSUPPORTED : ERR_PARSE;
}

/* ---- lines ---- */

size_t sip_head_blank(struct slice wire)
{
    size_t n = 0;
    while (n < wire.len && (wire.ptr[n] == '\r' || wire.ptr[n] == '\n'))
        n++;
    return n;
}

size_t sip_head_len(struct slice wire)
{
    struct slice rest = wire;
    while (rest.len) {
        size_t end = slice_index(rest, '\n');
        if (end == rest.len)
            return 0;
        if (end == 0 || (end == 1 && rest.ptr[0] == '\r'))
            return (size_t)(rest.ptr + end + 1 - wire.ptr);
        rest = slice_from(rest, end + 1);
    }
    return 0;
}

bool sip_head_line(struct slice *rest, struct slice *line)
{
    const char *start = rest->ptr;
    struct slice last = slice_line(rest);
    if (!last.len)
        return false;
    while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        last = slice_line(rest);
    *line = slice_make(start, (size_t)(last.ptr + last.len - start));
    return true;
}

/* ---- start line: RFC 3261 §7.1, §7.2 ---- */

static enum err check_version(struct run *run, struct slice version)
{
    struct slice number = version;
    if (slice_iis(version, "SIP/2.0"))
        return OK;
    bool is_sip = slice_iis(slice_cut(&number, '/'), "SIP");
    uint32_t major, minor;
    struct slice major_text = slice_cut(&number, '.');
    if (is_sip && slice_to_u32(major_text, UINT32_MAX, &major) == OK &&
        slice_to_u32(number, UINT32_MAX, &minor) == OK)
        return refuse(run, 505, "Version Not Supported");
    return refuse(run, 400, "Bad Request: malformed request line");
}

static enum err parse_request_line(struct run *run, struct slice line)
{
    struct sip_msg *msg = run->msg;
    size_t last_space = line.len;
    while (last_space && line.ptr[last_space - 1] != ' ')
        last_space--;
    struct slice version = slice_from(line, last_space);
    struct slice rest = slice_sub(line, 0, last_space ? last_space - 1 : 0);
    msg->is_request = true;
    msg->method_text = slice_cut(&rest, ' ');
    msg->method = sip_method_of(msg->method_text);
    if (!sip_is_token(msg->method_text))
        return refuse(run, 400, "Bad Request: malformed method");
    enum err err = check_version(run, version);
    if (err || run->fault.status)
        return err;
    err = sip_uri_parse(rest, &msg->uri);
    if (err == ERR_LIMIT)
        return refuse(run, 414, "Request-URI Too Long");
    if (err)
        return refuse(run, 400, "Bad Request: malformed Request-URI");
    /* RFC 4475 §3.1.2.11: headers may not stand in a Request-URI */
    if (msg->uri.headers.len)
        return refuse(run, 400, "Bad Request: headers in Request-URI");
    return OK;
}

static enum err parse_status_line(struct run *run, struct slice line)
{
    struct sip_msg *msg = run->msg;
    enum err err = check_version(run, slice_cut(&line, ' '));
    if (err)
        return err;
    uint32_t status = 0;
    struct slice code = slice_cut(&line, ' ');
    if (code.len != 3 || slice_to_u32(code, STATUS_MAX, &status) || status < STATUS_MIN)
        return refuse(run, 400, "malformed status line");
    msg->status = status;
    msg->reason = line;
    return OK;
}

static enum err parse_start_line(struct run *run, struct slice line)
{
    struct slice rest = line;
    struct slice prefix = SLICE("SIP/");
    return slice_istarts(slice_cut(&rest, ' '), prefix) ? parse_status_line(run, line)
                                                        : parse_request_line(run, line);
}

/* ---- headers: RFC 3261 §7.3 ---- */

static enum err add_header(struct run *run, enum sip_header_id id, struct slice name,
                           struct slice value)
{
    struct sip_msg *msg = run->msg;
    if (msg->n_headers == msg->cap_headers)
        return refuse(run, 513, "Message Too Large: too many headers");
    if (msg->first[id] && sip_header_kind(id) == SIP_HEADER_ONCE)
        return refuse(run, 400, "Bad Request: a header that may stand once is repeated");
    msg->headers[msg->n_headers++] = (struct sip_header){ id, name, value };
    if (!msg->first[id])
        msg->first[id] = (uint16_t)msg->n_headers; /* ≤ SIP_MAX_HEADERS */
    return OK;
}

static enum err add_list(struct run *run, enum sip_header_id id, struct slice name,
                         struct slice value)
{
    struct slice rest = value, one;
    if (!value.len)
        return add_header(run, id, name, value);
    enum err err = OK;
    while (!err && sip_list_next(&rest, &one))
        err = add_header(run, id, name, one);
    return err;
}

/* Folds become spaces in our copy. A CR of its own may not stand, and a NUL only after a backslash,
 * as a quoted-pair (§25.1; RFC 4475 §3.1.1.2). */
static bool unfold(struct slice line)
{
    char *text = (char *)(uintptr_t)line.ptr; /* our own copy of the wire, handed down as a slice */
    for (size_t i = 0; i < line.len; i++) {
        bool crlf = text[i] == '\r' && i + 1 < line.len && text[i + 1] == '\n';
        bool quoted = i && text[i - 1] == '\\';
        if ((text[i] == '\0' && !quoted) || (text[i] == '\r' && !crlf))
            return false;
        if (crlf || text[i] == '\n')
            text[i] = ' ';
    }
    return true;
}

static enum err parse_header(struct run *run, struct slice line)
{
    if (!unfold(line))
        return refuse(run, 400, "Bad Request: control character in a header");
    struct slice value = line;
    struct slice name = slice_cut(&value, ':');
    while (name.len && (name.ptr[name.len - 1] == ' ' || name.ptr[name.len - 1] == '\t'))
        name.len--;
    if (name.len == line.len || !sip_is_token(name))
        return refuse(run, 400, "Bad Request: malformed header line");
    enum sip_header_id id = sip_header_id_of(name);
    value = slice_trim(value);
    return sip_header_kind(id) == SIP_HEADER_LIST ? add_list(run, id, name, value)
                                                  : add_header(run, id, name, value);
}

static enum err parse_head(struct run *run, struct slice head)
{
    struct slice line;
    if (!sip_head_line(&head, &line))
        return refuse(run, 400, "Bad Request: no start line");
    enum err err = unfold(line) ? parse_start_line(run, line)
                                : refuse(run, 400, "Bad Request: malformed start line");
    while (!err && sip_head_line(&head, &line))
        err = parse_header(run, line);
    return err;
}

/* ---- what must be there: RFC 3261 §8.1.1, §20 ---- */

static enum err check_vias(struct run *run)
{
    struct sip_msg *msg = run->msg;
    const struct sip_header *header;
    for (size_t n = 0; (header = sip_msg_header_nth(msg, SIP_H_VIA, n)) != NULL; n++) {
        struct sip_via via;
        enum err err = sip_via_parse(header->value, n ? &via : &msg->via);
        if (!err)
            continue;
        err = refuse(run, 400, "Bad Request: malformed Via");
        if (err)
            return err;
        /* where to answer is known even when the parameters are not */
        struct slice rest = header->value;
        if (!n && sip_via_parse(slice_cut(&rest, ';'), &msg->via) != OK)
            return ERR_PARSE;
    }
    return msg->first[SIP_H_VIA] ? OK : refuse(run, 400, "Bad Request: no Via");
}

static enum err check_name_addr(struct run *run, enum sip_header_id id, struct sip_name_addr *out,
                                const char *reason)
{
    const struct sip_header *header = sip_msg_header(run->msg, id);
    if (header && sip_name_addr_parse(header->value, out) == OK && !out->is_star)
        return OK;
    return refuse(run, 400, reason);
}

static enum err check_cseq(struct run *run)
{
    struct sip_msg *msg = run->msg;
    if (sip_cseq_parse(sip_msg_value(msg, SIP_H_CSEQ), &msg->cseq) != OK)
        return refuse(run, 400, "Bad Request: no CSeq or a malformed one");
    if (!msg->is_request) {
        msg->method = msg->cseq.method;
        msg->method_text = msg->cseq.method_text;
    } else if (!slice_eq(msg->method_text, msg->cseq.method_text)) {
        return refuse(run, 400, "Bad Request: CSeq of another method");
    }
    return OK;
}

static enum err check_call_id(struct run *run)
{
    struct slice id = sip_msg_value(run->msg, SIP_H_CALL_ID);
    for (size_t i = 0; i < id.len; i++)
        if ((unsigned char)id.ptr[i] <= ' ')
            return refuse(run, 400, "Bad Request: malformed Call-ID");
    return id.len ? OK : refuse(run, 400, "Bad Request: no Call-ID");
}

static enum err check_max_forwards(struct run *run)
{
    const struct sip_header *header = sip_msg_header(run->msg, SIP_H_MAX_FORWARDS);
    uint32_t hops = SIP_MAX_FORWARDS;
    if (header && slice_to_u32(header->value, FORWARDS_LIMIT, &hops) != OK)
        return refuse(run, 400, "Bad Request: malformed Max-Forwards");
    run->msg->max_forwards = hops;
    return OK;
}

/* Whatever a later step takes addresses from. */
static enum err check_addresses(struct run *run)
{
    static const struct {
        enum sip_header_id id;
        const char *reason;
    } rows[] = {
        { SIP_H_CONTACT, "Bad Request: malformed Contact" },
        { SIP_H_ROUTE, "Bad Request: malformed Route" },
        { SIP_H_RECORD_ROUTE, "Bad Request: malformed Record-Route" },
        { SIP_H_PATH, "Bad Request: malformed Path" },
        { SIP_H_REFER_TO, "Bad Request: malformed Refer-To" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct sip_header *header;
        for (size_t n = 0; (header = sip_msg_header_nth(run->msg, rows[i].id, n)) != NULL; n++) {
            struct sip_name_addr addr = { 0 };
            bool good = sip_name_addr_parse(header->value, &addr) == OK &&
                        (!addr.is_star || rows[i].id == SIP_H_CONTACT);
            enum err err = good ? OK : refuse(run, 400, rows[i].reason);
            if (err)
                return err;
        }
    }
    return OK;
}

static enum err check_all(struct run *run)
{
    struct sip_msg *msg = run->msg;
    enum err err = check_vias(run);
    if (!err)
        err =
            check_name_addr(run, SIP_H_FROM, &msg->from, "Bad Request: no From or a malformed one");
    if (!err)
        err = check_name_addr(run, SIP_H_TO, &msg->to, "Bad Request: no To or a malformed one");
    if (!err)
        err = check_call_id(run);
    if (!err)
        err = check_cseq(run);
    if (!err)
        err = check_max_forwards(run);
    return err ? err : check_addresses(run);
}

/* ---- the whole ---- */

/* Content-Length of a head; ERR_NOT_FOUND when there is none. */
static enum err content_length(struct slice head, size_t *out)
{
    struct slice line;
    while (sip_head_line(&head, &line)) {
        struct slice value = line;
        struct slice name = slice_trim(slice_cut(&value, ':'));
        if (sip_header_id_of(name) != SIP_H_CONTENT_LENGTH)
            continue;
        uint32_t len = 0;
        enum err err = slice_to_u32(slice_trim(value), SIP_MAX_MESSAGE, &len);
        if (!err)
            *out = len;
        return err;
    }
    return ERR_NOT_FOUND;
}

/* A block for the message, as many headers as `head` can hold, and a copy of the `len` bytes. */
static struct sip_msg *msg_create(struct slice head, size_t len)
{
    size_t cap = 1;
    for (size_t i = 0; i < head.len && cap < SIP_MAX_HEADERS; i++)
        cap += head.ptr[i] == '\n' || head.ptr[i] == ',';
    size_t fixed = sizeof(struct sip_msg) + cap * sizeof(struct sip_header);
    struct sip_msg *msg = mem_alloc(fixed + len); /* ≤ SIP_MAX_HEADERS, SIP_MAX_MESSAGE */
    char *copy = (char *)msg + fixed;
    memcpy(copy, head.ptr, len);
    msg->refs = 1;
    msg->cap_headers = cap;
    msg->wire = slice_make(copy, len);
    return msg;
}

/* `head` begins the message of `len` bytes that is there in full. */
static enum err parse(struct sip_msg **out, struct run *run, struct slice head, size_t len)
{
    run->msg = msg_create(head, len);
    run->msg->body = slice_from(run->msg->wire, head.len);
    enum err err = parse_head(run, slice_sub(run->msg->wire, 0, head.len));
    if (!err)
        err = check_all(run);
    if (err) {
        sip_msg_unref(run->msg);
        return err;
    }
    *out = run->msg;
    return OK;
}

enum err sip_msg_parse(struct sip_msg **out, struct slice wire, size_t *used)
{
    *used = wire.len;
    if (wire.len > SIP_MAX_MESSAGE)
        return ERR_LIMIT;
    wire = slice_from(wire, sip_head_blank(wire));
    if (!wire.len)
        return ERR_NOT_FOUND;
    struct slice head = slice_sub(wire, 0, sip_head_len(wire));
    if (head.len > SIP_MAX_HEAD)
        return ERR_LIMIT;
    if (!head.len)
        return ERR_PARSE;
    size_t body_len = wire.len - head.len;
    enum err err = content_length(head, &body_len);
    if ((err && err != ERR_NOT_FOUND) || body_len > wire.len - head.len)
        return ERR_PARSE; /* RFC 3261 §18.3 */
    struct run run = { 0 };
    return parse(out, &run, head, head.len + body_len);
}

/* A whole message of `*len` bytes, `*head` its first part. */
static enum err find_frame(struct slice wire, struct slice *head, size_t *len)
{
    *len = 0;
    *head = slice_sub(wire, 0, sip_head_len(wire));
    if (head->len > SIP_MAX_HEAD || (!head->len && wire.len > SIP_MAX_HEAD))
        return ERR_LIMIT;
    if (!head->len)
        return ERR_AGAIN;
    size_t body_len = 0;
    enum err err = content_length(*head, &body_len);
    if (err)
        return err == ERR_LIMIT ? err : ERR_PARSE;
    if (body_len > SIP_MAX_MESSAGE - head->len)
        return ERR_LIMIT;
    *len = head->len + body_len;
    return *len > wire.len ? ERR_AGAIN : OK;
}

enum err sip_msg_frame(struct slice wire, size_t *len)
{
    struct slice head;
    return find_frame(wire, &head, len);
}

enum err sip_msg_parse_stream(struct sip_msg **out, struct slice wire, size_t *used)
{
    struct slice head;
    size_t len;
    size_t blank = sip_head_blank(wire);
    wire = slice_from(wire, blank);
    if (!wire.len) {
        *used = blank;
        return ERR_NOT_FOUND;
    }
    enum err err = find_frame(wire, &head, &len);
    if (err)
        return err;
    struct run run = { 0 };
    err = parse(out, &run, head, len);
    if (!err)
        *used = blank + len;
    return err;
}

/* The faults that lie outside of start line and headers. */
static void find_frame_fault(struct run *run, struct slice wire, struct slice head)
{
    size_t body_len = 0;
    enum err err = content_length(head, &body_len);
    if (!sip_head_len(wire))
        refuse(run, 400, "Bad Request: no empty line behind the headers");
    else if (err == ERR_LIMIT)
        refuse(run, 513, "Message Too Large");
    else if (err == ERR_PARSE)
        refuse(run, 400, "Bad Request: malformed Content-Length");
    else if (body_len > wire.len - head.len)
        refuse(run, 400, "Bad Request: Content-Length larger than the message");
}

enum err sip_msg_parse_broken(struct sip_msg **out, struct slice wire, struct sip_fault *fault)
{
    struct run run = { .keep_going = true };
    wire = slice_from(wire, sip_head_blank(wire));
    size_t head_len = sip_head_len(wire);
    struct slice head = slice_sub(wire, 0, head_len ? head_len : wire.len);
    if (head.len > SIP_MAX_HEAD) {
        head.len = SIP_MAX_HEAD;
        refuse(&run, 513, "Message Too Large");
    }
    if (!head.len)
        return ERR_PARSE;
    struct sip_msg *msg = NULL;
    enum err err = parse(&msg, &run, head, head.len);
    if (err)
        return ERR_PARSE;
    find_frame_fault(&run, wire, head);
    if (!msg->is_request || msg->method == SIP_ACK || !msg->first[SIP_H_VIA] || !run.fault.status) {
        sip_msg_unref(msg);
        return ERR_PARSE;
    }
    *fault = run.fault;
    *out = msg;
    return OK;
}
