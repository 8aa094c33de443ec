#include "sip_names.h"

#include <stddef.h>

#include "base/num.h"

static const char *const methods[] = {
    [SIP_UNKNOWN] = "",          [SIP_ACK] = "ACK",
    [SIP_BYE] = "BYE",           [SIP_CANCEL] = "CANCEL",
    [SIP_INFO] = "INFO",         [SIP_INVITE] = "INVITE",
    [SIP_MESSAGE] = "MESSAGE",   [SIP_NOTIFY] = "NOTIFY",
    [SIP_OPTIONS] = "OPTIONS",   [SIP_PRACK] = "PRACK",
    [SIP_PUBLISH] = "PUBLISH",   [SIP_REFER] = "REFER",
    [SIP_REGISTER] = "REGISTER", [SIP_SUBSCRIBE] = "SUBSCRIBE",
    [SIP_UPDATE] = "UPDATE",
};
_Static_assert(COUNT_OF(methods) == SIP_METHOD_COUNT, "a name for every method");

struct header_row {
    const char *name;
    char compact; /* 0: none */
    enum sip_header_kind kind;
};

/* clang-format off */
/* sorted by name without regard to case, as the enum is: sip_header_id_of() halves it */
static const struct header_row headers[] = {
    [SIP_H_OTHER]               = { "",                    0,   SIP_HEADER_PLAIN },
    [SIP_H_ACCEPT]              = { "Accept",              0,   SIP_HEADER_LIST },
    [SIP_H_ACCEPT_ENCODING]     = { "Accept-Encoding",     0,   SIP_HEADER_LIST },
    [SIP_H_ACCEPT_LANGUAGE]     = { "Accept-Language",     0,   SIP_HEADER_LIST },
    [SIP_H_ALERT_INFO]          = { "Alert-Info",          0,   SIP_HEADER_LIST },
    [SIP_H_ALLOW]               = { "Allow",               0,   SIP_HEADER_LIST },
    [SIP_H_ALLOW_EVENTS]        = { "Allow-Events",        'u', SIP_HEADER_LIST },
    [SIP_H_AUTHENTICATION_INFO] = { "Authentication-Info", 0,   SIP_HEADER_PLAIN },
    [SIP_H_AUTHORIZATION]       = { "Authorization",       0,   SIP_HEADER_PLAIN },
    [SIP_H_CALL_ID]             = { "Call-ID",             'i', SIP_HEADER_ONCE },
    [SIP_H_CALL_INFO]           = { "Call-Info",           0,   SIP_HEADER_LIST },
    [SIP_H_CONTACT]             = { "Contact",             'm', SIP_HEADER_LIST },
    [SIP_H_CONTENT_DISPOSITION] = { "Content-Disposition", 0,   SIP_HEADER_PLAIN },
    [SIP_H_CONTENT_ENCODING]    = { "Content-Encoding",    'e', SIP_HEADER_LIST },
    [SIP_H_CONTENT_LANGUAGE]    = { "Content-Language",    0,   SIP_HEADER_LIST },
    [SIP_H_CONTENT_LENGTH]      = { "Content-Length",      'l', SIP_HEADER_ONCE },
    [SIP_H_CONTENT_TYPE]        = { "Content-Type",        'c', SIP_HEADER_ONCE },
    [SIP_H_CSEQ]                = { "CSeq",                0,   SIP_HEADER_ONCE },
    [SIP_H_DATE]                = { "Date",                0,   SIP_HEADER_PLAIN },
    [SIP_H_DIVERSION]           = { "Diversion",           0,   SIP_HEADER_LIST },
    [SIP_H_ERROR_INFO]          = { "Error-Info",          0,   SIP_HEADER_LIST },
    [SIP_H_EVENT]               = { "Event",               'o', SIP_HEADER_PLAIN },
    [SIP_H_EXPIRES]             = { "Expires",             0,   SIP_HEADER_PLAIN },
    [SIP_H_FROM]                = { "From",                'f', SIP_HEADER_ONCE },
    [SIP_H_HISTORY_INFO]        = { "History-Info",        0,   SIP_HEADER_LIST },
    [SIP_H_IDENTITY]            = { "Identity",            'y', SIP_HEADER_PLAIN },
    [SIP_H_IN_REPLY_TO]         = { "In-Reply-To",         0,   SIP_HEADER_LIST },
    [SIP_H_JOIN]                = { "Join",                0,   SIP_HEADER_PLAIN },
    [SIP_H_MAX_BREADTH]         = { "Max-Breadth",         0,   SIP_HEADER_PLAIN },
    [SIP_H_MAX_FORWARDS]        = { "Max-Forwards",        0,   SIP_HEADER_ONCE },
    [SIP_H_MIME_VERSION]        = { "MIME-Version",        0,   SIP_HEADER_PLAIN },
    [SIP_H_MIN_EXPIRES]         = { "Min-Expires",         0,   SIP_HEADER_PLAIN },
    [SIP_H_MIN_SE]              = { "Min-SE",              0,   SIP_HEADER_PLAIN },
    [SIP_H_ORGANIZATION]        = { "Organization",        0,   SIP_HEADER_PLAIN },
    [SIP_H_P_ASSERTED_IDENTITY] = { "P-Asserted-Identity", 0,   SIP_HEADER_LIST },
    [SIP_H_P_PREFERRED_IDENTITY] = { "P-Preferred-Identity", 0, SIP_HEADER_LIST },
    [SIP_H_PATH]                = { "Path",                0,   SIP_HEADER_LIST },
    [SIP_H_PRIORITY]            = { "Priority",            0,   SIP_HEADER_PLAIN },
    [SIP_H_PRIVACY]             = { "Privacy",             0,   SIP_HEADER_PLAIN },
    [SIP_H_PROXY_AUTHENTICATE]  = { "Proxy-Authenticate",  0,   SIP_HEADER_PLAIN },
    [SIP_H_PROXY_AUTHORIZATION] = { "Proxy-Authorization", 0,   SIP_HEADER_PLAIN },
    [SIP_H_PROXY_REQUIRE]       = { "Proxy-Require",       0,   SIP_HEADER_LIST },
    [SIP_H_RACK]                = { "RAck",                0,   SIP_HEADER_ONCE },
    [SIP_H_REASON]              = { "Reason",              0,   SIP_HEADER_LIST },
    [SIP_H_RECORD_ROUTE]        = { "Record-Route",        0,   SIP_HEADER_LIST },
    [SIP_H_REFER_SUB]           = { "Refer-Sub",           0,   SIP_HEADER_PLAIN },
    [SIP_H_REFER_TO]            = { "Refer-To",            'r', SIP_HEADER_PLAIN },
    [SIP_H_REFERRED_BY]         = { "Referred-By",         'b', SIP_HEADER_PLAIN },
    [SIP_H_REMOTE_PARTY_ID]     = { "Remote-Party-ID",     0,   SIP_HEADER_LIST },
    [SIP_H_REPLACES]            = { "Replaces",            0,   SIP_HEADER_PLAIN },
    [SIP_H_REPLY_TO]            = { "Reply-To",            0,   SIP_HEADER_PLAIN },
    [SIP_H_REQUIRE]             = { "Require",             0,   SIP_HEADER_LIST },
    [SIP_H_RETRY_AFTER]         = { "Retry-After",         0,   SIP_HEADER_PLAIN },
    [SIP_H_ROUTE]               = { "Route",               0,   SIP_HEADER_LIST },
    [SIP_H_RSEQ]                = { "RSeq",                0,   SIP_HEADER_ONCE },
    [SIP_H_SERVER]              = { "Server",              0,   SIP_HEADER_PLAIN },
    [SIP_H_SERVICE_ROUTE]       = { "Service-Route",       0,   SIP_HEADER_LIST },
    [SIP_H_SESSION_EXPIRES]     = { "Session-Expires",     'x', SIP_HEADER_PLAIN },
    [SIP_H_SIP_ETAG]            = { "SIP-ETag",            0,   SIP_HEADER_PLAIN },
    [SIP_H_SIP_IF_MATCH]        = { "SIP-If-Match",        0,   SIP_HEADER_PLAIN },
    [SIP_H_SUBJECT]             = { "Subject",             's', SIP_HEADER_PLAIN },
    [SIP_H_SUBSCRIPTION_STATE]  = { "Subscription-State",  0,   SIP_HEADER_PLAIN },
    [SIP_H_SUPPORTED]           = { "Supported",           'k', SIP_HEADER_LIST },
    [SIP_H_TARGET_DIALOG]       = { "Target-Dialog",       0,   SIP_HEADER_PLAIN },
    [SIP_H_TIMESTAMP]           = { "Timestamp",           0,   SIP_HEADER_PLAIN },
    [SIP_H_TO]                  = { "To",                  't', SIP_HEADER_ONCE },
    [SIP_H_UNSUPPORTED]         = { "Unsupported",         0,   SIP_HEADER_LIST },
    [SIP_H_USER_AGENT]          = { "User-Agent",          0,   SIP_HEADER_PLAIN },
    [SIP_H_VIA]                 = { "Via",                 'v', SIP_HEADER_LIST },
    [SIP_H_WARNING]             = { "Warning",             0,   SIP_HEADER_LIST },
    [SIP_H_WWW_AUTHENTICATE]    = { "WWW-Authenticate",    0,   SIP_HEADER_PLAIN },
};
/* clang-format on */
_Static_assert(COUNT_OF(headers) == SIP_H_COUNT, "a row for every header");

