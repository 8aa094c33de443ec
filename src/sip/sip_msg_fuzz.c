#include "sip_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What parses prints, what is printed parses, and prints the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char first[16 * SIP_MAX_MESSAGE], second[16 * SIP_MAX_MESSAGE];
    struct slice wire = slice_make(data, len);
    struct buf once = BUF_ON(first), twice = BUF_ON(second);
    struct sip_msg *msg = NULL, *again = NULL, *broken = NULL, *streamed = NULL;
    struct sip_fault fault;
    size_t used;
    enum err err = sip_msg_parse(&msg, wire, &used);
    BUG_IF(sip_msg_parse_broken(&broken, wire, &fault) == OK && !err);
    BUG_IF(sip_msg_parse_stream(&streamed, wire, &used) == OK && used > len);
    if (!err) {
        sip_msg_print(msg, &once);
        err = sip_msg_parse(&again, buf_slice(&once), &used);
        BUG_IF(err && err != ERR_LIMIT);
        if (!err)
            sip_msg_print(again, &twice);
        BUG_IF(!err && !slice_eq(buf_slice(&once), buf_slice(&twice)));
    }
    sip_msg_unref(msg);
    sip_msg_unref(again);
    sip_msg_unref(broken);
    sip_msg_unref(streamed);
    return 0;
}
