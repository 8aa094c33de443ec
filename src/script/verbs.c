#include "script/verbs.h"

#include <string.h>

#include "base/num.h"
#include "script/verb_rows.h"

/* sorted by name */
static const struct verb *const verbs[] = {
    &verb_ai,
    &verb_ai_sidecar,
    &verb_amazon_bedrock,
    &verb_answer,
    &verb_cond,
    &verb_connect,
    &verb_denoise,
    &verb_detect_machine,
    &verb_enter_queue,
    &verb_execute,
    &verb_goto,
    &verb_hangup,
    &verb_join_conference,
    &verb_join_room,
    &verb_label,
    &verb_laml_action,
    &verb_live_transcribe,
    &verb_live_translate,
    &verb_pay,
    &verb_play,
    &verb_prompt,
    &verb_receive_fax,
    &verb_record,
    &verb_record_call,
    &verb_request,
    &verb_return,
    &verb_send_digits,
    &verb_send_fax,
    &verb_send_sms,
    &verb_set,
    &verb_sip_refer,
    &verb_sleep,
    &verb_stop_denoise,
    &verb_stop_record_call,
    &verb_stop_stream,
    &verb_stop_tap,
    &verb_stream,
    &verb_switch,
    &verb_tap,
    &verb_transcribe,
    &verb_transcribe_stop,
    &verb_transfer,
    &verb_unset,
    &verb_user_event,
};

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

const struct verb *verb_at(size_t i)
{
    return i < COUNT_OF(verbs) ? verbs[i] : NULL;
}