struct reason_row {
    unsigned status;
    const char *phrase;
};

/* RFC 3261 §21, 3262, 3265, 3311, 3329, 3515, 3903, 3911, 4028, 4412, 4474, 5079, 5360, 5393, 5626,
 * 6086, 6442, 6910, 8197, 8599; sorted */
static const struct reason_row reasons[] = {
    { 100, "Trying" },
    { 180, "Ringing" },
    { 181, "Call Is Being Forwarded" },
    { 182, "Queued" },
    { 183, "Session Progress" },
    { 199, "Early Dialog Terminated" },
    { 200, "OK" },
    { 202, "Accepted" },
    { 204, "No Notification" },
    { 300, "Multiple Choices" },
    { 301, "Moved Permanently" },
    { 302, "Moved Temporarily" },
    { 305, "Use Proxy" },
    { 380, "Alternative Service" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 407, "Proxy Authentication Required" },
    { 408, "Request Timeout" },
    { 410, "Gone" },
    { 412, "Conditional Request Failed" },
    { 413, "Request Entity Too Large" },
    { 414, "Request-URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Unsupported URI Scheme" },
    { 420, "Bad Extension" },
    { 421, "Extension Required" },
    { 422, "Session Interval Too Small" },
    { 423, "Interval Too Brief" },
    { 430, "Flow Failed" },
    { 433, "Anonymity Disallowed" },
    { 436, "Bad Identity Info" },
    { 438, "Invalid Identity Header" },
    { 439, "First Hop Lacks Outbound Support" },
    { 440, "Max-Breadth Exceeded" },
    { 469, "Bad Info Package" },
    { 470, "Consent Needed" },
    { 480, "Temporarily Unavailable" },
    { 481, "Call/Transaction Does Not Exist" },
    { 482, "Loop Detected" },
    { 483, "Too Many Hops" },
    { 484, "Address Incomplete" },
    { 485, "Ambiguous" },
    { 486, "Busy Here" },
    { 487, "Request Terminated" },
    { 488, "Not Acceptable Here" },
    { 489, "Bad Event" },
    { 491, "Request Pending" },
    { 493, "Undecipherable" },
    { 494, "Security Agreement Required" },
    { 500, "Server Internal Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Server Time-out" },
    { 505, "Version Not Supported" },
    { 513, "Message Too Large" },
    { 580, "Precondition Failure" },
    { 600, "Busy Everywhere" },
    { 603, "Decline" },
    { 604, "Does Not Exist Anywhere" },
    { 606, "Not Acceptable" },
    { 607, "Unwanted" },
    { 608, "Rejected" },
};

