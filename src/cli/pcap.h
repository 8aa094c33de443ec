#pragma once
/* A capture file of whole messages, as tshark and sngrep read it: each becomes an IP and a UDP
 * header with the addresses that it really had, whatever carried it. The classic format of libpcap,
 * version 2.4. */

#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"
#include "net/addr.h"

enum { PCAP_PAYLOAD_MAX = 65535 - 40 - 8 }; /* the rest is cut off, and said so in the record */

void pcap_begin(FILE *out);
/** `from` and `to` of one family. */
void pcap_put(FILE *out, int64_t at_ms, const struct addr *from, const struct addr *to,
              struct slice payload);
