/* Scripts and the daemon: what they reach the world with, and the files of their recordings. */
#include <stdio.h>
#include <string.h>

#include "api/faxes.h"
#include "api/project_key.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "daemon/number_handlers.h"
#include "media/recognizer.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "script/laml_form.h"
#include "script/script.h"
#include "store/store_conferences.h"
#include "store/store_programs.h"
#include "store/store_recordings.h"
#include "store/store_transcriptions.h"

/* Keys of the projects, by id; few, and read anew whenever numbers change. */
static void on_projects(void *owner, const struct store_answer *answer)
{
    struct daemon *daemon = owner;
    if (answer->err)
        return;
    const struct store_project *rows = STORE_ROWS(answer, store_project);
    json_decref(daemon->signing_keys);
    daemon->signing_keys = json_object();
    for (size_t i = 0; i < answer->n; i++) {
        struct secret key = { 0 };
        if (project_key_open(daemon->env.seal, &rows[i], &key))
            log_error(NULL, "signing key of project %s cannot be opened: callbacks go unsigned",
                      rows[i].id);
        else
            json_object_set_new(daemon->signing_keys, rows[i].id, json_string(key.ptr));
        secret_clear(&key);
    }
}

void daemon_reload_signing_keys(struct daemon *daemon)
{
    store_project_list(daemon->env.store, (struct store_reply){ on_projects, daemon });
}

struct slice daemon_signing_key(void *owner, const char *project_id)
{
    const struct daemon *daemon = owner;
    return slice_of(json_string_value(json_object_get(daemon->signing_keys, project_id)));
}

