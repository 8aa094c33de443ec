#include "api/faxes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "script/laml_form.h"
#include "script/script.h"

enum { ID_MAX = 80, WORD_MAX = 16, PARTY_MAX = 300, ERROR_MAX = 200, SETTLE_MS = 2000 };
/* What a call that ended too soon is, in a number of the interface. */
static const char dropped[] = "34004", dropped_text[] = "The call dropped prematurely";

/* One under way. */
struct fax {
    struct faxes *faxes;
    struct list link;
    char id[UUID_TEXT], project_id[ID_MAX], call_id[ID_MAX], control_id[ID_MAX];
    const char *direction;
    char from[PARTY_MAX], to[PARTY_MAX], quality[WORD_MAX], remote_station[ID_MAX], media[ID_MAX];
    char status[WORD_MAX], error_code[WORD_MAX], error_message[ERROR_MAX];
    char *document, *sealed, *status_url, *status_method, *status_events; /* NULL: none */
    bool forgets;
    bool is_call_ours; /* its call was placed for it: what becomes of one becomes of the other */
    bool is_done;      /* the machines have spoken */
    bool is_over;      /* the call has ended */
    int64_t pages, created_ms, answered_ms, duration_ms;
    struct timer settle; /* the machine's last word may come after the call's end */
};
struct faxes {
    struct faxes_config config;
    struct list all;
    struct fax *beginning; /* its call is being placed */
};

struct faxes *faxes_create(const struct faxes_config *config)
{
    struct faxes *faxes = mem_new(struct faxes);
    faxes->config = *config;
    list_init(&faxes->all);
    store_fax_fail_open(config->store, dropped, "The program ended while it was under way",
                        loop_wall_ms(config->loop), STORE_NOBODY);
    return faxes;
}

static void drop_text(char **text)
{
    if (*text)
        mem_wipe(*text, strlen(*text));
    mem_free(*text);
    *text = NULL;
}

static void drop(struct fax *fax)
{
    loop_timer_stop(fax->faxes->config.loop, &fax->settle);
    if (fax->faxes->beginning == fax)
        fax->faxes->beginning = NULL;
    list_remove(&fax->link);
    drop_text(&fax->document); /* its address may hold a password */
    drop_text(&fax->status_url);
    mem_free(fax->sealed);
    mem_free(fax->status_method);
    mem_free(fax->status_events);
    mem_free(fax);
}

void faxes_destroy(struct faxes *faxes)
{
    if (!faxes)
        return;
    LIST_EACH(link, &faxes->all)
    {
        drop(LIST_ITEM(link, struct fax, link));
    }
    mem_free(faxes);
}

/* --- rows --- */

static int64_t wall_ms(const struct fax *fax)
{
    return loop_wall_ms(fax->faxes->config.loop);
}

static struct store_fax row_of(const struct fax *fax)
{
    return (struct store_fax){
        .id = fax->id,
        .project_id = fax->project_id,
        .call_id = fax->call_id,
        .direction = fax->direction,
        .from = fax->from,
        .to = fax->to,
        .status = fax->status,
        .quality = fax->quality,
        .remote_station = fax->remote_station,
        .document = fax->sealed ? fax->sealed : "",
        .media = fax->media,
        .error_code = fax->error_code,
        .error_message = fax->error_message,
        .pages = fax->pages,
        .duration_ms = fax->duration_ms,
        .created_ms = fax->created_ms,
        .updated_ms = wall_ms(fax),
    };
}

static void keep(const struct fax *fax)
{
    const struct store_fax row = row_of(fax);
    store_fax_set(fax->faxes->config.store, &row, STORE_NOBODY);
}

bool fax_is_inbound(const struct store_fax *row)
{
    return strcmp(row->direction, "inbound") == 0;
}

bool fax_is_open(const struct store_fax *row)
{
    static const char *const open[] = { "queued", "processing", "sending", "receiving" };
    for (size_t i = 0; i < COUNT_OF(open); i++)
        if (strcmp(open[i], row->status) == 0)
            return true;
    return false;
}

