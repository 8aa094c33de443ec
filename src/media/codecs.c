#include "media/codecs.h"

#include "base/num.h"

/* in the order of an offer: what gives the best sound first */
static const struct codec *const codecs[] = {
    &codec_opus,
    &codec_g722,
    &codec_pcmu,
    &codec_pcma,
};

const struct codec *const *codecs_all(size_t *n)
{
    *n = COUNT_OF(codecs);
    return codecs;
}

const struct codec *codecs_find(struct slice name, uint32_t clock_hz, unsigned channels)
{
    if (channels == 0)
        channels = 1;
    for (size_t i = 0; i < COUNT_OF(codecs); i++)
        if (slice_iis(name, codecs[i]->name) && clock_hz == codecs[i]->clock_hz &&
            channels == codecs[i]->sdp_channels)
            return codecs[i];
    return NULL;
}

const struct codec *codecs_named(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(codecs); i++)
        if (slice_iis(name, codecs[i]->name))
            return codecs[i];
    return NULL;
}

const struct codec *codecs_by_static_pt(uint8_t pt)
{
    if (pt == CODEC_PT_DYNAMIC)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(codecs); i++)
        if (codecs[i]->static_pt == pt)
            return codecs[i];
    return NULL;
}
