/* Commands of the API: transcribing a call. */
#include <string.h>

#include "script/line.h"
#include "script/script_command_priv.h"
#include "script/script_priv.h"

enum err command_live_transcribe(const struct command *command)
{
    const json_t *action = json_object_get(command->params, "action");
    const json_t *start = json_object_get(action, "start");
    const char *word = json_string_value(action);
    struct line_op *op = NULL;
    if (word && strcmp(word, "stop") == 0)
        return command_stop(command, "live_transcribe");
    if (json_object_get(action, "summarize"))
        return fault_set(command->fault, ERR_UNSUPPORTED, "action", 0, "there are no summaries");
    if (!start)
        return command_invalid(command, "action", "expected {\"start\": {…}} or \"stop\"");
    enum err err =
        line_transcribe_live(command->line, start, command->control_id, &op, command->fault);
    if (!err)
        command_answer_id(command, op);
    return err;
}

enum err command_transcribe(const struct command *command)
{
    struct line_op *op = NULL;
    const struct line_transcribe_config config = {
        .remote = true,
        .local = true,
        .control_id = command->control_id,
        .status_url = param_text(command->params, "status_url", NULL),
    };
    enum err err = line_transcribe(command->line, &config, &op, command->fault);
    if (!err)
        command_answer_id(command, op);
    return err;
}
