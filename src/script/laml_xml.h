#pragma once
/* XML as LaML documents need it: elements, attributes and text as a tree of JSON values. No
 * document types, hence no entities of one's own, and bounds on size, depth and number. The one
 * file that knows expat. Any thread. */

#include <jansson.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    LAML_XML_MAX_BYTES = 64 << 10, /* what the original takes */
    LAML_XML_MAX_DEPTH = 16,
    LAML_XML_MAX_ELEMENTS = 2000,
};

/** `*out` is the root element, the caller's: {"name", "line", "at": {attribute: text}, "in":
 * [text or element …]}. ERR_PARSE: no well-formed XML, or one with a document type; ERR_LIMIT.
 * `fault` has the line. */
MUST_CHECK enum err laml_xml_parse(struct slice text, json_t **out, struct fault *fault);
