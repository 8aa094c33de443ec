#include "script/wait_script.h"

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "script/laml_form.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_play.h"

enum { ROUND_MIN_MS = 1000 }; /* a document that takes no time is not run more often */

struct wait_script {
    struct script *parent, *script;
    char *url;
    bool is_document, is_once;
    struct script_fetching *fetching;
    json_t *document;
    struct line_op *music;
    int64_t since_ms; /* the last round began */
    struct timer next;
};

static struct loop *loop_of(const struct wait_script *wait)
{
    return wait->parent->scripts->config.loop;
}

static void nothing(void *owner)
{
    (void)owner; /* it has answered, or hears what sounds early */
}

static void on_hang_up_later(void *owner)
{
    struct wait_script *wait = owner;
    struct script *parent = wait->parent;
    struct cause cause = cause_of_token("hangup", CAUSE_BY_SYSTEM, NULL);
    parent->host->hang_up(parent->host_owner, &cause);
}

/* In a turn of its own: it ends the script that is inside this step. */
static void hang_up(void *owner, const struct cause *cause)
{
    struct wait_script *wait = owner;
    (void)cause;
    script_stop(wait->script);
    loop_timer_start(loop_of(wait), &wait->next, 0, on_hang_up_later, wait);
}

static void run(void *owner)
{
    struct wait_script *wait = owner;
    wait->since_ms = loop_now_ms(loop_of(wait));
    script_begin(wait->script, json_incref(wait->document));
}

static void on_finished(void *owner)
{
    struct wait_script *wait = owner;
    int64_t took_ms = loop_now_ms(loop_of(wait)) - wait->since_ms;
    if (wait->is_once)
        return;
    loop_timer_start(loop_of(wait), &wait->next, num_max(ROUND_MIN_MS - took_ms, 0), run, wait);
}

static const struct script_host host = { .answer = nothing,
                                         .ring = nothing,
                                         .sound_early = nothing,
                                         .hang_up = hang_up,
                                         .on_finished = on_finished };

static void on_music_over(void *owner, enum line_end end, const json_t *result)
{
    (void)end, (void)result;
    ((struct wait_script *)owner)->music = NULL;
}

static void play_music(struct wait_script *wait)
{
    json_t *url = json_string(wait->url);
    size_t n = 0;
    struct sound_spec *sounds = script_sounds(wait->script, url, &n);
    const struct line_play_config config = { .take_sounds = sounds,
                                             .n = n,
                                             .loops = wait->is_once };
    json_decref(url);
    if (sounds)
        wait->music = line_play(wait->script->line, &config, on_music_over, wait);
}

static void on_fetched(void *owner, json_t *take_document, const struct fault *fault)
{
    struct wait_script *wait = owner;
    wait->fetching = NULL;
    wait->document = take_document;
    if (take_document)
        run(wait);
    else if (wait->is_document && !script_is_laml(wait->parent))
        script_warn(wait->script, "relay_script_method_execute_failed: wait_url: %s", fault->text);
    else
        play_music(wait);
}

static struct wait_script *create(struct script *parent, const char *url)
{
    struct wait_script *wait = mem_new(struct wait_script);
    const struct script_start start = { .scripts = parent->scripts,
                                        .host = &host,
                                        .owner = wait,
                                        .call = parent->call,
                                        .line = parent->line,
                                        .project_id = parent->project_id,
                                        .envs = parent->envs };
    wait->parent = parent;
    wait->url = slice_dup(slice_of(url));
    wait->script = script_create(&start);
    wait->script->in_confirm = true; /* the call's script is the parent */
    (void)json_object_update(wait->script->vars, parent->vars);
    return wait;
}

static void fetch(struct wait_script *wait, const char *method, bool is_laml)
{
    const struct script_fetch asked = {
        .url = wait->url,
        .method = method,
        .take_body = is_laml ? NULL : script_body(wait->script, NULL),
        .take_form = is_laml ? laml_form(wait->script) : NULL,
    };
    wait->fetching = script_fetch(wait->script, &asked, on_fetched, wait);
}

struct wait_script *wait_script_start(struct script *parent, const char *url, bool is_document)
{
    struct wait_script *wait = create(parent, url);
    wait->is_document = is_document;
    if (!is_document && !slice_istarts(slice_of(url), SLICE("http"))) {
        play_music(wait); /* ring:, silence: */
        return wait;
    }
    const bool is_laml = script_is_laml(parent); /* its waitUrl is asked as its other ones are */
    fetch(wait, is_document || is_laml ? "POST" : "GET", is_laml);
    return wait;
}

struct wait_script *wait_script_announce(struct script *parent, const char *url, const char *method)
{
    struct wait_script *wait = create(parent, url);
    wait->is_once = true;
    fetch(wait, method, true);
    return wait;
}

void wait_script_stop(struct wait_script *wait)
{
    if (!wait)
        return;
    script_fetch_cancel(wait->fetching);
    loop_timer_stop(loop_of(wait), &wait->next);
    line_op_cancel(wait->music);
    script_destroy(wait->script);
    json_decref(wait->document);
    mem_free(wait->url);
    mem_free(wait);
}
