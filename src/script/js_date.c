/* Dates (ECMA-262 §21.4): now, or of a number or ISO text; in the machine's zone or in UTC. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "script/js_priv.h"

static const double date_max_ms = 8.64e15; /* ECMA-262 §21.4.1.1 */

static bool broken_down(double ms, bool utc, struct tm *tm)
{
    if (isnan(ms) || fabs(ms) > date_max_ms)
        return false;
    time_t seconds = (time_t)floor(ms / 1000); /* within ±8.64e12 */
    return utc ? gmtime_r(&seconds, tm) != NULL : localtime_r(&seconds, tm) != NULL;
}

static struct js_value field(const struct js_call *call, size_t offset, int add, bool utc)
{
    struct tm tm;
    if (!broken_down(call->self.number, utc, &tm))
        return js_number(NAN);
    int value;
    memcpy(&value, (const char *)&tm + offset, sizeof value);
    return js_number(value + add);
}

#define FIELD(name, member, add)                                                     \
    static struct js_value get_##name(struct js *js, const struct js_call *call)     \
    {                                                                                \
        (void)js;                                                                    \
        return field(call, offsetof(struct tm, member), add, false);                 \
    }                                                                                \
    static struct js_value get_utc_##name(struct js *js, const struct js_call *call) \
    {                                                                                \
        (void)js;                                                                    \
        return field(call, offsetof(struct tm, member), add, true);                  \
    }
FIELD(year, tm_year, 1900)
FIELD(month, tm_mon, 0)
FIELD(date, tm_mday, 0)
FIELD(day, tm_wday, 0)
FIELD(hours, tm_hour, 0)
FIELD(minutes, tm_min, 0)
FIELD(seconds, tm_sec, 0)

static struct js_value get_time(struct js *js, const struct js_call *call)
{
    (void)js;
    return js_number(call->self.number);
}

bool js_date_print(double ms, char out[JS_DATE_TEXT])
{
    struct tm tm;
    if (!broken_down(ms, true, &tm))
        return false;
    size_t len = strftime(out, JS_DATE_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    int rest = (int)(ms - floor(ms / 1000) * 1000); /* 0 to 999 */
    snprintf(out + len, JS_DATE_TEXT - len, ".%03dZ", rest);
    return true;
}

static struct js_value to_iso(struct js *js, const struct js_call *call)
{
    char *text = js_alloc(js, JS_DATE_TEXT);
    if (!js_date_print(call->self.number, text))
        js_throw(js, ERR_INVALID, "an invalid date");
    return js_slice(slice_of(text));
}

js_fn js_date_method(struct slice name)
{
    static const struct js_builtin rows[] = {
        { "getDate", get_date },
        { "getDay", get_day },
        { "getFullYear", get_year },
        { "getHours", get_hours },
        { "getMinutes", get_minutes },
        { "getMonth", get_month },
        { "getSeconds", get_seconds },
        { "getTime", get_time },
        { "getUTCDate", get_utc_date },
        { "getUTCDay", get_utc_day },
        { "getUTCFullYear", get_utc_year },
        { "getUTCHours", get_utc_hours },
        { "getUTCMinutes", get_utc_minutes },
        { "getUTCMonth", get_utc_month },
        { "getUTCSeconds", get_utc_seconds },
        { "toISOString", to_iso },
        { "toJSON", to_iso },
        { "toString", to_iso },
        { "valueOf", get_time },
    };
    return js_table_find(rows, COUNT_OF(rows), name);
}

/* 2024-05-06, 2024-05-06T12:20, …:00.000Z or +02:00; without a zone a time is local, a day UTC. */
static double parse(struct slice text)
{
    char copy[JS_DATE_TEXT], sign[2] = "";
    struct tm tm = { .tm_mday = 1 };
    int consumed = 0, hours = 0, minutes = 0;
    double seconds = 0;
    if (!slice_copy(slice_trim(text), copy, sizeof copy))
        return NAN;
    int n = sscanf(copy, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &consumed);
    if (n != 3)
        return NAN;
    const char *rest = copy + consumed;
    bool is_day = *rest == '\0', is_utc = is_day;
    if (!is_day) {
        consumed = 0;
        n = sscanf(rest, "%*[T ]%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &consumed);
        rest += consumed;
        if (n != 2)
            return NAN;
        if (*rest == ':') {
            char *end;
            seconds = strtod(rest + 1, &end);
            rest = end;
        }
        is_utc = *rest == 'Z' || *rest == 'z' ||
                 sscanf(rest, "%1[+-]%2d:%2d", sign, &hours, &minutes) == 3;
    }
    if (!isfinite(seconds) || seconds < 0 || seconds >= 61)
        return NAN;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_isdst = -1;
    double at = (double)(is_utc ? timegm(&tm) : mktime(&tm));
    at -= (sign[0] == '-' ? -1 : 1) * (hours * 3600.0 + minutes * 60.0);
    return floor((at + seconds) * 1000);
}

static struct js_value create(struct js *js, const struct js_call *call)
{
    struct js_value of = js_arg(call, 0);
    double ms = of.kind == JS_UNDEFINED ? (double)js->scope->now_ms
                : of.kind == JS_TEXT    ? parse(of.text)
                                        : js_to_number(js, of);
    return (struct js_value){ .kind = JS_DATE, .number = fabs(ms) > date_max_ms ? NAN : ms };
}

static struct js_value now(struct js *js, const struct js_call *call)
{
    (void)call;
    return js_number((double)js->scope->now_ms);
}

static struct js_value as_text(struct js *js, const struct js_call *call)
{
    struct js_call nothing = { .n = 0 };
    (void)call;
    return js_slice(js_to_text(js, create(js, &nothing)));
}

static const struct js_builtin date_rows[] = { { "now", now } };
const struct js_space js_date_space = { .name = "Date",
                                        .functions = date_rows,
                                        .n_functions = COUNT_OF(date_rows),
                                        .call = as_text,
                                        .create = create };
