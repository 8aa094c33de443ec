/* play: addresses of files, say:, silence:, ring:. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_play.h"
#include "script/verb_rows.h"

static void spec_of(struct script *script, const json_t *text, struct sound_spec **sounds,
                    size_t *n, bool *is_bad)
{
    struct fault fault = { 0 };
    const char *value = json_string_value(text);
    char *printed = value ? NULL : expr_print(text);
    struct sound_spec spec;
    if (sound_spec_parse(value ? value : printed, &spec, &fault)) {
        script_warn(script, "%s", fault.text);
        *is_bad = true;
    } else {
        (*sounds)[(*n)++] = spec;
    }
    mem_free(printed);
}

struct sound_spec *script_sounds(struct script *script, const json_t *what, size_t *n)
{
    size_t count = json_is_array(what) ? json_array_size(what) : 1, i;
    struct sound_spec *sounds = mem_array(count + 1, sizeof *sounds);
    const json_t *one;
    bool is_bad = count > LINE_SOUNDS_MAX;
    *n = 0;
    if (json_is_array(what) && !is_bad) {
        json_array_foreach(what, i, one) spec_of(script, one, &sounds, n, &is_bad);
    } else if (!is_bad) {
        spec_of(script, what, &sounds, n, &is_bad);
    }
    if (!is_bad && *n)
        return sounds;
    for (i = 0; i < *n; i++)
        sound_spec_clear(&sounds[i]);
    mem_free(sounds);
    return NULL;
}

/* Codes that are said are said digit by digit: the seed's "speak digits slowly". The step is read
 * again for it, since its placeholders are gone from `value`. */
const json_t *script_written(const struct script *script, const char *method, const char *name)
{
    const struct script_frame *frame =
        script->n_frames ? &script->frames[script->n_frames - 1] : NULL;
    const json_t *step = frame ? json_array_get(frame->steps, frame->at - 1) : NULL;
    return json_object_get(json_object_get(step, method), name);
}

static enum err expand_one(struct script *script, const json_t *text, json_t **out,
                           struct fault *fault)
{
    struct expr_scope scope = script_scope(script);
    const char *value = json_string_value(text);
    scope.spells_digits = value && slice_starts(slice_of(value), SLICE("say:"));
    return expr_tree(&scope, text, NULL, out, fault);
}

enum err script_expand_sounds(struct script *script, const json_t *written, json_t **out,
                              struct fault *fault)
{
    const json_t *one;
    size_t i;
    if (!json_is_array(written))
        return expand_one(script, written, out, fault);
    json_t *list = json_array();
    json_array_foreach(written, i, one)
    {
        json_t *expanded = NULL;
        enum err err = expand_one(script, one, &expanded, fault);
        if (err) {
            json_decref(list);
            return err;
        }
        json_array_append_new(list, expanded);
    }
    *out = list;
    return OK;
}

static void on_played(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    (void)result;
    script->state = NULL;
    script_result(script, "play", end == LINE_FAILED ? "failed" : "success");
    if (end != LINE_OVER) /* else the call is ending, and the script with it */
        script_done(script);
}

static void cancel(struct script *script)
{
    line_op_cancel(script->state);
}

static enum verb_next play(struct script *script, const json_t *value)
{
    const char *key = json_object_get(value, "urls") ? "urls" : "url";
    struct fault fault = { 0 };
    json_t *what = NULL;
    size_t n;
    if (script_expand_sounds(script, script_written(script, "play", key), &what, &fault)) {
        script_fail(script, &fault);
        return VERB_JUMPED;
    }
    struct sound_spec *sounds = script_sounds(script, what, &n);
    json_decref(what);
    if (!sounds) {
        script_result(script, "play", "failed");
        return VERB_DONE;
    }
    if (param_bool(value, "auto_answer", true))
        script_answer(script);
    else
        script->host->sound_early(script->host_owner);
    const struct line_play_config config = {
        .take_sounds = sounds,
        .n = n,
        .volume_db = param_number(value, "volume", 0),
        .loops = (unsigned)param_number(value, "loop", 1), /* LaML's; 0: for ever */
        .status_url = param_text(value, "status_url", NULL),
    };
    if (script->over) {
        for (size_t i = 0; i < n; i++)
            sound_spec_clear(&sounds[i]);
        mem_free(sounds);
        return VERB_JUMPED;
    }
    script->cancel = cancel;
    script->state = line_play(script->line, &config, on_played, script);
    return VERB_WAITS;
}

static const char *const play_kept[] = { "url", "urls", NULL };
static const struct verb_param play_params[] = {
    { .name = "url", .types = VERB_TEXT },
    { .name = "urls", .types = VERB_LIST },
    { .name = "volume", .types = VERB_NUMBER, .min = -40, .max = 40 },
    { .name = "auto_answer", .types = VERB_BOOL },
    { .name = "say_voice", .types = VERB_TEXT },
    { .name = "say_language", .types = VERB_TEXT },
    { .name = "say_gender", .types = VERB_TEXT },
    { .name = "status_url", .types = VERB_TEXT },
    { 0 },
};

static enum err check(const json_t *value, struct swml_place *place)
{
    bool url = json_object_get(value, "url"), urls = json_object_get(value, "urls");
    if (!url && !urls)
        return swml_fail(place, "method_parameter_missing", "'play' needs 'url' or 'urls'");
    return url && urls ? swml_fail(place, "method_parameter_conflict",
                                   "'play' takes 'url' or 'urls', not both")
                       : OK;
}

const struct verb verb_play = { .name = "play",
                                .params = play_params,
                                .kept = play_kept,
                                .in_confirm = true,
                                .check = check,
                                .run = play,
                                .note = "one English voice (flite); say_voice, say_language and "
                                        "say_gender are accepted" };
