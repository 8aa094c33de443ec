#pragma once
/* What a provider's HTTP API is sent: a text with places, {from} {to} {body} {id} {media}, filled
 * in as its content type wants it, so that no text of a message can be more than a value. Any
 * thread. */

#include "base/buf.h"
#include "store/store_messages.h"

enum message_form {
    MESSAGE_FORM_PLAIN, /* as it is */
    MESSAGE_FORM_JSON,  /* inside the quotes of a JSON string */
    MESSAGE_FORM_QUERY, /* percent-encoded, as in URLs and forms */
};

/** Of "application/json; charset=utf-8" and the like. */
enum message_form message_form_of(struct slice content_type);
/** `{media}` is the JSON array, and, where the form is a query's, the first URL. A brace that opens
 * no place stays as it is. */
void message_template_print(struct slice template, enum message_form form,
                            const struct store_message *row, struct buf *out);
/** Is every place in it known? If not, `*unknown` is it, braces and all. Only what looks like a
 * place counts: letters and '_' between braces. */
bool message_template_check(struct slice template, struct slice *unknown);
/** Percent-encoded but for what RFC 3986 §2.3 leaves alone. */
void message_put_query(struct slice value, struct buf *out);
