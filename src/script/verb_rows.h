#pragma once
/* The methods, each defined in its verb_x.c: for verbs.c. */

#include "script/verbs.h"

extern const struct verb verb_ai, verb_ai_sidecar, verb_amazon_bedrock, verb_answer, verb_cond,
    verb_connect, verb_denoise, verb_detect_machine, verb_enter_queue, verb_execute, verb_goto,
    verb_hangup, verb_join_conference, verb_join_room, verb_label, verb_laml_action,
    verb_live_transcribe, verb_live_translate, verb_pay, verb_play, verb_prompt, verb_receive_fax,
    verb_record, verb_record_call, verb_request, verb_return, verb_send_digits, verb_send_fax,
    verb_send_sms, verb_set, verb_sip_refer, verb_sleep, verb_stop_denoise, verb_stop_record_call,
    verb_stop_stream, verb_stop_tap, verb_stream, verb_switch, verb_tap, verb_transcribe,
    verb_transcribe_stop, verb_transfer, verb_unset, verb_user_event;
