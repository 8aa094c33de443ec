#include "sip_cause.h"

#include "sip_msg.h"

enum { Q850_MAX = 127 };

void sip_cause_read(const struct sip_msg *msg, struct sip_outcome *outcome,
                    char mem[SIP_CAUSE_TEXT])
{
    struct buf out = { .ptr = mem, .cap = SIP_CAUSE_TEXT - 1 };
    size_t n = sip_msg_count(msg, SIP_H_REASON);
    mem[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct sip_value reason;
        struct slice param = SLICE_NONE;
        uint32_t cause = 0;
        if (sip_value_parse(sip_msg_header_nth(msg, SIP_H_REASON, i)->value, &reason))
            continue;
        bool has_cause = sip_param_find(reason.params, "cause", &param) &&
                         slice_to_u32(param, 699, &cause) == OK;
        if (has_cause && slice_iis(reason.word, "SIP") && cause >= 200)
            outcome->status = (int)cause;
        if (has_cause && slice_iis(reason.word, "Q.850") && cause <= Q850_MAX)
            outcome->q850 = (int)cause;
        if (out.len == 0 && sip_param_find(reason.params, "text", &param))
            sip_print_unescaped(&out, param);
    }
    mem[out.len] = '\0';
    if (out.len)
        outcome->text = mem;
}