static struct slice seal_context(const char *id, char out[ID_MAX])
{
    snprintf(out, ID_MAX, "faxes:%s", id);
    return slice_of(out);
}

/* "https://user:password@host/path" without the second part */
static char *without_credentials(struct slice url)
{
    size_t scheme = slice_find(url, SLICE("://"));
    if (scheme == url.len)
        return slice_dup(url);
    scheme += strlen("://");
    struct slice rest = slice_from(url, scheme);
    struct slice authority = slice_sub(rest, 0, slice_index(rest, '/'));
    size_t at = slice_index(authority, '@');
    if (at == authority.len)
        return slice_dup(url);
    char *out = mem_copy_text(url.ptr, url.len - at - 1);
    memcpy(out + scheme, rest.ptr + at + 1, rest.len - at - 1);
    return out;
}

char *faxes_document(const struct seal *seal, const struct store_fax *row)
{
    char context[ID_MAX];
    struct secret plain = { 0 };
    if (!row->document[0] ||
        seal_open(seal, slice_of(row->document), seal_context(row->id, context), &plain))
        return slice_dup(SLICE_NONE);
    char *shown = without_credentials(secret_reveal(&plain));
    secret_clear(&plain);
    return shown;
}

/* --- what its program is told --- */

static void put(json_t *form, const char *name, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(form, name, value ? value : json_string(""));
}

static json_t *form_of(const struct fax *fax)
{
    char pages[24];
    json_t *form = json_object();
    const struct store_fax row = row_of(fax);
    put(form, "FaxSid", fax->id);
    put(form, "AccountSid", fax->project_id);
    put(form, "From", fax->from);
    put(form, "To", fax->to);
    put(form, "RemoteStationId", fax->remote_station);
    put(form, "FaxStatus", fax->status);
    put(form, "ApiVersion", "2010-04-01");
    char *document = faxes_document(fax->faxes->config.seal, &row);
    put(form, "OriginalMediaUrl", document);
    mem_free(document);
    if (fax->pages >= 0) {
        snprintf(pages, sizeof pages, "%lld", (long long)fax->pages);
        put(form, "NumPages", pages);
    }
    if (fax->error_code[0]) {
        put(form, "ErrorCode", fax->error_code);
        put(form, "ErrorMessage", fax->error_message);
    }
    return form;
}

/* " a b " has " b " */
static bool wants(const struct fax *fax, const char *word)
{
    struct slice words = slice_of(fax->status_events ? fax->status_events : ""), next;
    while (!slice_empty(next = slice_word(&words)))
        if (slice_is(next, word))
            return true;
    return false;
}

static void tell(const struct fax *fax, const char *word)
{
    const struct faxes_config *config = &fax->faxes->config;
    if (!fax->status_url || !wants(fax, word))
        return;
    json_t *form = form_of(fax), *params = json_object();
    const struct script_event event = {
        .type = "calling.call.fax",
        .call_id = fax->call_id,
        .project_id = fax->project_id,
        .control_id = "",
        .url = fax->status_url,
        .method = fax->status_method ? fax->status_method : "POST",
        .params = params,
        .form = form,
    };
    config->post(config->owner, &event);
    json_decref(form);
    json_decref(params);
}

/* --- one that is sent by the API --- */

static struct fax *add(struct faxes *faxes, const char *project_id)
{
    struct fax *fax = mem_new(struct fax);
    fax->faxes = faxes;
    rand_uuid(fax->id);
    fax->pages = -1;
    fax->created_ms = loop_wall_ms(faxes->config.loop);
    snprintf(fax->project_id, sizeof fax->project_id, "%s", project_id);
    list_append(&faxes->all, &fax->link);
    return fax;
}

static char *text_or_none(const char *text)
{
    return text && text[0] ? slice_dup(slice_of(text)) : NULL;
}

static void set_document(struct fax *fax, const char *document)
{
    char context[ID_MAX];
    fax->document = text_or_none(document);
    if (fax->document)
        fax->sealed =
            seal_text(fax->faxes->config.seal, slice_of(document), seal_context(fax->id, context));
}

