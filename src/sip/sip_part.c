#include "sip_part.h"

#include "sip_hdr.h"
#include "sip_param.h"

enum { BOUNDARY_MAX = 70 }; /* RFC 2046 §5.1.1 */

/* Up to the line that begins with `--boundary`; the CRLF before it belongs to it. False: there is
 * none any more. */
static bool next_part(struct slice *rest, struct slice boundary, struct slice *part)
{
    const char *begin = rest->ptr;
    while (rest->len) {
        struct slice line = slice_line(rest), dashes = slice_sub(line, 0, 2);
        if (!slice_is(dashes, "--") || !slice_starts(slice_from(line, 2), boundary))
            continue;
        *part = slice_make(begin, (size_t)(line.ptr - begin));
        if (slice_ends(*part, SLICE("\n")))
            part->len--;
        if (slice_ends(*part, SLICE("\r")))
            part->len--;
        if (slice_is(slice_trim(slice_from(line, 2 + boundary.len)), "--"))
            *rest = SLICE_NONE; /* the last one; what follows is no part */
        return true;
    }
    return false;
}

/* Its headers up to an empty line, then the content; without a type it is text. */
static bool is_part_of(struct slice part, struct slice type, struct slice *content)
{
    struct sip_value value;
    bool fits = false;
    while (part.len) {
        struct slice line = slice_line(&part);
        if (!line.len)
            break;
        struct slice name = slice_trim(slice_cut(&line, ':'));
        if (slice_iis(name, "content-type") || slice_iis(name, "c"))
            fits = sip_value_parse(slice_trim(line), &value) == OK && slice_ieq(value.word, type);
    }
    *content = part;
    return fits;
}

struct slice sip_part_find(struct slice content_type, struct slice body, struct slice type)
{
    struct sip_value value;
    struct slice boundary, part, content;
    if (sip_value_parse(content_type, &value))
        return SLICE_NONE;
    if (slice_ieq(value.word, type))
        return body;
    if (!slice_istarts(value.word, SLICE("multipart/")) ||
        !sip_param_find(value.params, "boundary", &boundary) || !boundary.len ||
        boundary.len > BOUNDARY_MAX || !next_part(&body, boundary, &part))
        return SLICE_NONE;
    while (next_part(&body, boundary, &part))
        if (is_part_of(part, type, &content))
            return content;
    return SLICE_NONE;
}
