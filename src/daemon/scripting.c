/* Scripts and the daemon: what they reach the world with, and the files of their recordings. */
#include <stdio.h>
#include <string.h>

#include "api/project_key.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "script/script.h"
#include "store/store_programs.h"

enum { RECORDING_MAX_BYTES = 512 << 20, PATH_MAX_LEN = 1024, NAME_MAX_LEN = 48 };
static const char recordings_path[] = "/recordings/";

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

static void on_resources(void *owner, const struct store_answer *answer)
{
    struct daemon *daemon = owner;
    if (answer->err)
        return;
    const struct store_resource *rows = STORE_ROWS(answer, store_resource);
    json_decref(daemon->stored_scripts);
    daemon->stored_scripts = json_object();
    for (size_t i = 0; i < answer->n; i++) {
        json_t *body = json_loads(rows[i].body, 0, NULL);
        const json_t *contents = json_object_get(body, "contents");
        char *text = json_is_object(contents) ? json_dumps(contents, JSON_COMPACT) : NULL;
        const char *shown = text ? text : json_string_value(contents);
        if (shown)
            json_object_set_new(daemon->stored_scripts, rows[i].id, json_string(shown));
        free(text);
        json_decref(body);
    }
}

void daemon_reload_stored_scripts(struct daemon *daemon)
{
    store_resource_list(daemon->env.store, NULL, "swml_script",
                        (struct store_reply){ on_resources, daemon });
}

static const char *find_script(void *owner, struct slice name)
{
    const struct daemon *daemon = owner;
    char id[UUID_TEXT];
    if (!slice_copy(name, id, sizeof id))
        return NULL;
    return json_string_value(json_object_get(daemon->stored_scripts, id));
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

void daemon_open_scripts(struct daemon *daemon)
{
    daemon_fill_egress(daemon);
    daemon->http_client = http_client_create(daemon->env.loop);
    const struct scripts_config config = {
        .loop = daemon->env.loop,
        .media = daemon->env.media,
        .http = daemon->http_client,
        .dns = daemon->env.dns,
        .may_reach = egress_allows,
        .reach_owner = &daemon->egress,
        .signing_key = daemon_signing_key,
        .send = send_within,
        .send_sms = daemon_send_sms,
        .find = find_script,
        .record_dir = daemon->record_dir,
        .owner = daemon,
    };
    daemon->scripts = scripts_create(&config);
}

/* Who knows the name may listen, as with the original's addresses of files: it is 122 random bits.
 * LaML's addresses have no ending, and mean WAV. */
bool daemon_serve_recording(const struct daemon *daemon, struct http_request *request)
{
    static const struct {
        const char *suffix, *type;
    } kinds[] = { { ".wav", "audio/wav" }, { ".mp3", "audio/mpeg" }, { "", "audio/wav" } };
    struct slice name = http_request_path(request);
    char path[PATH_MAX_LEN];
    if (!slice_starts(name, slice_of(recordings_path)))
        return false;
    name = slice_from(name, strlen(recordings_path));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct slice text;
        const char *ending = kinds[i].suffix[0] ? "" : ".wav";
        bool plain = name.len < NAME_MAX_LEN && slice_index(name, '/') == name.len;
        if (!plain || !slice_ends(name, slice_of(kinds[i].suffix)) ||
            slice_find(name, SLICE(".part")) < name.len)
            continue;
        snprintf(path, sizeof path, "%s/%.*s%s", daemon->record_dir, SLICE_ARG(name), ending);
        if (file_read(path, RECORDING_MAX_BYTES, &text, NULL))
            break;
        http_reply(request, 200, kinds[i].type, text);
        mem_free((char *)(uintptr_t)text.ptr);
        return true;
    }
    http_reply(request, 404, "text/plain; charset=utf-8", SLICE("Not found\n"));
    return true;
}
