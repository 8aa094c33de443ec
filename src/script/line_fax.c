/* Faxes to and from a far end. What is under way outlives its line: who sends a fax hangs up right
 * behind its last word, and how it went is told all the same. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/worker.h"
#include "media/fax.h"
#include "media/fax_document.h"
#include "media/fax_pdf.h"
#include "script/line.h"
#include "script/script_priv.h"

enum {
    PATH_MAX_LEN = 1024,
    FETCH_TIMEOUT_MS = 30000,
    AWAY_MAX = 2, /* documents that are drawn at a time: that may take long, and much memory */
};
static const char tiff_ending[] = ".tif", pdf_ending[] = ".pdf";

struct fax_op {
    struct line_op op; /* first */
    struct fax_job *job;
};

struct fax_job {
    struct list link; /* of the module; of none: that is gone */
    struct scripts *scripts;
    struct fax_op *op; /* NULL: the line is gone, or no longer interested */
    enum line_end how;
    bool is_sender;
    bool is_pdf;      /* the document; the machine's file is TIFF */
    bool is_waiting;  /* for a worker to be free */
    bool is_away;     /* a worker has it */
    atomic_bool stop; /* it is no longer wanted */
    char id[UUID_TEXT], call_id[SCRIPT_ID_TEXT], project_id[SCRIPT_ID_TEXT], control_id[64];
    char *status_url, *document; /* its URL */
    char identity[FAX_IDENTITY_MAX + 1], header[FAX_HEADER_MAX + 1];
    char path[PATH_MAX_LEN];
    struct http_client_call *call; /* fetching */
    struct slice bytes;            /* of the document; heap */
    struct fault fault;            /* why it could not even begin */
    struct fax *fax;
    struct fax_result done; /* while a PDF is made of it */
    struct leg *leg;        /* that it is at; NULL: no more */
    struct timer timer;
};

static const char *direction_of(const struct fax_job *job)
{
    return job->is_sender ? "send" : "receive";
}

static void tell(struct fax_job *job, const char *type, json_t *take_params)
{
    const struct script_note note = { .type = "calling.call.fax",
                                      .control_id = job->control_id,
                                      .url = job->status_url };
    scripts_tell_of(job->scripts, job->call_id, job->project_id, &note,
                    json_pack("{s:{s:s, s:o}}", "fax", "type", type, "params", take_params));
}

/* A URL asks for what the pages name; that one began is for the records alone. */
static void tell_begin(struct fax_job *job)
{
    const struct script_note note = { .type = "calling.call.fax", .control_id = job->control_id };
    scripts_tell_of(job->scripts, job->call_id, job->project_id, &note,
                    json_pack("{s:{s:s, s:{s:s, s:s, s:s, s:s}}}", "fax", "type", "started",
                              "params", "direction", direction_of(job), "fax_id", job->id,
                              "document", job->document, "identity", job->identity));
}

static void release(void *arg)
{
    struct fax_job *job = arg;
    fax_destroy(job->fax);
    mem_free((char *)(uintptr_t)job->bytes.ptr);
    mem_free(job->status_url);
    mem_free(job->document);
    mem_free(job);
}

/* Beside the machine's file. */
static void pdf_path(const struct fax_job *job, char out[PATH_MAX_LEN])
{
    snprintf(out, PATH_MAX_LEN, "%.*s%s", (int)(strlen(job->path) - strlen(tiff_ending)), job->path,
             pdf_ending);
}

/* What became of the file: a copy of somebody's goes, so does one without a page. */
static int64_t settle_file(struct fax_job *job, unsigned pages)
{
    struct stat info;
    char pdf[PATH_MAX_LEN];
    pdf_path(job, pdf);
    if (job->is_sender || pages == 0)
        unlink(job->path);
    return stat(!job->is_sender && job->is_pdf ? pdf : job->path, &info) == 0 ? info.st_size : 0;
}

static json_t *describe(struct fax_job *job, const struct fax_result *done)
{
    const struct fax_result none = { .code = -1, .text = job->fault.text };
    const struct fax_result *fact = done ? done : &none;
    int64_t bytes = settle_file(job, fact->pages);
    bool has_document = job->is_sender || bytes > 0;
    json_t *remote = json_string(fact->remote_identity); /* NULL: it is no text */
    return json_pack("{s:b, s:s, s:s, s:o, s:i, s:i, s:s, s:s, s:s, s:s, s:I, s:i, s:b}", "success",
                     fact->success, "document", has_document ? job->document : "", "identity",
                     job->identity, "remote_identity", remote ? remote : json_string(""), "pages",
                     (int)fact->pages, "result", fact->code, "result_text", fact->text, "direction",
                     direction_of(job), "format", job->is_pdf ? "pdf" : "tiff", "fax_id", job->id,
                     "size", (json_int_t)bytes, "rate", (int)fact->rate_bps, "t38", fact->is_t38);
}

