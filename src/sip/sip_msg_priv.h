#pragma once
/* What a parsed message holds: shared by sip_msg.c (reading it) and sip_parse.c (making it).
 * Control thread. */

#include "sip_msg.h"

struct sip_msg {
    unsigned refs;
    bool is_request;
    enum sip_method method;
    struct slice method_text;
    struct sip_uri uri;
    unsigned status;
    struct slice reason;

    struct sip_via via;
    struct sip_cseq cseq;
    struct sip_name_addr from, to;
    unsigned max_forwards;
    struct slice body;
    struct slice wire;

    uint16_t first[SIP_H_COUNT]; /* index of the first of each header, plus 1; 0: none */
    size_t n_headers, cap_headers;
    struct sip_header headers[]; /* cap_headers of them, then the bytes of the wire */
};
