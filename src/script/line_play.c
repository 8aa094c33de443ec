/* Playing to a far end: sounds one after the other, in a loop, paused, louder. */
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
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
    bool to_far, to_other;
    double volume_db;
    struct sound_job *job;
    uint32_t play_id; /* of the clip that plays; 0: none */
    /* what ends by the clock: silence, and what the media engine does not report */
    struct timer timer;
    int64_t ends_ms, left_ms; /* left_ms: while it pauses */
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

/* Who hears it. They may be others than when it began. */
enum { EARS = 2 };
static size_t ears_of(const struct play *play, struct media_stream *ears[EARS])
{
    struct media_stream *far = play->to_far ? line_stream(play->op.line) : NULL;
    struct media_stream *other = play->to_other ? line_other_stream(play->op.line) : NULL;
    size_t n = 0;
    if (far)
        ears[n++] = far;
    if (other)
        ears[n++] = other;
    return n;
}

static void stop_media(struct play *play)
{
    struct media_stream *ears[EARS];
    size_t n = play->play_id ? ears_of(play, ears) : 0;
    loop_timer_stop(loop_of(play), &play->timer);
    for (size_t i = 0; i < n; i++)
        media_stream_play_stop(ears[i]);
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
    play->left_ms = 0;
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

static void run_clock(struct play *play, int64_t ms)
{
    play->left_ms = ms;
    play->ends_ms = loop_now_ms(loop_of(play)) + ms;
    if (!play->is_paused)
        loop_timer_start(loop_of(play), &play->timer, ms, on_timer, play);
}

static void set_volume(const struct play *play, struct media_stream *ear)
{
    if (play->volume_db < 0 || play->volume_db > 0)
        media_stream_play_gain(ear, play->play_id, play->volume_db);
}

/* The stream's own far end tells when it is over; for others, and simulated, the clock does. */
static void begin_clip(struct play *play, int16_t *take_pcm, size_t samples, uint32_t rate_hz)
{
    struct media_stream *ears[EARS];
    size_t n = ears_of(play, ears);
    if (!play->to_far || !line_stream(play->op.line))
        run_clock(play, (int64_t)(samples * 1000 / (rate_hz ? rate_hz : 1)));
    play->play_id = 1000 + rand_u32() % 1000000000; /* 1 is the greeting's */
    for (size_t i = 0; i < n; i++) {
        int16_t *pcm = mem_array(samples + 1, sizeof *pcm);
        memcpy(pcm, take_pcm, samples * sizeof *pcm);
        media_stream_play_over(ears[i], play->play_id, pcm, samples, rate_hz);
        set_volume(play, ears[i]);
        if (play->is_paused)
            media_stream_play_pause(ears[i], play->play_id, true);
    }
    mem_free(take_pcm);
}

static void on_sound(void *owner, int16_t *take_pcm, size_t samples, uint32_t rate_hz,
                     const struct fault *fault)
{
    struct play *play = owner;
    play->job = NULL;
    if (take_pcm) {
        begin_clip(play, take_pcm, samples, rate_hz);
        return;
    }
    log_warn(NULL, "script play failed reason=\"%s\"", fault->text);
    end(play, LINE_FAILED);
}

static void start_sound(struct play *play)
{
    const struct sound_spec *spec = &play->sounds[play->at];
    if (!play->has_begun) {
        play->has_begun = true;
        tell(play, "playing");
    }
    if (spec->kind == SOUND_SILENCE)
        run_clock(play, (int64_t)(spec->seconds * 1000));
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
    play->to_far = config->direction != LINE_PLAY_SPEAK;
    play->to_other = config->direction != LINE_PLAY_LISTEN;
    play->waits_in_turn = line_count(line, "play") > 0;
    line_op_begin(&play->op, line, &kind, config->control_id, config->status_url, fn, owner);
    if (!play->waits_in_turn)
        start_sound(play);
    return &play->op;
}

void line_play_pause(struct line_op *op, bool on)
{
    struct play *play = (struct play *)op;
    struct media_stream *ears[EARS];
    if (play->is_paused == on)
        return;
    play->is_paused = on;
    tell(play, on ? "paused" : "playing");
    size_t n = play->play_id ? ears_of(play, ears) : 0;
    for (size_t i = 0; i < n; i++)
        media_stream_play_pause(ears[i], play->play_id, on);
    if (on && timer_is_running(&play->timer)) {
        play->left_ms = play->ends_ms - loop_now_ms(loop_of(play));
        loop_timer_stop(loop_of(play), &play->timer);
    } else if (!on && play->left_ms > 0) {
        run_clock(play, play->left_ms);
    }
}

void line_play_volume(struct line_op *op, double volume_db)
{
    struct play *play = (struct play *)op;
    struct media_stream *ears[EARS];
    play->volume_db = volume_db;
    size_t n = play->play_id ? ears_of(play, ears) : 0;
    for (size_t i = 0; i < n; i++)
        media_stream_play_gain(ears[i], play->play_id, volume_db);
}