/* The far end of the call has no fax any more, and may have audio again. */
static void unplug(struct fax_job *job)
{
    struct leg *leg = job->leg;
    job->leg = NULL;
    if (!leg)
        return;
    if (leg->fax == job->fax)
        leg->fax = NULL;
    if (leg->ops->fax && !leg->fax && !leg_is_over(leg))
        leg->ops->fax(leg, false);
}

/* Whoever receives offers T.38 (T.38 §D.2.2.4): the sender has nothing to say yet. */
static void plug_in(struct fax_job *job, struct leg *leg)
{
    job->leg = leg;
    leg->fax = job->fax;
    if (leg->ops->fax && !job->is_sender)
        leg->ops->fax(leg, true);
}

static void finish(struct fax_job *job, const struct fax_result *done)
{
    struct fax_op *op = job->op;
    struct loop *loop = job->scripts->config.loop;
    json_t *result = describe(job, done);
    if (job->how == LINE_FINISHED && !(done && done->success))
        job->how = LINE_FAILED;
    list_remove(&job->link);
    job->op = NULL;
    tell(job, "finished", json_deep_copy(result));
    if (op) {
        op->job = NULL;
        line_op_end(&op->op, job->how, result);
    }
    json_decref(result);
    loop_defer(loop, release, job);
}

static void on_failed(void *owner)
{
    struct fax_job *job = owner;
    log_warn(NULL, "script %s_fax failed reason=\"%s\"", direction_of(job), job->fault.text);
    finish(job, NULL);
}

static void fail(struct fax_job *job, const char *reason)
{
    if (reason)
        fault_set(&job->fault, ERR_INVALID, "", 0, "%s", reason);
    loop_timer_start(job->scripts->config.loop, &job->timer, 0, on_failed, job);
}

static void on_page(void *owner, unsigned number)
{
    struct fax_job *job = owner;
    tell(job, "page",
         json_pack("{s:s, s:i}", "direction", direction_of(job), "number", (int)number));
}

/* On a worker. */
static void make_pdf(void *arg)
{
    struct fax_job *job = arg;
    char pdf[PATH_MAX_LEN];
    pdf_path(job, pdf);
    (void)!fax_pdf_write(job->path, pdf, &job->fault);
}

/* A fax is not lost because it has no PDF: its document is the TIFF then. */
static void on_made(void *arg)
{
    struct fax_job *job = arg;
    job->is_away = false;
    if (!job->scripts) {
        release(job);
        return;
    }
    if (job->fault.code) {
        log_error(NULL, "script receive_fax made no PDF id=%s reason=\"%s\"", job->id,
                  job->fault.text);
        job->is_pdf = false;
        memcpy(job->document + strlen(job->document) - strlen(pdf_ending), tiff_ending,
               strlen(tiff_ending));
    }
    finish(job, &job->done);
}

static void on_done(void *owner, const struct fax_result *result)
{
    struct fax_job *job = owner;
    job->done = *result;
    unplug(job);
    fax_destroy(job->fax);
    job->fax = NULL;
    if (job->is_sender || result->pages == 0) {
        finish(job, &job->done);
        return;
    }
    job->is_away = true;
    worker_run(job->scripts->config.loop, make_pdf, on_made, job);
}

static const struct fax_events events = { on_page, on_done };

static void begin(struct fax_job *job)
{
    struct scripts *scripts = job->scripts;
    struct media_stream *stream = job->op ? line_stream(job->op->op.line) : NULL;
    const struct fax_config config = {
        .stream = stream,
        .is_sender = job->is_sender,
        .path = job->path,
        .identity = job->identity,
        .header = job->header[0] ? job->header : NULL,
    };
    if (!scripts->fax_office && scripts->config.media)
        scripts->fax_office = fax_office_create(scripts->config.media);
    if (!stream || !scripts->fax_office)
        fail(job, "this call has no audio");
    else if (fax_create(&job->fax, scripts->fax_office, &config, &events, job))
        fail(job, "too many faxes are under way");
    else
        plug_in(job, line_leg(job->op->op.line));
}

/* On a worker. */
static void take_document(void *arg)
{
    struct fax_job *job = arg;
    (void)!fax_document_take(job->bytes, job->path, &job->stop, &job->fault);
}

static void take_next(struct scripts *scripts);

static void on_taken(void *arg)
{
    struct fax_job *job = arg;
    mem_free((char *)(uintptr_t)job->bytes.ptr);
    job->bytes = SLICE_NONE;
    job->is_away = false;
    if (!job->scripts) {
        unlink(job->path);
        release(job);
        return;
    }
    if (job->fault.code)
        fail(job, NULL);
    else if (atomic_load(&job->stop))
        fail(job, "it was stopped");
    else
        begin(job);
    take_next(job->scripts);
}

static void take_next(struct scripts *scripts)
{
    unsigned away = 0;
    LIST_EACH(link, &scripts->fax_jobs)
    {
        away += LIST_ITEM(link, struct fax_job, link)->is_away;
    }
    LIST_EACH(link, &scripts->fax_jobs)
    {
        struct fax_job *job = LIST_ITEM(link, struct fax_job, link);
        if (!job->is_waiting || away >= AWAY_MAX)
            continue;
        away++;
        job->is_waiting = false;
        job->is_away = true;
        worker_run(scripts->config.loop, take_document, on_taken, job);
    }
}

