#pragma once
/* A dialog (RFC 3261 §12): who talks to whom by which way, and the order of requests. A value in
 * its session's memory; it sends nothing. Control thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sip_build.h"
#include "sip_flow.h"

struct sip_msg;

enum { SIP_ROUTES_MAX = 32 };

struct sip_dialog {
    char *call_id, *local_tag, *remote_tag;
    char *local, *remote; /* the values of From and To of our requests, tags included */
    char *target;         /* URI: RFC 3261's remote target */
    char *routes[SIP_ROUTES_MAX];
    size_t n_routes; /* Route values, first hop first */
    uint32_t local_cseq, remote_cseq;
    bool has_remote_cseq;
    bool is_nat;          /* the Contact is not where the far end can be reached from here */
    struct sip_flow flow; /* the last message of the far end came by it */
};

/** UAC: from our request and a response to it with a To tag. ERR_LIMIT: SIP_ROUTES_MAX. */
MUST_CHECK enum err sip_dialog_init_uac(struct sip_dialog *dialog, const struct sip_msg *request,
                                        const struct sip_msg *response,
                                        const struct sip_flow *flow);
/** UAS: from a request, and the tag that our answers will carry. */
MUST_CHECK enum err sip_dialog_init_uas(struct sip_dialog *dialog, const struct sip_msg *request,
                                        struct slice local_tag, const struct sip_flow *flow);
void sip_dialog_clear(struct sip_dialog *dialog);

/** Both tags and the Call-ID of an incoming request. */
bool sip_dialog_has(const struct sip_dialog *dialog, const struct sip_msg *request);
/** A request in the dialog: ERR_MISUSE when its CSeq does not grow (answer 500: §12.2.2). */
MUST_CHECK enum err sip_dialog_take_request(struct sip_dialog *dialog,
                                            const struct sip_msg *request,
                                            const struct sip_flow *flow);
/** A target refresh: re-INVITE, UPDATE and their 2xx (§12.2.1.2, §12.2.2). */
void sip_dialog_refresh(struct sip_dialog *dialog, const struct sip_msg *msg,
                        const struct sip_flow *flow);

/** The Request-URI of our next request. */
struct slice sip_dialog_uri(const struct sip_dialog *dialog);
/** Where it goes: the first route or the target when that is an address, over the connection that
 * there is; else back to where the far end was heard from. */
struct sip_hop sip_dialog_hop(const struct sip_dialog *dialog);
/** Route, From, To, Call-ID and CSeq. ACK takes the number of its INVITE. */
void sip_dialog_write(const struct sip_dialog *dialog, struct sip_build *b, uint32_t cseq,
                      struct slice method);