void faxes_begin(struct faxes *faxes, const struct fax_order *order)
{
    struct fax *fax = add(faxes, order->project_id);
    fax->direction = "outbound-api";
    fax->is_call_ours = true;
    fax->forgets = order->forgets;
    snprintf(fax->from, sizeof fax->from, "%s", order->from);
    snprintf(fax->to, sizeof fax->to, "%s", order->to);
    snprintf(fax->quality, sizeof fax->quality, "%s", order->quality);
    snprintf(fax->status, sizeof fax->status, "queued");
    set_document(fax, order->document);
    fax->status_url = text_or_none(order->status_url);
    fax->status_method = text_or_none(order->status_method);
    fax->status_events = text_or_none(order->status_events);
    faxes->beginning = fax;
}

static void end(struct fax *fax)
{
    if (fax->forgets) {
        mem_free(fax->sealed);
        fax->sealed = NULL;
    }
    keep(fax);
    tell(fax, "completed");
    log_info(NULL, "fax over id=%s status=%s pages=%lld", fax->id, fax->status,
             (long long)fax->pages);
    drop(fax);
}

void faxes_placed(struct faxes *faxes, const char *call_id,
                  void (*fn)(void *owner, const struct store_fax *row), void *owner)
{
    struct fax *fax = faxes->beginning;
    if (!fax)
        return;
    faxes->beginning = NULL;
    if (!call_id) {
        drop(fax);
        return;
    }
    snprintf(fax->call_id, sizeof fax->call_id, "%s", call_id);
    const struct store_fax row = row_of(fax);
    keep(fax);
    fn(owner, &row);
    if (fax->is_over)
        end(fax);
}

/* --- events --- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void set_status(struct fax *fax, const char *status)
{
    snprintf(fax->status, sizeof fax->status, "%s", status);
}

static void fail(struct fax *fax, const char *status, const char *code, const char *text)
{
    set_status(fax, status);
    snprintf(fax->error_code, sizeof fax->error_code, "%s", code);
    snprintf(fax->error_message, sizeof fax->error_message, "%s", text);
}

static void on_settled(void *owner)
{
    struct fax *fax = owner;
    if (!fax->is_done)
        fail(fax, "failed", dropped, dropped_text);
    end(fax);
}

static void on_ended(struct fax *fax, const json_t *params)
{
    fax->is_over = true;
    if (fax->answered_ms) {
        fax->duration_ms = wall_ms(fax) - fax->answered_ms;
        loop_timer_start(fax->faxes->config.loop, &fax->settle, fax->is_done ? 0 : SETTLE_MS,
                         on_settled, fax);
        return;
    }
    set_status(fax, laml_status_of(text_of(params, "end_reason")));
    if (strcmp(fax->status, "failed") == 0)
        fail(fax, "failed", dropped, dropped_text);
    if (fax->faxes->beginning != fax)
        end(fax);
}

static void on_state(struct fax *fax, const json_t *params)
{
    static const struct {
        const char *state, *status, *word;
    } rows[] = { { "created", "queued", "initiated" },
                 { "ringing", "processing", "ringing" },
                 { "answered", "sending", "answered" } };
    const char *state = text_of(params, "call_state");
    if (strcmp(state, "ended") == 0) {
        if (!fax->is_over)
            on_ended(fax, params);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].state, state) != 0)
            continue;
        set_status(fax, rows[i].status);
        if (strcmp(state, "answered") == 0)
            fax->answered_ms = wall_ms(fax);
        keep(fax);
        tell(fax, rows[i].word);
    }
}

/* The file's name, "ID.pdf", of its URL. */
static void set_media(struct fax *fax, const char *url)
{
    const char *slash = strrchr(url, '/');
    if (!slice_copy(slice_of(slash ? slash + 1 : url), fax->media, sizeof fax->media))
        fax->media[0] = '\0';
}