static void on_document(void *owner, const struct http_client_answer *answer)
{
    struct fax_job *job = owner;
    job->call = NULL;
    if (answer->err || answer->status != 200) {
        fail(job, answer->err ? answer->text : "the server of the document did not answer 200");
        return;
    }
    job->bytes = slice_make(mem_copy(answer->body.ptr, answer->body.len), answer->body.len);
    job->is_pdf = fax_document_is_pdf(job->bytes);
    job->is_waiting = true;
    take_next(job->scripts);
}

static void fetch(struct fax_job *job)
{
    struct fault fault = { 0 };
    const struct script_request request = {
        .http = { .url = job->document,
                  .timeout_ms = FETCH_TIMEOUT_MS,
                  .max_body = FAX_DOCUMENT_MAX,
                  .follow = true },
        .project_id = job->project_id,
    };
    job->call = scripts_send(job->scripts, &request, on_document, job, &fault);
    if (!job->call)
        fail(job, fault.text);
}

static void quit(struct fax_job *job)
{
    atomic_store(&job->stop, true);
    if (job->fax) {
        fax_stop(job->fax);
    } else if (job->call || job->is_waiting) {
        if (job->call)
            http_client_cancel(job->call);
        job->call = NULL;
        job->is_waiting = false;
        fail(job, "it was stopped");
    }
}

static void stop(struct line_op *op)
{
    struct fax_job *job = ((struct fax_op *)op)->job;
    job->how = LINE_STOPPED;
    quit(job);
}

static void over(struct line_op *op)
{
    struct fax_job *job = ((struct fax_op *)op)->job;
    unplug(job);
    job->op = NULL;
    ((struct fax_op *)op)->job = NULL;
    quit(job);
}

static void destroy(struct line_op *op)
{
    struct fax_op *fax = (struct fax_op *)op;
    if (fax->job) {
        unplug(fax->job);
        fax->job->op = NULL;
    }
    mem_free(fax);
}

static const struct line_kind send_kind = {
    .name = "send_fax", .stop = stop, .destroy = destroy, .on_over = over
};
static const struct line_kind receive_kind = {
    .name = "receive_fax", .stop = stop, .destroy = destroy, .on_over = over
};

static struct fax_job *make_job(struct line *line, const struct line_fax_config *config)
{
    struct fax_job *job = mem_new(struct fax_job);
    struct scripts *scripts = line_scripts(line);
    char url[PATH_MAX_LEN];
    job->scripts = scripts;
    job->how = LINE_FINISHED;
    job->is_sender = config->is_sender;
    job->is_pdf = true;
    job->status_url = slice_dup(slice_of(config->status_url));
    rand_uuid(job->id);
    snprintf(job->call_id, sizeof job->call_id, "%s", call_id(line_call(line)));
    snprintf(job->project_id, sizeof job->project_id, "%s", line_project(line));
    snprintf(job->identity, sizeof job->identity, "%s", config->identity ? config->identity : "");
    snprintf(job->header, sizeof job->header, "%s", config->header ? config->header : "");
    snprintf(job->path, sizeof job->path, "%s/%s%s%s",
             scripts->config.record_dir ? scripts->config.record_dir : ".", job->id,
             job->is_sender ? ".part" : "", tiff_ending);
    snprintf(url, sizeof url, "%s/recordings/%s%s", scripts->public_url, job->id, pdf_ending);
    job->document = slice_dup(slice_of(job->is_sender ? config->document : url));
    list_append(&scripts->fax_jobs, &job->link);
    return job;
}

struct line_op *line_fax(struct line *line, const struct line_fax_config *config, line_fn fn,
                         void *owner)
{
    struct fax_op *op = mem_new(struct fax_op);
    struct fax_job *job = make_job(line, config);
    op->job = job;
    job->op = op;
    line_op_begin(&op->op, line, config->is_sender ? &send_kind : &receive_kind, config->control_id,
                  config->status_url, fn, owner);
    snprintf(job->control_id, sizeof job->control_id, "%s", op->op.control_id);
    tell_begin(job);
    if (job->is_sender)
        fetch(job);
    else if (file_write_private(job->path, SLICE_NONE, &job->fault)) /* ours before it is filled */
        fail(job, NULL);
    else
        begin(job);
    return &op->op;
}

void line_faxes_drop(struct scripts *scripts)
{
    LIST_EACH(link, &scripts->fax_jobs)
    {
        struct fax_job *job = LIST_ITEM(link, struct fax_job, link);
        list_remove(&job->link);
        loop_timer_stop(scripts->config.loop, &job->timer);
        job->scripts = NULL;
        if (job->call)
            http_client_cancel(job->call);
        atomic_store(&job->stop, true);
        if (job->is_away)
            continue; /* its worker's end releases it */
        if (job->is_sender)
            unlink(job->path);
        release(job);
    }
    fax_office_destroy(scripts->fax_office);
}
