/* send_sms: handed to the messages of this host; their queue does the rest. */
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

static enum verb_next run(struct script *script, const json_t *value)
{
    const struct scripts_config *config = &script->scripts->config;
    struct fault fault = { 0 };
    char id[UUID_TEXT] = "";
    enum err err = config->send_sms
                       ? config->send_sms(config->owner, script->project_id, value, id, &fault)
                       : fault_set(&fault, ERR_UNSUPPORTED, "", 0, "no way for text messages");
    if (err)
        script_warn(script, "relay_script_method_execute_failed: send_sms: %s", fault.text);
    script_result(script, "send_sms", err ? "failed" : "success");
    script_set_text(script, "send_sms_message_id", err ? "" : id);
    return VERB_DONE;
}

static enum err check(const json_t *value, struct swml_place *place)
{
    if (json_object_get(value, "body") || json_object_get(value, "media"))
        return OK;
    return swml_fail(place, "method_parameter_missing", "'send_sms' needs 'body' or 'media'");
}

static const struct verb_param params[] = {
    { .name = "to_number", .types = VERB_TEXT, .required = true },
    { .name = "from_number", .types = VERB_TEXT, .required = true },
    { .name = "body", .types = VERB_TEXT },
    { .name = "media", .types = VERB_LIST },
    { .name = "region", .types = VERB_TEXT },
    { .name = "tags", .types = VERB_LIST },
    { .name = "status_callback", .types = VERB_TEXT },
    { 0 },
};

const struct verb verb_send_sms = { .name = "send_sms",
                                    .params = params,
                                    .in_confirm = true,
                                    .check = check,
                                    .run = run,
                                    .note = "where this host has a way for text messages" };
