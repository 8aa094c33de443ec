/* Lists: pages with links to the others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/signalwire/sw.h"
#include "api/signalwire/sw_laml.h"
#include "base/buf.h"
#include "net/http_path.h"
#include "store/store_programs.h"

enum { SIZE_DEFAULT = 50, NUMBER_MAX = 1000000, LINK_MAX = 4096, TOKEN_DIGITS = 16 };
static const int64_t day_ms = 24 * 3600 * 1000;

/* "2026-01-31" or an ISO 8601 timestamp in UTC. */
static bool read_time(const char *text, int64_t *out)
{
    static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S",
                                         "%Y-%m-%d %H:%M:%S" };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = { 0 };
        const char *end = strptime(text, forms[i], &tm);
        if (end && i == 2 && *end == '.') /* parts of a second */
            end += strcspn(end, "Z") + (strchr(end, 'Z') ? 1 : 0);
        if (end && !*end) {
            *out = (int64_t)timegm(&tm) * 1000;
            return true;
        }
    }
    return false;
}

static void read_bound(struct rest *rest, const char *name, int64_t *out)
{
    const char *text = rest_param(rest, name);
    if (text && text[0] && !read_time(text, out))
        sw_wrong(rest, "datetime_required", name, "%s must be a date or an ISO 8601 time", name);
}

static void read_bounds(struct rest *rest, const char *const names[3], struct sw_page *page)
{
    int64_t on_ms = 0;
    read_bound(rest, names[0], &page->before_ms);
    read_bound(rest, names[1], &page->from_ms);
    read_bound(rest, names[2], &on_ms);
    if (on_ms) {
        page->from_ms = on_ms - on_ms % day_ms;
        page->before_ms = page->from_ms + day_ms;
    }
}

static void read_number(struct rest *rest, const char *name, uint64_t low, uint64_t high,
                        int64_t *out)
{
    const char *text = rest_param(rest, name);
    uint64_t number;
    if (!text || !text[0])
        return;
    if (slice_to_u64(slice_of(text), high, &number) || number < low)
        sw_wrong(rest, "invalid_parameter", name, "%s must be a number from %llu to %llu", name,
                 (unsigned long long)low, (unsigned long long)high);
    else
        *out = (int64_t)number; /* at most `high` */
}

/* What the parameters are called: by our API, by LaML's. */
static const struct page_words {
    const char *size, *number, *token;
} words[] = { { "page_size", "page_number", "page_token" }, { "PageSize", "Page", "PageToken" } };

static const struct page_words *words_of(const struct rest *rest)
{
    return &words[sw_of(rest)->is_laml];
}

bool sw_page_read(struct rest *rest, struct sw_page *page)
{
    const struct page_words *names = words_of(rest);
    const char *token = rest_param(rest, names->token);
    *page = (struct sw_page){ .size = SIZE_DEFAULT };
    read_number(rest, names->size, 1, SW_PAGE_MAX, &page->size);
    read_number(rest, names->number, 0, NUMBER_MAX, &page->number);
    read_bounds(rest, (const char *const[]){ "created_before", "created_after", "created_on" },
                page);
    if (token && token[0]) {
        char *end;
        page->until_ms = strtoll(strlen(token) > 2 ? token + 2 : "x", &end, 16);
        if ((strncmp(token, "PA", 2) != 0 && strncmp(token, "PB", 2) != 0) || *end ||
            page->until_ms <= 0)
            sw_wrong(rest, "page_token_is_invalid", names->token, "%s is of no page", names->token);
    } else if (page->number > 0 && !sw_of(rest)->is_laml) {
        sw_wrong(rest, "page_token_required", "page_token",
                 "page_token is required behind the first page");
    }
    if (page->until_ms <= 0)
        page->until_ms = rest_now_ms(rest) + 1;
    return !sw_refused(rest);
}

json_t *sw_list(struct rest *rest, const struct store_answer *answer,
                const struct store_table *table, size_t row_size, rest_print_fn print,
                struct sw_page *page)
{
    if (answer->err) {
        sw_fail_store(rest, answer->err, NULL);
        return NULL;
    }
    if (!sw_page_read(rest, page))
        return NULL;
    const char *rows = store_answer_rows(answer, table);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->n; i++) {
        json_t *one = print(rest, rows + i * row_size);
        if (one)
            json_array_append_new(list, one);
    }
    return list;
}

bool sw_laml_dates_between(struct rest *rest, const char *after, const char *until,
                           struct sw_page *page)
{
    const char *text = sw_laml_param(rest, until);
    read_bounds(rest, (const char *const[]){ until, after, "" }, page);
    if (text[0]) /* that day, or that second, is one of them */
        page->before_ms += strlen(text) == strlen("2026-01-31") ? day_ms : 1000;
    return !sw_refused(rest);
}

