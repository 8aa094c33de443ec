#pragma once
/* The words of SIP: methods, header names with their compact forms, reason phrases. Tables only;
 * any thread. RFC 3261 §7.3.3, §20, §21 and the extensions we know. */

#include <stdbool.h>

#include "base/slice.h"

enum sip_method {
    SIP_UNKNOWN, /* a method we have no name for; its text is kept beside it */
    SIP_ACK,
    SIP_BYE,
    SIP_CANCEL,
    SIP_INFO,
    SIP_INVITE,
    SIP_MESSAGE,
    SIP_NOTIFY,
    SIP_OPTIONS,
    SIP_PRACK,
    SIP_PUBLISH,
    SIP_REFER,
    SIP_REGISTER,
    SIP_SUBSCRIBE,
    SIP_UPDATE,
    SIP_METHOD_COUNT
};

enum sip_header_id {
    SIP_H_OTHER, /* not in the table: found by name */
    SIP_H_ACCEPT,
    SIP_H_ACCEPT_ENCODING,
    SIP_H_ACCEPT_LANGUAGE,
    SIP_H_ALERT_INFO,
    SIP_H_ALLOW,
    SIP_H_ALLOW_EVENTS,
    SIP_H_AUTHENTICATION_INFO,
    SIP_H_AUTHORIZATION,
    SIP_H_CALL_ID,
    SIP_H_CALL_INFO,
    SIP_H_CONTACT,
    SIP_H_CONTENT_DISPOSITION,
    SIP_H_CONTENT_ENCODING,
    SIP_H_CONTENT_LANGUAGE,
    SIP_H_CONTENT_LENGTH,
    SIP_H_CONTENT_TYPE,
    SIP_H_CSEQ,
    SIP_H_DATE,
    SIP_H_DIVERSION,
    SIP_H_ERROR_INFO,
    SIP_H_EVENT,
    SIP_H_EXPIRES,
    SIP_H_FROM,
    SIP_H_HISTORY_INFO,
    SIP_H_IDENTITY,
    SIP_H_IN_REPLY_TO,
    SIP_H_JOIN,
    SIP_H_MAX_BREADTH,
    SIP_H_MAX_FORWARDS,
    SIP_H_MIME_VERSION,
    SIP_H_MIN_EXPIRES,
    SIP_H_MIN_SE,
    SIP_H_ORGANIZATION,
    SIP_H_P_ASSERTED_IDENTITY,
    SIP_H_P_PREFERRED_IDENTITY,
    SIP_H_PATH,
    SIP_H_PRIORITY,
    SIP_H_PRIVACY,
    SIP_H_PROXY_AUTHENTICATE,
    SIP_H_PROXY_AUTHORIZATION,
    SIP_H_PROXY_REQUIRE,
    SIP_H_RACK,
    SIP_H_REASON,
    SIP_H_RECORD_ROUTE,
    SIP_H_REFER_SUB,
    SIP_H_REFER_TO,
    SIP_H_REFERRED_BY,
    SIP_H_REMOTE_PARTY_ID,
    SIP_H_REPLACES,
    SIP_H_REPLY_TO,
    SIP_H_REQUIRE,
    SIP_H_RETRY_AFTER,
    SIP_H_ROUTE,
    SIP_H_RSEQ,
    SIP_H_SERVER,
    SIP_H_SERVICE_ROUTE,
    SIP_H_SESSION_EXPIRES,
    SIP_H_SIP_ETAG,
    SIP_H_SIP_IF_MATCH,
    SIP_H_SUBJECT,
    SIP_H_SUBSCRIPTION_STATE,
    SIP_H_SUPPORTED,
    SIP_H_TARGET_DIALOG,
    SIP_H_TIMESTAMP,
    SIP_H_TO,
    SIP_H_UNSUPPORTED,
    SIP_H_USER_AGENT,
    SIP_H_VIA,
    SIP_H_WARNING,
    SIP_H_WWW_AUTHENTICATE,
    SIP_H_COUNT
};

/** How a header may stand in a message. */
enum sip_header_kind {
    SIP_HEADER_PLAIN, /* one value a line; the first counts when it is repeated */
    SIP_HEADER_ONCE,  /* a second one makes the message malformed */
    SIP_HEADER_LIST,  /* several lines, or several values with commas between them: RFC 3261 §7.3.1
                       */
};

/** Methods are case-sensitive: RFC 3261 §7.1. SIP_UNKNOWN when there is no row. */
enum sip_method sip_method_of(struct slice text);
/** "INVITE"; "" for SIP_UNKNOWN. */
const char *sip_method_name(enum sip_method method);

/** By long or compact name, case does not matter; SIP_H_OTHER when there is no row. */
enum sip_header_id sip_header_id_of(struct slice name);
/** The usual long form, "Call-ID"; "" for SIP_H_OTHER. */
const char *sip_header_name(enum sip_header_id id);
enum sip_header_kind sip_header_kind(enum sip_header_id id);

/** The phrase that the RFCs give for a status code, else that of its class. Never NULL. */
const char *sip_reason(unsigned status);
