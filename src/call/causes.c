/* The table of causes: every way a call can end, in one place. */
#include "call/causes.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

struct cause_row {
    int code;
    int q850;
    const char *token;
    const char *text;
};

/* The first row with a status is the one that cause_of_status() finds. */
static const struct cause_row rows[] = {
    { 200, 16, "hangup", "The call ended normally." },
    { 200, 16, "transferred", "The call was transferred." },
    { 200, 16, "replaced", "Another device took the call over." },
    { 200, 26, "answered_elsewhere", "The call was answered on another device." },
    { 302, 16, "redirected", "The far end redirected the call." },
    { 400, 111, "bad_request", "The far end did not understand the request." },
    { 401, 21, "auth_failed", "The far end did not accept the user name and password." },
    { 402, 21, "payment_required", "The provider asks for payment." },
    { 403, 21, "forbidden", "The far end does not allow this call." },
    { 404, 1, "not_found", "Nobody is known by that name or number." },
    { 404, 3, "no_route", "No route leads to that destination." },
    { 405, 63, "not_allowed", "The far end does not allow this method." },
    { 406, 79, "not_acceptable_here", "The far end cannot accept what was offered." },
    { 407, 21, "auth_failed", "The far end did not accept the user name and password." },
    { 408, 102, "timeout", "Nobody answered in time." },
    { 408, 19, "no_answer", "The far end rang but nobody answered." },
    { 408, 102, "media_timeout", "No audio packets arrived for too long." },
    { 410, 22, "gone", "That number is no longer in use." },
    { 415, 79, "bad_media_type", "The far end does not know this kind of body." },
    { 480, 18, "unavailable", "The far end is not reachable at the moment." },
    { 481, 127, "no_dialog", "The far end does not know this call any more." },
    { 482, 127, "loop", "The call came back to where it had been." },
    { 483, 127, "too_many_hops", "The call passed through too many hops." },
    { 484, 28, "incomplete", "The number is incomplete." },
    { 486, 17, "busy", "The far end is busy." },
    { 487, 16, "cancelled", "The call was cancelled before it was answered." },
    { 488, 88, "no_codec", "The two sides have no audio codec in common." },
    { 488, 88, "bad_sdp", "The session description could not be used." },
    { 500, 41, "server_error", "The far end reported an internal error." },
    { 501, 79, "not_implemented", "The far end does not do this." },
    { 502, 38, "bad_gateway", "A gateway further on failed." },
    { 503, 38, "service_unavailable", "The far end cannot take calls at the moment." },
    { 503, 38, "connection_refused", "The far end's address refused the connection." },
    { 503, 38, "media_failed", "The media connection could not be made." },
    { 503, 41, "shutdown", "The gateway is shutting down." },
    { 503, 42, "overload", "The gateway is at its limit." },
    { 503, 42, "far_overload", "The far end has too much to do at the moment." },
    { 504, 102, "server_timeout", "A server further on did not answer." },
    { 513, 41, "too_large", "The message was too large for the far end." },
    { 600, 17, "busy_everywhere", "The far end is busy everywhere." },
    { 603, 21, "declined", "The far end declined the call." },
    { 604, 1, "does_not_exist", "That user exists nowhere." },
    { 606, 88, "not_acceptable", "The far end cannot accept the session." },
};

static struct cause from_row(const struct cause_row *row, enum cause_by by, const char *text)
{
    struct cause cause = { .code = row->code, .by = by };
    snprintf(cause.token, sizeof cause.token, "%s", row->token);
    snprintf(cause.text, sizeof cause.text, "%s", text ? text : row->text);
    return cause;
}

static const struct cause_row *by_code(int code)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

static const struct cause_row *by_token(const char *token)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].token, token) == 0)
            return &rows[i];
    return NULL;
}

struct cause cause_of_status(int code, enum cause_by by, const char *text)
{
    const struct cause_row *row = by_code(code);
    if (!row) /* RFC 3261 §8.1.3.2: an unknown code is the x00 of its class */
        row = by_code(code / 100 * 100);
    if (!row)
        row = by_code(code < 500 ? 480 : code < 600 ? 500 : 603);
    struct cause cause = from_row(row, by, text);
    cause.code = code;
    return cause;
}

struct cause cause_of_token(const char *token, enum cause_by by, const char *text)
{
    const struct cause_row *row = by_token(token);
    return row ? from_row(row, by, text) : cause_of_status(500, by, text);
}

const char *cause_by_name(enum cause_by by)
{
    static const char *const names[] = { "local", "remote", "system" };
    return names[by];
}

int cause_q850(const struct cause *cause)
{
    const struct cause_row *row = by_token(cause->token);
    return row ? row->q850 : 31;
}
