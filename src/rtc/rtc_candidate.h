#pragma once
/* What an SDP candidate line needs beside its address: priority and foundation (RFC 8445 §5.1).
 * Any thread. */

#include <stdint.h>

#include "net/addr.h"

enum rtc_candidate_type {
    RTC_CANDIDATE_HOST,
    RTC_CANDIDATE_PRFLX,
    RTC_CANDIDATE_SRFLX,
    RTC_CANDIDATE_RELAY
};
enum { RTC_FOUNDATION_TEXT = 9, RTC_FOUNDATION_MAX = 32 /* RFC 8839 §5.1 */ };

/** One of the peer's; zeroes are good for what its line did not say. */
struct rtc_candidate {
    struct addr addr;
    uint32_t priority;
    enum rtc_candidate_type type;
    char foundation[RTC_FOUNDATION_MAX + 1];
};

/** RFC 8445 §5.1.2.1. `local_pref`: 65535 for the only address, else higher is liked better, each
 * once. `component`: 1 is RTP. */
uint32_t rtc_candidate_priority(enum rtc_candidate_type type, uint16_t local_pref,
                                unsigned component);
/** Equal for candidates of one type and one base address (RFC 8445 §5.1.1.3); terminated hex. */
void rtc_candidate_foundation(enum rtc_candidate_type type, const struct addr *base,
                              char out[RTC_FOUNDATION_TEXT]);
/** "host", "prflx", "srflx", "relay". */
const char *rtc_candidate_type_name(enum rtc_candidate_type type);
