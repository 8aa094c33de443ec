#include "legs/leg_policy.h"

#include "call/call.h"
#include "legs/leg_env.h"
#include "legs/leg_media.h"
#include "legs/leg_users.h"
#include "media/codecs.h"
#include "media/media.h"

const char leg_policy_no_room[] =
    "The two sides have no codec in common, and there is no room to transcode one more call.";

struct leg_codecs leg_codecs_named(const struct config_list *names)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < names->n; i++) {
        const struct codec *codec = codecs_named(slice_of(names->items[i]));
        if (codec)
            leg_codecs_add(&out, codec);
    }
    return out;
}

enum leg_prefer leg_prefer_of(const struct config *config, enum config_prefer prefer)
{
    static const enum leg_prefer prefers[] = {
        [CONFIG_PREFER_PASSTHROUGH] = LEG_PREFER_PASSTHROUGH,
        [CONFIG_PREFER_QUALITY] = LEG_PREFER_QUALITY,
        [CONFIG_PREFER_LIST] = LEG_PREFER_LIST,
    };
    return prefers[prefer == CONFIG_PREFER_AUTO ? config->prefer : prefer];
}

struct leg_policy leg_policy_of_user(const struct leg_env *env, const char *user)
{
    const struct config_user *row = config_user_find(env->config, slice_of(user));
    if (row)
        return (struct leg_policy){ .list = leg_codecs_named(&row->codecs),
                                    .prefer = leg_prefer_of(env->config, row->prefer) };
    const struct leg_user *kept = leg_users_find(env->users, slice_of(user));
    if (kept)
        return (struct leg_policy){ .list = kept->codecs,
                                    .prefer = leg_prefer_of(env->config, kept->prefer) };
    return (struct leg_policy){ .prefer = leg_prefer_of(env->config, CONFIG_PREFER_AUTO) };
}

/* The widest band first; equals stay in their order. */
static struct leg_codecs by_quality(const struct leg_codecs *codecs)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < codecs->n; i++) {
        size_t at = out.n++;
        for (; at > 0 && out.list[at - 1]->rate_hz < codecs->list[i]->rate_hz; at--)
            out.list[at] = out.list[at - 1];
        out.list[at] = codecs->list[i];
    }
    return out;
}

/* What costs next to nothing: the codec is made of the other leg's, or, without one (a script
 * speaks), it is a simple one. */
static bool is_cheap(const struct leg_choice *choice, const struct codec *codec)
{
    return choice->theirs->n ? leg_codecs_have(choice->theirs, codec)
                             : codec->static_pt != CODEC_PT_DYNAMIC;
}

static struct leg_codecs cheap_ones(const struct leg_choice *choice, const struct leg_codecs *all)
{
    struct leg_codecs out = { 0 };
    for (size_t i = 0; i < all->n; i++)
        if (is_cheap(choice, all->list[i]))
            leg_codecs_add(&out, all->list[i]);
    return out;
}

static bool has_room(const struct leg_choice *choice)
{
    const struct call *call = choice->leg->call;
    return !choice->env->media || call_is_emergency(call) ||
           media_has_room(choice->env->media, call_media_thread(call), MEDIA_WORK_TRANSCODE);
}

static struct leg_codecs arrange(const struct leg_choice *choice)
{
    const struct leg_policy *policy = choice->policy;
    const struct leg_codecs *mine = policy->list.n ? &policy->list : choice->mine;
    switch (policy->prefer) {
    case LEG_PREFER_PASSTHROUGH:
        return leg_codecs_merge(choice->theirs, mine);
    case LEG_PREFER_QUALITY:
        return by_quality(mine);
    case LEG_PREFER_LIST:
        return *mine;
    }
    return *mine;
}

enum err leg_policy_offer(const struct leg_choice *choice, struct leg_codecs *out)
{
    struct leg_codecs all = arrange(choice);
    struct leg_codecs cheap = cheap_ones(choice, &all);
    if (has_room(choice)) {
        if (all.n && !is_cheap(choice, all.list[0]) && choice->env->media)
            media_reserve(choice->env->media, call_media_thread(choice->leg->call));
        *out = all;
        return OK;
    }
    *out = cheap;
    return cheap.n ? OK : ERR_LIMIT;
}

struct leg_codecs leg_policy_answer(const struct leg_choice *choice)
{
    const struct leg_policy *policy = choice->policy;
    const struct leg_codecs *list = policy->list.n ? &policy->list : &choice->env->sip_codecs;
    enum leg_prefer prefer = has_room(choice) ? policy->prefer : LEG_PREFER_PASSTHROUGH;
    switch (prefer) {
    case LEG_PREFER_PASSTHROUGH:
        break;
    case LEG_PREFER_QUALITY:
        return by_quality(choice->mine);
    case LEG_PREFER_LIST:
        return leg_codecs_merge(list, choice->mine);
    }
    return leg_codecs_common(choice->theirs, choice->mine);
}

struct leg_codecs leg_policy_reanswer(const struct leg_choice *choice)
{
    const struct leg_codecs *chosen = &choice->leg->chosen;
    if (has_room(choice))
        return *choice->mine;
    struct leg_codecs out = cheap_ones(choice, choice->mine);
    if (chosen->n && !is_cheap(choice, chosen->list[0]))
        leg_codecs_add(&out, chosen->list[0]);
    return out;
}

void leg_policy_changed(const struct leg_choice *choice, const struct codec *before)
{
    const struct leg_codecs *chosen = &choice->leg->chosen;
    if (choice->env->media && before && is_cheap(choice, before) && chosen->n &&
        !is_cheap(choice, chosen->list[0]))
        media_reserve(choice->env->media, call_media_thread(choice->leg->call));
}

void leg_nets_fill(struct leg_nets *nets, const struct config_list *texts)
{
    nets->n = 0;
    for (size_t i = 0; i < texts->n && nets->n < RTP_NETS_MAX; i++)
        if (!addr_block_parse(slice_of(texts->items[i]), &nets->list[nets->n]))
            nets->n++;
}
