#include "legs/leg_echo.h"

#include <stdio.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/worker.h"
#include "legs/leg_env.h"
#include "media/media.h"
#include "media/speech.h"

static const char greeting_text[] =
    "Hello. This is the tandem echo test. After the tone, you will hear your own voice.";

struct greeting {
    int16_t *pcm;
    size_t samples;
    uint32_t rate_hz;
};

/* The rendering outlives its owner if the daemon stops in the middle of it. */
struct render {
    struct builtins *owner; /* NULL once the owner is gone */
    struct greeting greeting;
};

struct builtins {
    const struct leg_env *env;
    struct greeting greeting;
    struct render *render; /* under way */
};

struct builtin {
    const char *name;
    void (*join)(struct builtins *builtins, struct leg *peer);
};

struct leg_builtin {
    struct leg leg;
    struct builtins *builtins;
    const struct builtin *what;
};

static void render_work(void *arg)
{
    struct greeting *greeting = &((struct render *)arg)->greeting;
    if (speech_render(SLICE(greeting_text), &greeting->pcm, &greeting->samples, &greeting->rate_hz))
        greeting->pcm = NULL;
}

static void render_done(void *arg)
{
    struct render *render = arg;
    if (render->owner) {
        render->owner->greeting = render->greeting;
        render->owner->render = NULL;
    } else {
        mem_free(render->greeting.pcm);
    }
    mem_free(render);
}

struct builtins *builtins_create(const struct leg_env *env)
{
    struct builtins *builtins = mem_new(struct builtins);
    builtins->env = env;
    struct render *render = mem_new(struct render);
    render->owner = builtins;
    builtins->render = render;
    worker_run(env->loop, render_work, render_done, render);
    return builtins;
}

void builtins_destroy(struct builtins *builtins)
{
    if (!builtins)
        return;
    if (builtins->render)
        builtins->render->owner = NULL;
    mem_free(builtins->greeting.pcm);
    mem_free(builtins);
}

static void join_echo(struct builtins *builtins, struct leg *peer)
{
    const struct greeting *greeting = &builtins->greeting;
    media_stream_echo(peer->stream, true);
    if (greeting->pcm)
        media_stream_play(peer->stream, 1,
                          mem_copy(greeting->pcm, greeting->samples * sizeof(int16_t)),
                          greeting->samples, greeting->rate_hz);
}

static void join_milliwatt(struct builtins *builtins, struct leg *peer)
{
    (void)builtins;
    media_stream_tone(peer->stream, 1004, 0);
}

static const struct builtin rows[] = {
    { "echo", join_echo },
    { "milliwatt", join_milliwatt },
};

const char *builtins_name(size_t i)
{
    return i < COUNT_OF(rows) ? rows[i].name : NULL;
}

static void dial(struct leg *leg, const struct leg *peer)
{
    leg->chosen = peer->offered; /* whatever the caller speaks comes back */
    leg_on_trying(leg);
    leg_on_answered(leg);
}

static void end(struct leg *leg, const struct cause *cause)
{
    (void)leg; /* there is no far end to tell */
    (void)cause;
}

static void join(struct leg *leg, struct leg *peer)
{
    struct leg_builtin *self = (struct leg_builtin *)leg;
    if (peer->stream)
        self->what->join(self->builtins, peer);
}

static void ignore_dtmf(struct leg *leg, char digit, unsigned duration_ms, bool relayed)
{
    (void)leg, (void)digit, (void)duration_ms, (void)relayed;
}

static void destroy(struct leg *leg)
{
    mem_free(leg);
}

static const struct leg_ops ops = {
    .kind = "builtin",
    .is_endless = true,
    .dial = dial,
    .end = end,
    .join = join,
    .dtmf = ignore_dtmf,
    .destroy = destroy,
};

void builtins_dial(void *owner, struct call *call, const struct route_target *target,
                   struct cause *why)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!slice_is(slice_of(target->name), rows[i].name))
            continue;
        struct leg_builtin *self = mem_new(struct leg_builtin);
        leg_init(&self->leg, &ops, false);
        self->builtins = owner;
        self->what = &rows[i];
        snprintf(self->leg.party, sizeof self->leg.party, "%s", rows[i].name);
        call_add_leg(call, &self->leg);
        return;
    }
    *why = cause_of_token("no_route", CAUSE_BY_SYSTEM, "There is no such built-in destination.");
}
