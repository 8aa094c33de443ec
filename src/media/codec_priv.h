#pragma once
/* Help for the rows: reading an fmtp. */

#include "media/codec.h"

/** The next `name=value` of `a=1;b=2`, trimmed; false at the end. */
bool codec_fmtp_next(struct slice *rest, struct slice *name, struct slice *value);
