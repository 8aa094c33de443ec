#pragma once
/* Which program answers a number, and how its web server is asked: of the number's own words, of
 * the application that it names or of the resource it is bound to, as those are now. Control
 * thread.
 */

#include <jansson.h>

struct store_number;
struct store_resource;

/** What of a resource is looked at here: {"type", "project", "name", "body"}; the caller's. */
json_t *number_resource(const struct store_resource *row);
/**
 * Who answers calls to the number, of `resources` by id: {"project", "target", "method",
 * "fallback", "fallback_method"}; target is "laml:URL", "swml:URL", "swml:ID", or "" when what it
 * was bound to is gone. NULL: nothing says so, it goes where it leads. The caller's.
 */
json_t *number_call_handler(const struct store_number *row, const json_t *resources);
/** The same for calls to the resource of that id itself. The caller's. */
json_t *number_resource_handler(const char *id, const json_t *resources);
/** Who is told how calls to it ended: {"project", "url", "method"}; NULL: nobody. The caller's. */
json_t *number_call_teller(const struct store_number *row, const json_t *resources);
/** The same for texts; NULL: no program answers them. */
json_t *number_text_handler(const struct store_number *row, const json_t *resources);
