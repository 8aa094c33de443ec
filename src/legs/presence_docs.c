#include "legs/presence_docs.h"

#include <inttypes.h>

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* Text of peers into an attribute or element. */
static void put_xml(struct slice text, struct buf *out)
{
    static const char special[] = "&<>\"'";
    static const char *const names[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.ptr[i] ? strchr(special, text.ptr[i]) : NULL;
        if (at)
            buf_text(out, names[at - special]);
        else if ((unsigned char)text.ptr[i] >= ' ')
            buf_char(out, text.ptr[i]);
    }
}

void presence_print_pidf(struct slice entity, bool is_there, bool is_talking, struct buf *out)
{
    buf_text(out, XML "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\""
                      " xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\""
                      " xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"");
    put_xml(entity, out);
    buf_printf(out, "\">\n<tuple id=\"t1\"><status><basic>%s</basic></status><contact>",
               is_there ? "open" : "closed");
    put_xml(entity, out);
    buf_printf(out, "</contact></tuple>\n<note>%s</note>\n",
               is_talking ? "On the phone"
               : is_there ? "Ready"
                          : "Not online");
    if (is_talking)
        buf_text(out, "<dm:person id=\"p1\"><rpid:activities><rpid:on-the-phone/>"
                      "</rpid:activities></dm:person>\n");
    buf_text(out, "</presence>\n");
}

void presence_open_dialogs(struct slice entity, uint32_t version, struct buf *out)
{
    buf_printf(out,
               XML "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%" PRIu32
                   "\" state=\"full\" entity=\"",
               version);
    put_xml(entity, out);
    buf_text(out, "\">\n");
}

void presence_add_dialog(const struct presence_dialog *dialog, struct slice entity, struct buf *out)
{
    buf_printf(out, "<dialog id=\"%s-%" PRIu32 "\" direction=\"%s\"><state>%s</state>",
               dialog->call, dialog->leg, dialog->is_initiator ? "initiator" : "recipient",
               dialog->state);
    buf_text(out, "<local><identity>");
    put_xml(entity, out);
    buf_text(out, "</identity></local><remote><identity");
    if (dialog->remote_name.len) {
        buf_text(out, " display=\"");
        put_xml(dialog->remote_name, out);
        buf_char(out, '"');
    }
    buf_text(out, ">sip:");
    put_xml(dialog->remote, out);
    buf_char(out, '@');
    put_xml(dialog->domain, out);
    buf_text(out, "</identity></remote></dialog>\n");
}

void presence_close_dialogs(struct buf *out)
{
    buf_text(out, "</dialog-info>\n");
}

void presence_print_reg(struct slice entity, uint32_t version,
                        const struct presence_contact *contacts, size_t n, struct buf *out)
{
    buf_printf(out,
               XML "<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"%" PRIu32
                   "\" state=\"full\">\n<registration aor=\"",
               version);
    put_xml(entity, out);
    buf_printf(out, "\" id=\"r1\" state=\"%s\">\n", n ? "active" : "terminated");
    for (size_t i = 0; i < n; i++) {
        buf_printf(out,
                   "<contact id=\"c%" PRIu64 "\" state=\"active\" event=\"registered\" expires=\""
                   "%" PRId64 "\" q=\"%u.%03u\"><uri>",
                   contacts[i].number, contacts[i].expires_s, contacts[i].q / 1000,
                   contacts[i].q % 1000);
        put_xml(contacts[i].uri, out);
        buf_text(out, "</uri></contact>\n");
    }
    buf_text(out, "</registration>\n</reginfo>\n");
}

void presence_print_messages(struct slice entity, unsigned fresh, unsigned old, struct buf *out)
{
    buf_printf(out,
               "Messages-Waiting: %s\r\nMessage-Account: %.*s\r\nVoice-Message: %u/%u (0/0)\r\n",
               fresh ? "yes" : "no", SLICE_ARG(entity), fresh, old);
}
