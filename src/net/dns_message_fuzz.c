#include <string.h>

#include "net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dns_record records[DNS_MAX_RECORDS], again[DNS_MAX_RECORDS];
    for (int type = 0; type < DNS_TYPE_COUNT; type++) {
        size_t n = DNS_MAX_RECORDS, m = DNS_MAX_RECORDS;
        memset(records, 0, sizeof records);
        memset(again, 0, sizeof again);
        enum err err = dns_message_parse(slice_make(data, len), (enum dns_type)type, records, &n);
        enum err same = dns_message_parse(slice_make(data, len), (enum dns_type)type, again, &m);
        BUG_IF(err != same || n != m || memcmp(records, again, sizeof records) != 0);
        for (size_t i = 0; !err && i < n; i++)
            BUG_IF(type == DNS_SRV && strlen(records[i].srv.target) >= DNS_NAME);
    }
    return 0;
}