bool sw_laml_dates(struct rest *rest, const char *name, struct sw_page *page)
{
    char before[40], after[40];
    snprintf(before, sizeof before, "%s<", name);
    snprintf(after, sizeof after, "%s>", name);
    read_bounds(rest, (const char *const[]){ before, after, name }, page);
    return !sw_refused(rest);
}

void sw_own_url(const struct rest *rest, char *out, size_t cap)
{
    struct slice host = rest_header(rest, "Host");
    snprintf(out, cap, "%s://%.*s", rest->asked.is_tls ? "https" : "http",
             SLICE_ARG(host.len ? host : SLICE("localhost")));
}

static bool is_paging(const struct page_words *names, struct slice name)
{
    return slice_is(name, names->size) || slice_is(name, names->number) ||
           slice_is(name, names->token);
}

/* The same question for another page. */
static json_t *link_to(const struct rest *rest, const struct sw_page *page, int64_t number)
{
    char mem[LINK_MAX], value[SW_URL_MAX];
    struct buf link = BUF_ON(mem);
    char url[SW_URL_MAX] = "";
    const struct page_words *names = words_of(rest);
    if (!sw_of(rest)->is_laml)
        sw_own_url(rest, url, sizeof url);
    buf_printf(&link, "%s%.*s?%s=%lld&%s=%lld", url, SLICE_ARG(rest->asked.path), names->number,
               (long long)number, names->size, (long long)page->size);
    if (number > 0)
        buf_printf(&link, "&%s=PA%0*llx", names->token, TOKEN_DIGITS, (long long)page->until_ms);
    for (size_t i = 0; i < rest->n_params; i++)
        if (!is_paging(names, rest->params[i].name) &&
            http_path_encode(rest->params[i].value, value, sizeof value))
            buf_printf(&link, "&%.*s=%s", SLICE_ARG(rest->params[i].name), value);
    return json_string(buf_cstr(&link));
}

/* Only this page's; true when there is another. */
static bool drop_rest(const struct sw_page *page, json_t *items)
{
    size_t size = (size_t)page->size; /* 1 to SW_PAGE_MAX */
    bool is_more = json_array_size(items) > size;
    while (json_array_size(items) > size)
        json_array_remove(items, json_array_size(items) - 1);
    return is_more;
}

json_t *sw_page_json(const struct rest *rest, const struct sw_page *page, json_t *take_items)
{
    json_t *links = json_pack("{s:o, s:o}", "self", link_to(rest, page, page->number), "first",
                              link_to(rest, page, 0));
    if (drop_rest(page, take_items))
        json_object_set_new(links, "next", link_to(rest, page, page->number + 1));
    if (page->number > 0)
        json_object_set_new(links, "prev", link_to(rest, page, page->number - 1));
    return json_pack("{s:o, s:o}", "links", links, "data", take_items);
}

void sw_page_reply(struct rest *rest, const struct sw_page *page, json_t *take_items)
{
    rest_reply_take(rest, 200, sw_page_json(rest, page, take_items));
}

json_t *sw_laml_page_json(const struct rest *rest, const struct sw_page *page, const char *plural,
                          json_t *take_items)
{
    bool is_more = drop_rest(page, take_items);
    json_t *next = is_more ? link_to(rest, page, page->number + 1) : json_null();
    json_t *previous = page->number > 0 ? link_to(rest, page, page->number - 1) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "uri",
                     link_to(rest, page, page->number), "first_page_uri", link_to(rest, page, 0),
                     "next_page_uri", next, "previous_page_uri", previous, "page",
                     (json_int_t)page->number, "page_size", (json_int_t)page->size, plural,
                     take_items);
}

void sw_laml_page_reply(struct rest *rest, const struct sw_page *page, const char *plural,
                        json_t *take_items)
{
    rest_reply_take(rest, 200, sw_laml_page_json(rest, page, plural, take_items));
}

json_t *sw_page_cut(const struct sw_page *page, json_t *take_all)
{
    json_t *items = json_array();
    size_t from = (size_t)(page->number * page->size); /* at most NUMBER_MAX × SW_PAGE_MAX */
    for (size_t i = from; i < json_array_size(take_all) && i <= from + (size_t)page->size; i++)
        json_array_append(items, json_array_get(take_all, i));
    json_decref(take_all);
    return items;
}

void sw_page_reply_all(struct rest *rest, const struct sw_page *page, json_t *take_all)
{
    sw_page_reply(rest, page, sw_page_cut(page, take_all));
}

void sw_page_reply_resources(struct rest *rest, const struct store_answer *answer,
                             rest_print_fn print)
{
    struct sw_page page;
    json_t *list = SW_LIST(rest, answer, store_resource, print, &page);
    if (list)
        sw_page_reply_all(rest, &page, list);
}
