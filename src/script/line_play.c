/* Playing to a far end: sounds one after the other, in a loop, paused, louder. */
#include <math.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "call/leg.h"
#include "media/media.h"
#include "script/script_priv.h"
#include "script/sound.h"

struct play {
    struct line_op op; /* first */
    struct sound_spec *sounds;
    size_t n, at;
    unsigned loops_left; /* 0: for ever */
    bool has_begun, is_paused, waits_in_turn;
    double volume_db;
    struct sound_job *job;
    int16_t *pcm; /* what plays, untouched, to be gone on with after a pause */
    size_t samples, from;
    uint32_t rate_hz, play_id;
    int64_t since_ms; /* it has played from `from` on since then */
    struct timer timer;
};

static struct loop *loop_of(const struct play *play)
{
    return play->op.scripts->config.loop;
}

static void tell(struct play *play, const char *state)
{
    line_op_tell(&play->op, "calling.call.play", json_pack("{s:s}", "state", state));
}

static void start_sound(struct play *play);

/* Those of a line play in turn: the next one begins when this one is over. */
static void wake_next(struct line *line)
{
    struct play *next = (struct play *)line_oldest(line, "play");
    if (next && next->waits_in_turn && line_leg(line)) {
        next->waits_in_turn = false;
        start_sound(next);
    }
}

static void stop_media(struct play *play)
{
    struct media_stream *stream = line_stream(play->op.line);
    loop_timer_stop(loop_of(play), &play->timer);
    if (stream && play->play_id)
        media_stream_play_stop(stream);
    play->play_id = 0;
}

static void end(struct play *play, enum line_end how)
{
    struct line *line = play->op.line;
    if (play->op.ended)
        return;
    stop_media(play);
    tell(play, how == LINE_FAILED ? "error" : "finished");
    line_op_end(&play->op, how, NULL);
    wake_next(line);
}

static void next_sound(struct play *play)
{
    mem_free(play->pcm);
    play->pcm = NULL;
    play->play_id = 0;
    if (++play->at == play->n) {
        play->at = 0;
        if (play->loops_left && --play->loops_left == 0) {
            end(play, LINE_FINISHED);
            return;
        }
    }
    start_sound(play);
}

static void on_timer(void *owner)
{
    next_sound(owner);
}

/* From `from` on, at the volume. */
static void sound_on(struct play *play)
{
    struct media_stream *stream = line_stream(play->op.line);
    size_t left = play->samples - play->from;
    play->since_ms = loop_now_ms(loop_of(play));
    if (!stream) { /* simulated: it takes its time */
        loop_timer_start(loop_of(play), &play->timer,
                         (int64_t)(left * 1000 / (play->rate_hz ? play->rate_hz : 1)), on_timer,
                         play);
        return;
    }
    double gain = pow(10, play->volume_db / 20);
    int16_t *pcm = mem_array(left + 1, sizeof *pcm);
    for (size_t i = 0; i < left; i++) {
        double sample = play->pcm[play->from + i] * gain;
        pcm[i] = (int16_t)(sample > INT16_MAX   ? INT16_MAX
                           : sample < INT16_MIN ? INT16_MIN
                                                : sample);
    }
    play->play_id = 1000 + rand_u32() % 1000000000; /* 1 is the greeting's */
    media_stream_play(stream, play->play_id, pcm, left, play->rate_hz);
}

static void on_sound(void *owner, int16_t *take_pcm, size_t samples, uint32_t rate_hz,
                     const struct fault *fault)
{
    struct play *play = owner;
    play->job = NULL;
    if (!take_pcm) {
        log_warn(NULL, "script play failed reason=\"%s\"", fault->text);
        end(play, LINE_FAILED);
        return;
    }
    play->pcm = take_pcm;
    play->samples = samples;
    play->rate_hz = rate_hz;
    play->from = 0;
    if (!play->is_paused)
        sound_on(play);
}

static void start_sound(struct play *play)
{
    const struct sound_spec *spec = &play->sounds[play->at];
    if (!play->has_begun) {
        play->has_begun = true;
        tell(play, "playing");
    }
    if (spec->kind == SOUND_SILENCE)
        loop_timer_start(loop_of(play), &play->timer, (int64_t)(spec->seconds * 1000), on_timer,
                         play);
    else
        play->job = sound_start(line_scripts(play->op.line), spec, line_project(play->op.line),
                                on_sound, play);
}

static void on_play_done(struct line_op *op, uint32_t play_id)
{
    struct play *play = (struct play *)op;
    if (play->play_id == play_id && play_id)
        next_sound(play);
}

static void stop(struct line_op *op)
{
    end((struct play *)op, LINE_STOPPED);
}

static void over(struct line_op *op)
{
    end((struct play *)op, LINE_OVER);
}

static void destroy(struct line_op *op)
{
    struct play *play = (struct play *)op;
    sound_cancel(play->job);
    for (size_t i = 0; i < play->n; i++)
        sound_spec_clear(&play->sounds[i]);
    mem_free(play->sounds);
    mem_free(play->pcm);
    mem_free(play);
}

static const struct line_kind kind = {
    .name = "play",
    .stop = stop,
    .destroy = destroy,
    .on_play_done = on_play_done,
    .on_over = over,
};

struct line_op *line_play(struct line *line, const struct line_play_config *config, line_fn fn,
                          void *owner)
{
    struct play *play = mem_new(struct play);
    play->sounds = config->take_sounds;
    play->n = config->n;
    play->loops_left = config->loops;
    play->volume_db = config->volume_db;
    play->waits_in_turn = line_count(line, "play") > 0;
    line_op_begin(&play->op, line, &kind, config->control_id, config->status_url, fn, owner);
    if (!play->waits_in_turn)
        start_sound(play);
    return &play->op;
}

/* How far it is: packets on their way are heard, so time is the measure. */
static void note_place(struct play *play)
{
    int64_t ms = loop_now_ms(loop_of(play)) - play->since_ms;
    size_t done = (size_t)(num_max(ms, 0) * play->rate_hz / 1000);
    play->from = done < play->samples - play->from ? play->from + done : play->samples;
}

void line_play_pause(struct line_op *op, bool on)
{
    struct play *play = (struct play *)op;
    if (play->is_paused == on)
        return;
    play->is_paused = on;
    tell(play, on ? "paused" : "playing");
    if (play->waits_in_turn || !play->pcm)
        return;
    if (on) {
        note_place(play);
        stop_media(play);
    } else {
        sound_on(play);
    }
}

void line_play_volume(struct line_op *op, double volume_db)
{
    struct play *play = (struct play *)op;
    play->volume_db = volume_db;
    if (play->waits_in_turn || play->is_paused || !play->pcm)
        return;
    note_place(play);
    stop_media(play);
    sound_on(play);
}
