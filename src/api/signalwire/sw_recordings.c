#include "api/signalwire/sw_recordings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/store_accounts.h"
#include "store/store_faxes.h"

enum { SOUND_MAX_BYTES = 512 << 20, PATH_MAX_LEN = 1024 };
static const char sounds_path[] = "/recordings/";
/* without an ending it is WAV */
static const struct {
    const char *ending, *file, *type;
    bool is_fax;
    const char *protection; /* the project's option that wants a token */
} kinds[] = { { ".wav", ".wav", "audio/wav", false, "protect_recordings" },
              { ".mp3", ".mp3", "audio/mpeg", false, "protect_recordings" },
              { ".pdf", ".pdf", "application/pdf", true, "protect_fax_media" },
              { ".tif", ".tif", "image/tiff", true, "protect_fax_media" },
              { "", ".wav", "audio/wav", false, "protect_recordings" } };

void sw_recording_id(const char *url, char out[UUID_TEXT])
{
    const char *slash = strrchr(url, '/');
    struct slice name = slice_of(slash ? slash + 1 : url);
    if (!slice_copy(slice_cut(&name, '.'), out, UUID_TEXT))
        out[0] = '\0';
}

const struct store_recording *sw_found_recording(struct rest *rest,
                                                 const struct store_answer *answer)
{
    const struct store_recording *row = answer->err ? NULL : STORE_ROWS(answer, store_recording);
    if (row && strcmp(row->project_id, sw_of(rest)->project_id) == 0)
        return row;
    sw_fail_store(rest, answer->err ? answer->err : ERR_NOT_FOUND, "recording");
    return NULL;
}

static void path_of(const struct rest *rest, const char *id, const char *ending,
                    char out[PATH_MAX_LEN])
{
    const char *dir = rest->api->config.record_dir;
    snprintf(out, PATH_MAX_LEN, "%s/%s%s", dir ? dir : "/nonexistent", id, ending);
}

void sw_recording_drop(struct rest *rest, const struct store_recording *row)
{
    char path[PATH_MAX_LEN];
    if (strcmp(row->status, "in-progress") == 0 || strcmp(row->status, "paused") == 0) {
        sw_refuse(rest, "20009", "id", "the recording is not finished");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        path_of(rest, row->id, kinds[i].file, path);
        (void)unlink(path); /* one of the two is there */
    }
    store_recording_remove(rest_store(rest), row->id, rest_then(rest, sw_on_removed));
}

/* --- the sound --- */

static size_t kind_of(const struct rest *rest)
{
    return (size_t)json_integer_value(json_object_get(rest->answer, "kind"));
}

static void send_file(struct rest *rest)
{
    char path[PATH_MAX_LEN];
    struct slice sound;
    size_t kind = kind_of(rest);
    path_of(rest, sw_of(rest)->target_id, kinds[kind].file, path);
    if (file_read(path, SOUND_MAX_BYTES, &sound, NULL)) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such recording");
        return;
    }
    rest_reply_text(rest, 200, kinds[kind].type, sound);
    mem_free((char *)(uintptr_t)sound.ptr);
}

static void on_project(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct sw *sw = sw_of(rest);
    if (answer->err) {
        sw_fail_store(rest, answer->err, "recording");
        return;
    }
    const struct store_project *row = STORE_ROWS(answer, store_project);
    json_t *options = json_loads(row->options, 0, NULL);
    bool is_protected = json_is_true(json_object_get(options, kinds[kind_of(rest)].protection));
    bool is_own = sw->token_id[0] && (strcmp(row->id, sw->project_id) == 0 ||
                                      strcmp(row->parent_id, sw->project_id) == 0);
    json_decref(options);
    if (!is_protected || is_own)
        send_file(rest);
    else if (sw->token_id[0])
        rest_fail(rest, 404, "not_found", NULL, "there is no such recording");
    else
        rest_fail(rest, 401, "unauthorized", NULL, "expected a project id and its token");
}

/* One without a row was made by the call itself, for an operator. */
static void send_of(struct rest *rest, enum err err, const char *project_id)
{
    if (err && err != ERR_NOT_FOUND)
        sw_fail_store(rest, err, "recording");
    else if (project_id[0])
        store_project_find(rest_store(rest), project_id, rest_then(rest, on_project));
    else
        send_file(rest);
}

