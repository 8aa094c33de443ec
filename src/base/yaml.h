#pragma once
/* YAML 1.1 text (libyaml) as jansson values that remember their lines. Any thread.
 * Plain scalars follow YAML 1.2's core schema: null, true, false, integers, floats, else text. No
 * anchors (a document of peers must not expand), no duplicate keys, depth and size are bounded. */

#include <jansson.h>

#include "err.h"
#include "slice.h"

struct yaml_doc;

enum { YAML_MAX_DEPTH = 64, YAML_MAX_NODES = 100000, YAML_MAX_BYTES = 4 << 20 };

/** Parse one document. On an error `fault` (may be NULL) holds `name`, line and text. JSON is YAML.
 */
MUST_CHECK enum err yaml_parse(struct yaml_doc **out, struct slice text, const char *name,
                               struct fault *fault);
void yaml_destroy(struct yaml_doc *doc);
/** Borrowed; lives as long as the document. An empty text gives JSON null. */
json_t *yaml_root(const struct yaml_doc *doc);
/** The line, from 1, on which this value (a pointer out of the tree) starts; 0 when unknown. */
int yaml_line(const struct yaml_doc *doc, const json_t *value);
/** The line of a key in an object of the tree; 0 when unknown. */
int yaml_key_line(const struct yaml_doc *doc, const json_t *object, const char *key);
