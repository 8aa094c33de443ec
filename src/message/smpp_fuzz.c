/* PDUs from a centre: read, printed and read again they are the same. */
#include "base/mem.h"
#include "smpp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char mem[SMPP_PDU_MAX];
    struct smpp_pdu pdu, again;
    struct smpp_text_pdu text;
    struct smpp_part part;
    struct slice id;
    struct buf out = BUF_ON(mem);
    size_t used;
    if (smpp_parse(slice_make(data, len), &pdu, &used))
        return 0;
    smpp_print(&pdu, &out);
    BUG_IF(smpp_parse(buf_slice(&out), &again, &used) || !slice_eq(pdu.body, again.body));
    if (!smpp_parse_deliver(pdu.body, &text))
        (void)(smpp_receipt(&text, &id) + (int)smpp_user_data(&text, &part).len);
    return 0;
}