static void on_finished(struct fax *fax, const json_t *params)
{
    bool is_in = strcmp(fax->direction, "inbound") == 0;
    bool success = json_is_true(json_object_get(params, "success"));
    int64_t pages = json_integer_value(json_object_get(params, "pages"));
    char code[WORD_MAX];
    fax->is_done = true;
    fax->pages = num_max(0, pages);
    snprintf(fax->remote_station, sizeof fax->remote_station, "%s",
             text_of(params, "remote_identity"));
    if (is_in && fax->pages)
        set_media(fax, text_of(params, "document"));
    else if (!is_in && !fax->document)
        set_document(fax, text_of(params, "document"));
    snprintf(code, sizeof code, "%lld",
             (long long)json_integer_value(json_object_get(params, "result")));
    if (success)
        set_status(fax, is_in ? "received" : "delivered");
    else
        fail(fax, "failed", code, text_of(params, "result_text"));
    if (fax->is_call_ours) { /* told once its call is over */
        if (fax->is_over)
            loop_timer_start(fax->faxes->config.loop, &fax->settle, 0, on_settled, fax);
        return;
    }
    fax->duration_ms = wall_ms(fax) - fax->created_ms;
    end(fax);
}

static struct fax *find(struct faxes *faxes, const char *call_id, const char *control_id)
{
    LIST_EACH(link, &faxes->all)
    {
        struct fax *fax = LIST_ITEM(link, struct fax, link);
        bool is_it = fax->is_call_ours || strcmp(fax->control_id, control_id) == 0;
        if (is_it && strcmp(fax->call_id, call_id) == 0)
            return fax;
    }
    return NULL;
}

/* A step of a script, or a command, sends or receives. */
static struct fax *meet(struct faxes *faxes, const struct script_event *event, const json_t *params)
{
    const struct faxes_config *config = &faxes->config;
    struct fax *fax = add(faxes, event->project_id);
    const char *from = "", *to = "";
    bool is_in = strcmp(text_of(params, "direction"), "receive") == 0;
    const char *id = text_of(params, "fax_id");
    if (id[0] && strlen(id) < sizeof fax->id)
        snprintf(fax->id, sizeof fax->id, "%s", id);
    fax->direction = is_in ? "inbound" : "outbound-dial";
    snprintf(fax->call_id, sizeof fax->call_id, "%s", event->call_id);
    snprintf(fax->control_id, sizeof fax->control_id, "%s", event->control_id);
    if (config->parties && config->parties(config->owner, event->call_id, &from, &to)) {
        snprintf(fax->from, sizeof fax->from, "%s", from);
        snprintf(fax->to, sizeof fax->to, "%s", to);
    }
    set_status(fax, is_in ? "receiving" : "sending");
    snprintf(fax->quality, sizeof fax->quality, "fine");
    return fax;
}

static void on_fax(struct faxes *faxes, const struct script_event *event)
{
    const json_t *what = json_object_get(event->params, "fax");
    const json_t *params = json_object_get(what, "params");
    struct fax *fax = find(faxes, event->call_id, event->control_id);
    if (!fax)
        fax = meet(faxes, event, params);
    if (strcmp(text_of(what, "type"), "finished") == 0) {
        on_finished(fax, params);
        return;
    }
    int64_t page = json_integer_value(json_object_get(params, "number"));
    if (page > 0)
        fax->pages = page;
    keep(fax);
}

void faxes_on_event(struct faxes *faxes, const struct script_event *event)
{
    struct fax *beginning = faxes->beginning;
    if (!event->project_id[0])
        return;
    if (strcmp(event->type, "calling.call.fax") == 0) {
        on_fax(faxes, event);
        return;
    }
    if (strcmp(event->type, "calling.call.state") != 0)
        return;
    if (beginning && !beginning->call_id[0])
        snprintf(beginning->call_id, sizeof beginning->call_id, "%s", event->call_id);
    struct fax *fax = find(faxes, event->call_id, "");
    if (fax && fax->is_call_ours)
        on_state(fax, event->params);
}
