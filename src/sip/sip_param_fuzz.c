#include "sip_param.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char first[65536], second[65536];
    struct slice rest = slice_make(data, len), one;
    while (sip_list_next(&rest, &one)) {
        struct buf once = BUF_ON(first), twice = BUF_ON(second);
        struct sip_param param;
        while (sip_param_next(&one, &param) == OK)
            sip_param_print(&param, &once);
        struct slice printed = buf_slice(&once);
        BUG_IF(!once.overflow && sip_params_check(printed) != OK);
        while (sip_param_next(&printed, &param) == OK)
            sip_param_print(&param, &twice);
        BUG_IF(!once.overflow && !slice_eq(buf_slice(&once), buf_slice(&twice)));
    }
    return 0;
}
