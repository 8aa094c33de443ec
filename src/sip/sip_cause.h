#pragma once
/* Why a call ended, in the far end's words: Reason headers (RFC 3326, RFC 6432). Any thread. */

#include <stddef.h>

#include "sip_request.h"

struct sip_msg;

enum { SIP_CAUSE_TEXT = 256 };

/** Of BYE, CANCEL or a response: `status` is SIP's cause where one is given (else it stays), `q850`
 * the other one, `text` (into `mem`) the first text among them. Several protocols may be there. */
void sip_cause_read(const struct sip_msg *msg, struct sip_outcome *outcome,
                    char mem[SIP_CAUSE_TEXT]);
