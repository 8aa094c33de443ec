#pragma once
/* The table of codecs: a new one is a file codec_x.c and a line in codecs.c. Any thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "media/codec.h"

extern const struct codec codec_g722, codec_opus, codec_pcma, codec_pcmu;

/** Every row, in the order in which we offer them; `*n` is their number. */
const struct codec *const *codecs_all(size_t *n);
/** By a=rtpmap: the name in any case, the clock, the channels (0 counts as 1). NULL: not ours. */
const struct codec *codecs_find(struct slice name, uint32_t clock_hz, unsigned channels);
/** By its name alone, in any case. NULL: not ours. */
const struct codec *codecs_named(struct slice name);
/** By a payload type without rtpmap (RFC 3551 table 4), or NULL. */
const struct codec *codecs_by_static_pt(uint8_t pt);