static struct http_client_call *send_within(void *owner, const struct script_request *request,
                                            http_client_fn fn, void *fn_owner, struct fault *fault)
{
    struct daemon *daemon = owner;
    struct http_client_request http = request->http;
    (void)fault; /* what is refused is refused at an address, later */
    http.may_reach = egress_allows;
    http.reach_owner = &daemon->egress;
    return http_client_send(daemon->http_client, &http, fn, fn_owner);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void on_resources(void *owner, const struct store_answer *answer)
{
    struct daemon *daemon = owner;
    if (answer->err)
        return;
    const struct store_resource *rows = STORE_ROWS(answer, store_resource);
    json_decref(daemon->stored_scripts);
    json_decref(daemon->resources);
    daemon->stored_scripts = json_object();
    daemon->resources = json_object();
    for (size_t i = 0; i < answer->n; i++) {
        json_t *resource = number_resource(&rows[i]);
        json_object_set_new(daemon->resources, rows[i].id, resource);
        if (strcmp(rows[i].type, "swml_script") != 0 && strcmp(rows[i].type, "cxml_script") != 0)
            continue;
        const json_t *contents = json_object_get(json_object_get(resource, "body"), "contents");
        char *text = json_is_object(contents) ? json_dumps(contents, JSON_COMPACT) : NULL;
        const char *shown = text ? text : json_string_value(contents);
        if (shown)
            json_object_set_new(daemon->stored_scripts, rows[i].id, json_string(shown));
        free(text);
    }
}

static size_t queue_max(void *owner, const char *project_id, const char *name)
{
    const struct daemon *daemon = owner;
    const char *id;
    json_t *one;
    json_object_foreach(daemon->resources, id, one)
    {
        bool is_it = strcmp(text_of(one, "type"), "queue") == 0 &&
                     strcmp(text_of(one, "project"), project_id) == 0 &&
                     strcmp(text_of(one, "name"), name) == 0;
        const json_t *max = json_object_get(json_object_get(one, "body"), "max_size");
        if (is_it && json_integer_value(max) > 0)
            return (size_t)json_integer_value(max);
    }
    return 0;
}

void daemon_reload_resources(struct daemon *daemon)
{
    store_resource_list(daemon->env.store, NULL, NULL,
                        (struct store_reply){ on_resources, daemon });
}

static const char *find_script(void *owner, struct slice name)
{
    return daemon_stored_script(owner, name);
}

const char *daemon_stored_script(const struct daemon *daemon, struct slice name)
{
    char id[UUID_TEXT];
    const char *named = config_script_find(daemon->config, name);
    if (named || !slice_copy(name, id, sizeof id))
        return named;
    return json_string_value(json_object_get(daemon->stored_scripts, id));
}

static const char *word_of(const char *const words[][2], const char *word, const char *otherwise)
{
    for (; words[0][0]; words++)
        if (strcmp(words[0][0], word) == 0)
            return words[0][1];
    return otherwise;
}

/* A conference that is over is a row; while it goes on, the scripts know it. */
static void keep_conference(struct daemon *daemon, const struct script_event *event)
{
    const json_t *params = event->params;
    const struct store_conference row = {
        .id = text_of(params, "conference_id"),
        .project_id = event->project_id,
        .name = text_of(params, "name"),
        .created_ms = json_integer_value(json_object_get(params, "created_ms")),
        .ended_ms = loop_wall_ms(daemon->env.loop),
    };
    if (strcmp(text_of(params, "status"), "conference-end") == 0)
        store_conference_set(daemon->env.store, &row, STORE_NOBODY);
}

/* A conference's recording is a row like those of calls. */
static void keep_conference_recording(struct daemon *daemon, const struct script_event *event)
{
    const json_t *params = event->params;
    double seconds = json_number_value(json_object_get(params, "recording_duration"));
    int64_t bytes = json_integer_value(json_object_get(params, "recording_file_size"));
    const char *status = text_of(params, "status");
    const struct store_recording row = {
        .id = text_of(params, "recording_id"),
        .project_id = event->project_id,
        .call_id = event->call_id,
        .conference_id = text_of(params, "conference_id"),
        .format = "wav",
        .track = "both",
        .source = "Conference",
        .status = strcmp(status, "record-pause") == 0  ? "paused"
                  : strcmp(status, "record-stop") != 0 ? "in-progress"
                  : bytes                              ? "completed"
                                                       : "absent",
        .channels = 1,
        .bytes = bytes,
        .duration_ms = (int64_t)(seconds * 1000),
        .created_ms =
            (int64_t)(json_number_value(json_object_get(params, "recording_start_time")) * 1000),
        .updated_ms = loop_wall_ms(daemon->env.loop),
        .trims = text_of(params, "trim")[0] != '\0',
    };
    if (row.id[0])
        store_recording_set(daemon->env.store, &row, STORE_NOBODY);
}

/* What was said in a recording is a row as well. */
static void keep_transcription(struct daemon *daemon, const struct script_event *event)
{
    const json_t *params = event->params;
    const struct store_transcription row = {
        .id = text_of(params, "transcription_id"),
        .project_id = event->project_id,
        .recording_id = text_of(params, "recording_id"),
        .status = text_of(params, "status"),
        .words = text_of(params, "text"),
        .duration_ms = (int64_t)(json_number_value(json_object_get(params, "duration")) * 1000),
        .created_ms = json_integer_value(json_object_get(params, "created_ms")),
        .updated_ms = loop_wall_ms(daemon->env.loop),
    };
    store_transcription_add(daemon->env.store, &row, STORE_NOBODY);
}

/* Recordings of programs are rows that they can list: each event of one has all there is to know.
 */
static void on_script_event(void *owner, const struct script_event *event)
{
    static const char *const tracks[][2] = { { "speak", "inbound" },
                                             { "listen", "outbound" },
                                             { NULL, NULL } };
    struct daemon *daemon = owner;
    const json_t *params = event->params;
    const json_t *audio = json_object_get(json_object_get(params, "record"), "audio");
    const char *source = text_of(params, "source");
    bool is_dial = strcmp(event->control_id, "OutBoundApi") == 0;
    if (!event->project_id[0])
        return;
    if (daemon->faxes) /* not while everything ends */
        faxes_on_event(daemon->faxes, event);
    if (strcmp(event->type, "calling.conference") == 0) {
        keep_conference(daemon, event);
        keep_conference_recording(daemon, event);
    }
    if (strcmp(event->type, "calling.transcription") == 0)
        keep_transcription(daemon, event);
    if (strcmp(event->type, "calling.call.record") != 0)
        return;
    double start_s = json_number_value(json_object_get(params, "start_time"));
    double seconds = json_number_value(json_object_get(params, "duration"));
    const struct store_recording row = {
        .id = text_of(params, "recording_id"),
        .project_id = event->project_id,
        .call_id = event->call_id,
        .conference_id = "",
        .format = text_of(audio, "format"),
        .track = word_of(tracks, text_of(audio, "direction"), "both"),
        .source = source[0] ? source
                  : is_dial ? "OutBoundApi"
                            : "StartCallRecordingApi",
        .status = laml_recording_status(text_of(params, "state")),
        .channels = json_is_true(json_object_get(audio, "stereo")) ? 2 : 1,
        .bytes = json_integer_value(json_object_get(params, "size")),
        .duration_ms = (int64_t)(seconds * 1000),
        .created_ms = start_s > 0 ? (int64_t)(start_s * 1000) : loop_wall_ms(daemon->env.loop),
        .updated_ms = loop_wall_ms(daemon->env.loop),
        .trims = text_of(params, "trim")[0] != '\0',
    };
    if (row.id[0])
        store_recording_set(daemon->env.store, &row, STORE_NOBODY);
}

void daemon_fill_egress(struct daemon *daemon)
{
    const struct config_list *allowed = &daemon->config->egress_allow;
    struct egress *egress = &daemon->egress;
    egress->n = 0;
    for (size_t i = 0; i < allowed->n && egress->n < ADDR_BLOCKS_MAX; i++)
        if (!addr_block_parse(slice_of(allowed->items[i]), &egress->allowed[egress->n]))
            egress->n++;
}

static void open_recognizer(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    const struct recognizer_config recognizer = {
        .loop = daemon->env.loop,
        .http = daemon->http_client,
        .engine = config->speech_engine,
        .model_dir = config->speech_model_dir,
        .url = config->speech_url,
        .key = secret_reveal(&config->speech_key),
        .model = config->speech_model,
        .ca_file = config->speech_ca_file,
    };
    daemon->recognizer = recognizer_create(&recognizer);
}

void daemon_open_scripts(struct daemon *daemon)
{
    daemon_fill_egress(daemon);
    daemon->http_client = http_client_create(daemon->env.loop);
    open_recognizer(daemon);
    const struct scripts_config config = {
        .loop = daemon->env.loop,
        .media = daemon->env.media,
        .http = daemon->http_client,
        .recognizer = daemon->recognizer,
        .dns = daemon->env.dns,
        .may_reach = egress_allows,
        .reach_owner = &daemon->egress,
        .signing_key = daemon_signing_key,
        .send = send_within,
        .send_sms = daemon_send_sms,
        .find = find_script,
        .number_source = daemon_number_source,
        .queue_max = queue_max,
        .on_event = on_script_event,
        .record_dir = daemon->record_dir,
        .owner = daemon,
    };
    daemon->scripts = scripts_create(&config);
}
