/* Lists of codecs: joined in the order that avoids transcoding. */
#include "legs/leg_media.h"

bool leg_codecs_have(const struct leg_codecs *codecs, const struct codec *codec)
{
    for (size_t i = 0; i < codecs->n; i++)
        if (codecs->list[i] == codec)
            return true;
    return false;
}

void leg_codecs_add(struct leg_codecs *codecs, const struct codec *codec)
{
    if (codecs->n < LEG_CODECS_MAX && !leg_codecs_have(codecs, codec))
        codecs->list[codecs->n++] = codec;
}

struct leg_codecs leg_codecs_merge(const struct leg_codecs *wanted, const struct leg_codecs *mine)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < wanted->n; i++)
        if (leg_codecs_have(mine, wanted->list[i]))
            leg_codecs_add(&out, wanted->list[i]);
    for (size_t i = 0; i < mine->n; i++)
        leg_codecs_add(&out, mine->list[i]);
    return out;
}

struct leg_codecs leg_codecs_common(const struct leg_codecs *wanted, const struct leg_codecs *mine)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < wanted->n; i++)
        if (leg_codecs_have(mine, wanted->list[i]))
            leg_codecs_add(&out, wanted->list[i]);
    return out.n ? out : *mine;
}