static const char *const classes[] = { "",           "Trying",         "OK",
                                       "Redirected", "Request Failed", "Server Failure",
                                       "Declined" };

enum sip_method sip_method_of(struct slice text)
{
    for (unsigned i = SIP_UNKNOWN + 1; i < SIP_METHOD_COUNT; i++)
        if (slice_is(text, methods[i]))
            return (enum sip_method)i;
    return SIP_UNKNOWN;
}

const char *sip_method_name(enum sip_method method)
{
    return methods[method];
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Like strcasecmp, but for a slice and in any locale. */
static int compare(struct slice name, const char *row)
{
    for (size_t i = 0; i < name.len; i++) {
        int diff = lower(name.ptr[i]) - lower(row[i]);
        if (diff || !row[i])
            return diff;
    }
    return row[name.len] ? -1 : 0;
}

static enum sip_header_id compact_id(char letter)
{
    for (unsigned id = SIP_H_OTHER + 1; id < SIP_H_COUNT; id++)
        if (headers[id].compact == (char)lower(letter))
            return (enum sip_header_id)id;
    return SIP_H_OTHER;
}

enum sip_header_id sip_header_id_of(struct slice name)
{
    if (name.len == 1)
        return compact_id(name.ptr[0]);
    unsigned low = SIP_H_OTHER + 1, high = SIP_H_COUNT;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int diff = compare(name, headers[middle].name);
        if (!diff)
            return (enum sip_header_id)middle;
        if (diff < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return SIP_H_OTHER;
}

const char *sip_header_name(enum sip_header_id id)
{
    return headers[id].name;
}

enum sip_header_kind sip_header_kind(enum sip_header_id id)
{
    return headers[id].kind;
}

const char *sip_reason(unsigned status)
{
    for (size_t i = 0; i < COUNT_OF(reasons) && reasons[i].status <= status; i++)
        if (reasons[i].status == status)
            return reasons[i].phrase;
    unsigned class = status / 100;
    return class < COUNT_OF(classes) ? classes[class] : "";
}
