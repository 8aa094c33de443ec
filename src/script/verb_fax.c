/* send_fax, receive_fax. */
#include <stdio.h>

#include "base/num.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/verb_rows.h"

static void set_results(struct script *script, const char *method, const json_t *result)
{
    static const struct {
        const char *name, *key;
    } rows[] = { { "document", "document" },  { "identity", "identity" },
                 { "pages", "pages" },        { "remote_identity", "remote_identity" },
                 { "result_code", "result" }, { "result_text", "result_text" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_%s", method, rows[i].name);
        script_set(script, name, json_incref(json_object_get(result, rows[i].key)));
    }
    script_result(script, method, param_bool(result, "success", false) ? "success" : "failed");
}

static void finish(struct script *script, const char *method, enum line_end end,
                   const json_t *result)
{
    script->state = NULL;
    if (end == LINE_OVER)
        return;
    set_results(script, method, result);
    script_done(script);
}

static void on_sent(void *owner, enum line_end end, const json_t *result)
{
    finish(owner, "send_fax", end, result);
}

static void on_received(void *owner, enum line_end end, const json_t *result)
{
    finish(owner, "receive_fax", end, result);
}

static void cancel(struct script *script)
{
    line_op_cancel(script->state);
}

static enum verb_next start(struct script *script, const json_t *value, bool is_sender)
{
    const struct line_fax_config config = {
        .is_sender = is_sender,
        .document = param_text(value, "document", ""),
        .identity = param_text(value, "identity", NULL),
        .header = param_text(value, "header_info", NULL),
        .status_url = param_text(value, "status_url", NULL),
    };
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    script->cancel = cancel;
    script->state = line_fax(script->line, &config, is_sender ? on_sent : on_received, script);
    return VERB_WAITS;
}

static enum verb_next run_send(struct script *script, const json_t *value)
{
    return start(script, value, true);
}

static enum verb_next run_receive(struct script *script, const json_t *value)
{
    return start(script, value, false);
}

static const struct verb_param send_params[] = {
    { .name = "document", .types = VERB_TEXT, .required = true },
    { .name = "header_info", .types = VERB_TEXT },
    { .name = "identity", .types = VERB_TEXT },
    { .name = "status_url", .types = VERB_TEXT },
    { 0 },
};
static const struct verb_param receive_params[] = { { .name = "status_url", .types = VERB_TEXT },
                                                    { 0 } };

static const char note[] = "T.30 over G.711, or T.38; documents are PDF, or TIFF";
const struct verb verb_receive_fax = {
    .name = "receive_fax", .params = receive_params, .run = run_receive, .note = note
};
const struct verb verb_send_fax = {
    .name = "send_fax", .params = send_params, .run = run_send, .note = note
};
