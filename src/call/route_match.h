#pragma once
/* Is a route for this call? Its conditions against who calls, how, and what was dialled. Private to
 * the router. Pure; any thread. */

#include "base/buf.h"
#include "call/route.h"

/** A telephone number as digits alone, with its plus: "+1 (555) 123" and "tel:+1-555-123;a=b" are
 * "+1555123". Into `mem`; whatever is no number is returned as it is. */
struct slice route_plain_number(struct slice dialled, char *mem, size_t cap);
/** `number` is route_plain_number() of what was dialled: patterns look at it, names do not. */
bool route_rule_applies(const struct route_rule *rule, const struct route_query *query,
                        struct slice number);
