#include "rtc/rtc_candidate.h"

#include "base/hash.h"
#include "base/num.h"

static const struct {
    const char *name;
    uint8_t preference; /* RFC 8445 §5.1.2.2 */
} types[] = {
    [RTC_CANDIDATE_HOST] = { "host", 126 },
    [RTC_CANDIDATE_PRFLX] = { "prflx", 110 },
    [RTC_CANDIDATE_SRFLX] = { "srflx", 100 },
    [RTC_CANDIDATE_RELAY] = { "relay", 0 },
};
_Static_assert(COUNT_OF(types) == RTC_CANDIDATE_RELAY + 1, "a row for each type");

uint32_t rtc_candidate_priority(enum rtc_candidate_type type, uint16_t local_pref,
                                unsigned component)
{
    return (uint32_t)types[type].preference << 24 | (uint32_t)local_pref << 8 |
           (256u - (component & 0xffu));
}

void rtc_candidate_foundation(enum rtc_candidate_type type, const struct addr *base,
                              char out[RTC_FOUNDATION_TEXT])
{
    char ip[ADDR_TEXT];
    uint32_t crc = hash_crc32(slice_of(addr_print_ip(base, ip)));
    snprintf(out, RTC_FOUNDATION_TEXT, "%08x", crc + type);
}

const char *rtc_candidate_type_name(enum rtc_candidate_type type)
{
    return types[type].name;
}