static void on_sound(void *owner, const struct store_answer *answer)
{
    send_of(owner, answer->err, answer->err ? "" : STORE_ROWS(answer, store_recording)->project_id);
}

static void on_fax(void *owner, const struct store_answer *answer)
{
    send_of(owner, answer->err, answer->err ? "" : STORE_ROWS(answer, store_fax)->project_id);
}

void sw_recording_send(struct rest *rest, const char *name)
{
    struct slice id = slice_of(name);
    json_int_t kind = 0;
    while (kinds[kind].ending[0] && !slice_ends(id, slice_of(kinds[kind].ending)))
        kind++;
    id.len -= strlen(kinds[kind].ending);
    bool is_id = rest_is_name(id) && slice_index(id, '.') == id.len &&
                 slice_copy(id, sw_of(rest)->target_id, SW_ID);
    if (!is_id) {
        rest_fail(rest, 404, "not_found", NULL, "there is no such recording");
        return;
    }
    json_decref(rest->answer);
    rest->answer = json_pack("{s:I}", "kind", kind);
    if (kinds[kind].is_fax)
        store_fax_find_media(rest_store(rest), sw_of(rest)->target_id, rest_then(rest, on_fax));
    else
        store_recording_find(rest_store(rest), sw_of(rest)->target_id, rest_then(rest, on_sound));
}

void sw_sound_guard(struct rest *rest)
{
    if (rest->asked.authorization.len) {
        sw_guard(rest);
        return;
    }
    rest->state = mem_new(struct sw);
    rest_admit(rest);
}

void sw_sound_serve(struct rest *rest)
{
    char name[SW_ID];
    struct slice path = slice_from(rest->asked.path, strlen(sounds_path));
    if (rest->asked.method == HTTP_GET && slice_copy(path, name, sizeof name))
        sw_recording_send(rest, name);
    else
        rest_fail(rest, 404, "not_found", NULL, "there is no such recording");
}

/* --- /api/relay/rest/recordings --- */

static json_t *recording_json(const struct rest *rest, const struct store_recording *row)
{
    char own[SW_URL_MAX], url[SW_URL_MAX + 80];
    sw_own_url(rest, own, sizeof own);
    snprintf(url, sizeof url, "%s/recordings/%s.%s", own, row->id, row->format);
    return json_pack("{s:s, s:s, s:o, s:o, s:I, s:f, s:s, s:s, s:s, s:b, s:I, s:s, s:s}", "id",
                     row->id, "project_id", row->project_id, "created_at",
                     rest_time(row->created_ms), "updated_at", rest_time(row->updated_ms),
                     "duration_in_seconds", (json_int_t)(row->duration_ms / 1000), "price", 0.0,
                     "price_unit", "USD", "status", row->status, "url", url, "stereo",
                     row->channels == 2, "byte_size", (json_int_t)row->bytes, "track", row->track,
                     "relay_pstn_leg_id", row->call_id);
}

struct store_recording_filter sw_recording_filter(const struct rest *rest,
                                                  const struct sw_page *page)
{
    return (struct store_recording_filter){
        .project_id = sw_of(rest)->project_id,
        .from_ms = page->from_ms,
        .before_ms = page->before_ms ? num_min(page->before_ms, page->until_ms) : page->until_ms,
        .offset = page->number * page->size,
        .limit = page->size + 1,
    };
}

static json_t *listed(const struct rest *rest, const void *of)
{
    return recording_json(rest, of);
}

static void on_list(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_recording, listed, &page);
    if (list)
        sw_page_reply(rest, &page, list);
}

void sw_recording_list(struct rest *rest)
{
    struct sw_page page;
    if (!sw_page_read(rest, &page))
        return;
    const struct store_recording_filter filter = sw_recording_filter(rest, &page);
    store_recording_list(rest_store(rest), &filter, rest_then(rest, on_list));
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_recording *row = sw_found_recording(rest, answer);
    if (!row)
        return;
    if (sw_of(rest)->endpoint->handle == sw_recording_show)
        rest_reply_take(rest, 200, recording_json(rest, row));
    else
        sw_recording_drop(rest, row);
}

void sw_recording_show(struct rest *rest)
{
    store_recording_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}

void sw_recording_remove(struct rest *rest)
{
    store_recording_find(rest_store(rest), rest_captured(rest, 0), rest_then(rest, on_found));
}
