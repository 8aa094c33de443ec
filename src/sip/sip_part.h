#pragma once
/* Bodies of several parts, as calls have them that come through ISUP gateways or carry a location:
 * RFC 2046 §5.1, RFC 5621 §3.1. Any thread; owns nothing. */

#include "base/slice.h"

/**
 * The content of `type` (lower case) in a body whose Content-Type is `content_type`: all of it, or
 * the first such part when that is multipart/anything; parts inside parts are not looked into.
 * Empty when there is none, or when the parts cannot be told apart.
 */
struct slice sip_part_find(struct slice content_type, struct slice body, struct slice type);
