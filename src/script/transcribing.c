#include "script/transcribing.h"

#include <stdio.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "media/dictation.h"
#include "media/recognizer.h"
#include "script/laml_form.h"
#include "script/script_priv.h"

enum { PATH_MAX_LEN = 1024, URL_MAX_LEN = 512 };

struct task {
    struct list in_all;
    struct scripts *scripts;
    char id[UUID_TEXT];
    char *call_id, *project_id, *recording_id, *recording_url, *format, *url;
    double duration_s;
    int64_t created_ms;
    bool is_late; /* too many are before it */
    json_t *form;
    struct dictation *dictation; /* of the first alone */
    struct timer later;          /* to fail in a turn of its own */
};

static struct task *first_of(const struct scripts *scripts)
{
    return list_empty(&scripts->transcribing)
               ? NULL
               : LIST_ITEM(scripts->transcribing.next, struct task, in_all);
}

static void destroy(struct task *task)
{
    dictation_cancel(task->dictation);
    loop_timer_stop(task->scripts->config.loop, &task->later);
    list_remove(&task->in_all);
    task->scripts->n_transcribing--;
    mem_free(task->call_id);
    mem_free(task->project_id);
    mem_free(task->recording_id);
    mem_free(task->recording_url);
    mem_free(task->format);
    mem_free(task->url);
    json_decref(task->form);
    mem_free(task);
}

static json_t *form_of(const struct task *task, const char *status, const char *words)
{
    char url[URL_MAX_LEN];
    json_t *form = task->form ? json_deep_copy(task->form) : json_object();
    snprintf(url, sizeof url, "%s/api/laml/2010-04-01/Accounts/%s/Transcriptions/%s",
             task->scripts->public_url, task->project_id, task->id);
    laml_form_put_recording(form, task->recording_url, task->duration_s);
    json_object_set_new(form, "TranscriptionSid", json_string(task->id));
    json_object_set_new(form, "TranscriptionStatus", json_string(status));
    json_object_set_new(form, "TranscriptionText", json_string(words));
    json_object_set_new(form, "TranscriptionUrl", json_string(url));
    return form;
}

static void start_first(struct scripts *scripts);

static void finish(struct task *task, const char *status, const char *words)
{
    struct scripts *scripts = task->scripts;
    json_t *form = form_of(task, status, words);
    const struct script_note note = { .type = "calling.transcription",
                                      .url = task->url,
                                      .form = form };
    json_t *params =
        json_pack("{s:s, s:s, s:s, s:s, s:f, s:I}", "transcription_id", task->id, "recording_id",
                  task->recording_id, "status", status, "text", words, "duration", task->duration_s,
                  "created_ms", (json_int_t)task->created_ms);
    scripts_tell_of(scripts, task->call_id, task->project_id, &note, params);
    json_decref(form);
    destroy(task);
    start_first(scripts);
}

static void on_dictated(void *owner, const struct dictation_done *done)
{
    struct task *task = owner;
    json_t *text = json_string(done->text); /* NULL: an engine's words are no UTF-8 */
    bool is_good = !done->err && text;
    task->dictation = NULL;
    if (!is_good)
        log_warn(NULL, "recording=%s cannot be put into words reason=\"%s\"", task->recording_id,
                 text ? done->text : "no UTF-8");
    finish(task, is_good ? "completed" : "failed", is_good ? done->text : "");
    json_decref(text);
}

static void on_failed(void *owner)
{
    const struct task *task = owner;
    const struct dictation_done done = {
        .err = ERR_UNSUPPORTED,
        .text = task->is_late ? "too many wait already" : "there is no speech engine",
    };
    on_dictated(owner, &done);
}

static void start(struct task *task)
{
    const struct scripts_config *scripts = &task->scripts->config;
    char path[PATH_MAX_LEN];
    snprintf(path, sizeof path, "%s/%s.%s", scripts->record_dir ? scripts->record_dir : ".",
             task->recording_id, task->format);
    const struct dictation_config config = { .loop = scripts->loop,
                                             .recognizer = scripts->recognizer,
                                             .path = path };
    if (scripts->recognizer && recognizer_engine_name(scripts->recognizer))
        task->dictation = dictation_start(&config, on_dictated, task);
    else
        loop_timer_start(scripts->loop, &task->later, 0, on_failed, task);
}

static void start_first(struct scripts *scripts)
{
    struct task *task = first_of(scripts);
    if (task && !task->dictation && !timer_is_running(&task->later))
        start(task);
}

void transcribing_start(struct scripts *scripts, const struct transcribing_of *of)
{
    struct task *task = mem_new(struct task);
    task->scripts = scripts;
    rand_uuid(task->id);
    task->call_id = slice_dup(slice_of(of->call_id));
    task->project_id = slice_dup(slice_of(of->project_id));
    task->recording_id = slice_dup(slice_of(of->recording_id));
    task->recording_url = slice_dup(slice_of(of->recording_url));
    task->format = slice_dup(slice_of(of->format));
    task->url = slice_dup(slice_of(of->url));
    task->duration_s = of->duration_s;
    task->created_ms = loop_wall_ms(scripts->config.loop);
    task->form = of->form ? json_deep_copy(of->form) : NULL;
    list_append(&scripts->transcribing, &task->in_all);
    task->is_late = scripts->n_transcribing++ >= TRANSCRIBING_MAX;
    if (task->is_late)
        loop_timer_start(scripts->config.loop, &task->later, 0, on_failed, task);
    start_first(scripts);
}

void transcribing_drop(struct scripts *scripts)
{
    while (first_of(scripts))
        destroy(first_of(scripts));
}
