/* Who answered: a human, a machine (and when it records), a fax. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "call/leg.h"
#include "media/media.h"
#include "script/line.h"
#include "script/script_priv.h"

struct detect {
    struct line_op op; /* first */
    struct line_detect_config config;
    char digits[17]; /* those that are waited for */
    bool is_machine, beep;
    int64_t since_ms;
    struct timer timer;
};

static struct loop *loop_of(const struct detect *detect)
{
    return line_scripts(detect->op.line)->config.loop;
}

static void tell(struct detect *detect, const char *type, const char *event)
{
    json_t *params = json_pack("{s:s}", "event", event);
    if (strcmp(type, "machine") == 0)
        json_object_set_new(params, "beep", json_boolean(detect->beep));
    line_op_tell(&detect->op, "calling.call.detect",
                 json_pack("{s:{s:s, s:o}}", "detect", "type", type, "params", params));
}

static bool listens(const struct detect *detect)
{
    return detect->config.machine || detect->config.fax;
}

static void finish(struct detect *detect, enum line_end how, const char *word)
{
    struct media_stream *stream = listens(detect) ? line_stream(detect->op.line) : NULL;
    if (detect->op.ended)
        return;
    loop_timer_stop(loop_of(detect), &detect->timer);
    if (stream && how != LINE_OVER)
        media_stream_listen(stream, &(struct media_listen){ 0 });
    const char *type = !listens(detect) ? "digit" : strcmp(word, "fax") == 0 ? "fax" : "machine";
    tell(detect, type, "finished");
    json_t *result = json_pack("{s:s, s:b, s:I}", "result", word, "beep", detect->beep, "ms",
                               (json_int_t)(loop_now_ms(loop_of(detect)) - detect->since_ms));
    line_op_end(&detect->op, how, result);
    json_decref(result);
}

static void on_human(struct detect *detect)
{
    tell(detect, "machine", "HUMAN");
    finish(detect, LINE_FINISHED, "human");
}

static void on_unknown(struct detect *detect)
{
    if (detect->config.fax)
        return; /* a fax may still be heard, until the time is over */
    tell(detect, "machine", "UNKNOWN");
    finish(detect, LINE_FINISHED, "unknown");
}

static void on_machine(struct detect *detect)
{
    detect->is_machine = true;
    tell(detect, "machine", "MACHINE");
    if (detect->config.message_end)
        tell(detect, "machine", "NOT_READY");
    else
        finish(detect, LINE_FINISHED, "machine");
}

static void on_ready(struct detect *detect)
{
    if (!detect->config.message_end)
        return;
    tell(detect, "machine", "READY");
    finish(detect, LINE_FINISHED, "machine");
}

static void on_beep(struct detect *detect)
{
    detect->beep = true;
    if (detect->is_machine)
        on_ready(detect);
}

static void on_fax(struct detect *detect, const char *tone)
{
    if (detect->config.tone && strcmp(detect->config.tone, tone) != 0)
        return;
    tell(detect, "fax", tone);
    finish(detect, LINE_FINISHED, "fax");
}

static void on_heard(struct line_op *op, const struct media_heard *heard)
{
    struct detect *detect = (struct detect *)op;
    switch (heard->kind) {
    case MEDIA_HEARD_HUMAN:
        on_human(detect);
        break;
    case MEDIA_HEARD_MACHINE:
        on_machine(detect);
        break;
    case MEDIA_HEARD_UNKNOWN:
        on_unknown(detect);
        break;
    case MEDIA_HEARD_READY:
        on_ready(detect);
        break;
    case MEDIA_HEARD_BEEP:
        on_beep(detect);
        break;
    case MEDIA_HEARD_CNG:
        on_fax(detect, "CNG");
        break;
    case MEDIA_HEARD_CED:
        on_fax(detect, "CED");
        break;
    case MEDIA_HEARD_VOICE:
    case MEDIA_HEARD_SILENCE:
        break;
    }
}

static void on_key(struct line_op *op, char key)
{
    struct detect *detect = (struct detect *)op;
    if (!strchr(detect->digits, key))
        return;
    tell(detect, "digit", (char[]){ key, '\0' });
    finish(detect, LINE_FINISHED, "digit");
}

static void on_timeout(void *owner)
{
    struct detect *detect = owner;
    finish(detect, LINE_FINISHED, detect->is_machine ? "machine" : "unknown");
}

static void stop(struct line_op *op)
{
    struct detect *detect = (struct detect *)op;
    finish(detect, LINE_STOPPED, detect->is_machine ? "machine" : "unknown");
}

static void over(struct line_op *op)
{
    struct detect *detect = (struct detect *)op;
    finish(detect, LINE_OVER, detect->is_machine ? "machine" : "unknown");
}

static void destroy(struct line_op *op)
{
    struct detect *detect = (struct detect *)op;
    loop_timer_stop(loop_of(detect), &detect->timer);
    mem_free(detect);
}

static const struct line_kind kind = {
    .name = "detect",
    .stop = stop,
    .destroy = destroy,
    .on_heard = on_heard,
    .on_over = over,
};
/* Keys are heard besides whatever else is listened for. */
static const struct line_kind digit_kind = {
    .name = "detect", .stop = stop, .destroy = destroy, .on_key = on_key, .on_over = over
};

struct line_op *line_detect(struct line *line, const struct line_detect_config *config, line_fn fn,
                            void *owner)
{
    struct media_stream *stream = line_stream(line);
    struct detect *detect = mem_new(struct detect);
    detect->config = *config;
    snprintf(detect->digits, sizeof detect->digits, "%s", config->digits ? config->digits : "");
    if (listens(detect))
        line_op_stop(line_find_kind(line, &kind)); /* a stream is listened to in one way */
    line_op_begin(&detect->op, line, listens(detect) ? &kind : &digit_kind, config->control_id,
                  config->status_url, fn, owner);
    detect->since_ms = loop_now_ms(loop_of(detect));
    loop_timer_start(loop_of(detect), &detect->timer, config->timeout_ms, on_timeout, detect);
    const struct media_listen listen = { .machine = config->machine,
                                         .beep = config->machine,
                                         .fax = config->fax,
                                         .greeting = config->greeting };
    if (stream && listens(detect))
        media_stream_listen(stream, &listen);
    return &detect->op;
}
