#include "script/record_news.h"

#include "base/list.h"
#include "base/mem.h"
#include "media/record_file.h"
#include "script/laml_form.h"
#include "script/script_notify.h"
#include "script/script_priv.h"
#include "script/transcribing.h"

struct waiting {
    struct list in_all;
    struct scripts *scripts;
    struct record_file *file;
    char *call_id, *project_id, *control_id, *status_url, *status_method, *laml_events;
    bool transcribes;
    char *transcribe_url;
    json_t *params, *form;
};

static void transcribe(struct scripts *scripts, const struct record_news *news,
                       const json_t *params, const json_t *form)
{
    const struct transcribing_of of = {
        .call_id = news->call_id,
        .project_id = news->project_id,
        .recording_id = param_text(params, "recording_id", ""),
        .format = param_text(json_object_get(params, "record"), "format", "wav"),
        .recording_url = param_text(params, "url", ""),
        .duration_s = param_number(params, "duration", 0),
        .url = news->transcribe_url,
        .form = form,
    };
    if (news->transcribes && strcmp(param_text(params, "state", ""), "finished") == 0)
        transcribing_start(scripts, &of);
}

void record_news_tell(struct scripts *scripts, const struct record_news *news, json_t *take_params,
                      json_t *take_form)
{
    bool is_laml = news->laml_events[0] != '\0';
    transcribe(scripts, news, take_params, take_form);
    bool is_wanted = !is_laml || laml_form_put_record(take_form, take_params, news->control_id,
                                                      news->laml_events);
    const struct script_note note = { .type = "calling.call.record",
                                      .control_id = news->control_id,
                                      .url = is_wanted ? news->status_url : NULL,
                                      .method = news->status_method,
                                      .form = is_laml && is_wanted ? take_form : NULL };
    scripts_tell_of(scripts, news->call_id, news->project_id, &note, take_params);
    json_decref(take_form);
}

static void destroy(struct waiting *waiting)
{
    list_remove(&waiting->in_all);
    mem_free(waiting->call_id);
    mem_free(waiting->project_id);
    mem_free(waiting->control_id);
    mem_free(waiting->status_url);
    mem_free(waiting->status_method);
    mem_free(waiting->laml_events);
    mem_free(waiting->transcribe_url);
    json_decref(waiting->params);
    json_decref(waiting->form);
    mem_free(waiting);
}

static void put_file(json_t *params, const struct record_file_done *done)
{
    json_object_set_new(params, "size", json_integer(done->bytes));
    if (done->duration_ms >= 0)
        json_object_set_new(params, "duration", json_real((double)done->duration_ms / 1000));
}

static void on_made(void *owner, const struct record_file_done *done)
{
    struct waiting *waiting = owner;
    if (done->err)
        json_object_set_new(waiting->params, "state", json_string("error"));
    put_file(waiting->params, done);
    put_file(json_object_get(waiting->params, "record"), done);
    const struct record_news news = { .call_id = waiting->call_id,
                                      .project_id = waiting->project_id,
                                      .control_id = waiting->control_id,
                                      .status_url = waiting->status_url,
                                      .status_method = waiting->status_method,
                                      .laml_events = waiting->laml_events,
                                      .transcribes = waiting->transcribes,
                                      .transcribe_url = waiting->transcribe_url };
    record_news_tell(waiting->scripts, &news, json_incref(waiting->params),
                     json_incref(waiting->form));
    notifier_release(waiting->scripts->notifier, waiting->call_id);
    destroy(waiting);
}

void record_news_later(struct scripts *scripts, const struct record_news *news,
                       struct record_file *take_file, json_t *take_params, json_t *take_form)
{
    struct waiting *waiting = mem_new(struct waiting);
    waiting->scripts = scripts;
    waiting->file = take_file;
    waiting->call_id = slice_dup(slice_of(news->call_id));
    waiting->project_id = slice_dup(slice_of(news->project_id));
    waiting->control_id = slice_dup(slice_of(news->control_id));
    waiting->status_url = news->status_url ? slice_dup(slice_of(news->status_url)) : NULL;
    waiting->status_method = slice_dup(slice_of(news->status_method));
    waiting->laml_events = slice_dup(slice_of(news->laml_events));
    waiting->transcribes = news->transcribes;
    waiting->transcribe_url = slice_dup(slice_of(news->transcribe_url));
    waiting->params = take_params;
    waiting->form = take_form;
    list_append(&scripts->record_news, &waiting->in_all);
    notifier_hold(scripts->notifier, waiting->call_id);
    record_file_give(take_file, on_made, waiting);
}

void record_news_drop(struct scripts *scripts)
{
    while (!list_empty(&scripts->record_news)) {
        struct waiting *waiting = LIST_ITEM(scripts->record_news.next, struct waiting, in_all);
        record_file_drop(waiting->file);
        destroy(waiting);
    }
}
