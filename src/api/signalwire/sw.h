#pragma once
/* The SignalWire-compatible REST API: one table (sw_endpoints.c) says for every endpoint who may
 * ask, what the body holds and who answers, and /api/openapi.json is printed from it. Paths, names,
 * answers and errors are those that clients of this API know; docs/api.md describes them. Control
 * thread. */

#include "api/rest.h"
#include "api/routes.h"

enum { SW_ID = 80, SW_SCOPES = 200, SW_ADDRESSES = 400, SW_URL_MAX = 2048, SW_PAGE_MAX = 1000 };

/** Who asks: rest->state behind the guard. */
struct sw {
    char project_id[SW_ID], token_id[SW_ID], scopes[SW_SCOPES];
    char target_id[SW_ID]; /* a handler's own, from one store callback to the next */
    const struct sw_endpoint *endpoint;
    bool is_sound;                /* only the sound of a recording is asked for */
    bool is_laml;                 /* the compatibility API: errors, forms and pages are its */
    char subscriber_id[SW_ID];    /* who asks with a token of his own (sw_fabric.h); "" */
    char addresses[SW_ADDRESSES]; /* the only ones that he may see: ids; "": all */
    const char *noun; /* what is taken when the store finds it there already; NULL: the object */
};
static inline struct sw *sw_of(const struct rest *rest)
{
    return rest->state;
}

enum sw_type { SW_TEXT, SW_NUMBER, SW_REAL, SW_BOOL, SW_OBJECT, SW_LIST, SW_ANY };
/** One field of a body. */
struct sw_field {
    const char *name;
    enum sw_type type;
    bool is_required;
    int64_t low, high; /* of a number; of the length of a text or list when `high` is not 0 */
    const char *words; /* a text is one of these, with spaces around each: " a b " */
    bool (*check)(struct slice value);
    const char *code; /* of the error when it fails; NULL: "invalid_parameter" */
    const char *expected;
};
struct sw_body {
    const struct sw_field *fields;
    size_t n;
};
/** A body under its name, from its fields. */
#define SW_BODY(name, ...)                                      \
    static const struct sw_field name##_fields[] = __VA_ARGS__; \
    static const struct sw_body name = { name##_fields,         \
                                         sizeof name##_fields / sizeof name##_fields[0] }
struct sw_endpoint {
    enum http_method method;
    const char *path;
    const char *scopes; /* any of these, "calling video"; "": any token */
    int status;         /* of success */
    rest_fn handle;
    const struct sw_body *body; /* NULL: none is read */
    const char *summary;
};
struct sw_table {
    const struct sw_endpoint *endpoints;
    size_t n;
    const char *prefix; /* of their paths */
};
extern const struct sw_table sw_table, sw_fabric_table, sw_laml_table;

/* sw.c: what the family's row in routes.c needs */
void sw_guard(struct rest *rest);
/** The state of a request that may be answered here, or NULL: tokens do not travel in the clear. */
struct sw *sw_begin(struct rest *rest);
/** 401, or 429 for who guesses on. */
void sw_refuse_login(struct rest *rest);
/** Not too often? Then it goes on to its endpoint. */
void sw_admit(struct rest *rest);
void sw_serve(struct rest *rest);
/** The endpoint of `path`, which stands behind the table's prefix, answers. */
void sw_serve_from(struct rest *rest, const struct sw_table *table, struct slice path);
json_t *sw_error(const struct rest *rest, const struct rest_error *error);
void sw_dress(struct rest *rest, int status);
/* sw_openapi.c: the family of one path that anybody may read */
void sw_serve_openapi(struct rest *rest);

/* sw_body.c */
/** Note what is wrong; `attribute` may be NULL. */
void sw_wrong(struct rest *rest, const char *code, const char *attribute, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** Was anything? Then it is answered 422, all of it at once. */
bool sw_refused(struct rest *rest);
/** Note what is wrong with `body` (an object of the request). */
void sw_check(struct rest *rest, const json_t *body, const struct sw_body *expected);
/** One error, answered. */
void sw_refuse(struct rest *rest, const char *code, const char *attribute, const char *text);
/** What the store said: 404, 422 value_not_unique for `attribute`, 503 or 500. */
void sw_fail_store(struct rest *rest, enum err err, const char *attribute);
bool sw_is_web_url(struct slice value);
bool sw_is_e164(struct slice value);
bool sw_is_party(struct slice value); /* neither spaces nor control characters */
bool sw_is_line(struct slice value);  /* no control characters */
/** custom_variables: at most 20 pairs of text under names that are not ours. */
void sw_check_variables(struct rest *rest, const json_t *variables);
/** store_fn: rest->answer in the endpoint's status, or the error; tells the daemon. */
void sw_on_written(void *rest, const struct store_answer *answer);
/** store_fn: 204, or the error; tells the daemon. */
void sw_on_removed(void *rest, const struct store_answer *answer);
/** What the request's body has of these names laid over `before`, a JSON object or ""; free(). */
char *sw_merge(const struct rest *rest, const char *before, const char *const *names, size_t n);
/** A UUID that is always the same for the same texts (version 8, RFC 9562 §5.8). */
void sw_derived_id(const char *kind, const char *a, const char *b, char out[SW_ID]);
/** The row that was found, if it is the asker's and of that type (NULL: any); NULL: answered. */
const struct store_resource *sw_found_resource(struct rest *rest, const struct store_answer *answer,
                                               const char *type);
/** A text of an object, "" when it is not there. */
const char *sw_text(const json_t *object, const char *name);
/** NULL for "". */
static inline const char *sw_or_null(const char *text)
{
    return text[0] ? text : NULL;
}
/** null for "". */
json_t *sw_text_or_null(const char *text);

/* sw_page.c */
/** What ?page_size, ?page_number, ?page_token and ?created_… ask for (LaML: PageSize, Page,
 * PageToken); false: answered. The page
 * token holds the time of the first page, so that later ones do not shift. */
struct sw_page {
    int64_t size, number, until_ms; /* created before that */
    int64_t from_ms, before_ms;     /* ?created_after, ?created_before, ?created_on */
};
bool sw_page_read(struct rest *rest, struct sw_page *page);
/** The rows of an answer that `print` shows (NULL leaves one out), and which page was asked for.
 * NULL: an error was answered. Use SW_LIST(). */
json_t *sw_list(struct rest *rest, const struct store_answer *answer,
                const struct store_table *table, size_t row_size, rest_print_fn print,
                struct sw_page *page);
#define SW_LIST(rest, answer, type, print, page) \
    sw_list((rest), (answer), &type##_table, sizeof(struct type), (print), (page))
/** Of everything, which it takes, this page and, perhaps, one more. */
json_t *sw_page_cut(const struct sw_page *page, json_t *take_all);
/** Answer with {links, data}; of `take_all` (an array of everything) only this page. */
void sw_page_reply_all(struct rest *rest, const struct sw_page *page, json_t *take_all);
/** {links, data}, the caller's; `take_items` are this page's and, perhaps, one more. */
json_t *sw_page_json(const struct rest *rest, const struct sw_page *page, json_t *take_items);
/** Answer with {links, data}; `take_items` are this page's and, perhaps, one more. */
void sw_page_reply(struct rest *rest, const struct sw_page *page, json_t *take_items);
/** Answer with {links, data}; of the resources that `print` shows only this page. */
void sw_page_reply_resources(struct rest *rest, const struct store_answer *answer,
                             rest_print_fn print);
/** "https://host:8443" as the asker wrote it. */
void sw_own_url(const struct rest *rest, char *out, size_t cap);

/* sw_tokens.c, sw_projects.c, sw_video.c */
void sw_token_add(struct rest *rest);
void sw_token_change(struct rest *rest);
void sw_token_rotate(struct rest *rest);
void sw_token_remove(struct rest *rest);
void sw_project_list(struct rest *rest);
void sw_project_add(struct rest *rest);
void sw_project_show(struct rest *rest);
void sw_project_change(struct rest *rest);
void sw_project_remove(struct rest *rest);
void sw_project_rotate(struct rest *rest);
void sw_room_token_add(struct rest *rest);
/* sw_numbers.c */
void sw_number_list(struct rest *rest);
/** There is no market for numbers here: none is found. */
void sw_number_search(struct rest *rest);
void sw_number_add(struct rest *rest);
void sw_number_show(struct rest *rest);
void sw_number_change(struct rest *rest);
void sw_number_remove(struct rest *rest);
struct store_resource;
struct store_number;
/** One as it is shown. */
json_t *sw_number_json(const struct store_number *row);
/* sw_number_groups.c */
/** Every path of groups and memberships, and a text of LaML's that names a group: that gets a From,
 * and sw_laml_message_add() sends it. */
void sw_number_groups(struct rest *rest);
/** The number of the body's phone_route_id leads to `target` from now on, which is that resource;
 * answered with its address. */
void sw_number_route(struct rest *rest, const char *target, const struct store_resource *row);
/* sw_sip_endpoints.c, for /api/fabric/… too */
extern const struct sw_body sw_endpoint_new, sw_endpoint_changed;
#define SW_ENDPOINT_NAME                                        \
    .name = "username", .type = SW_TEXT, .check = rest_is_name, \
    .expected = "letters, digits, - _ and ., at most 63"
#define SW_ENDPOINT_PASSWORD \
    .name = "password", .type = SW_TEXT, .low = 6, .high = 128, .expected = "6 to 128 characters"
#define SW_ENDPOINT_LINE .type = SW_TEXT, .check = sw_is_line, .expected = "one line of text"
#define SW_ENDPOINT_FIELDS                                                            \
    { .name = "caller_id", SW_ENDPOINT_LINE, .high = REST_TEXT_MAX },                 \
        { .name = "send_as", SW_ENDPOINT_LINE, .high = 40 },                          \
        { .name = "ciphers", .type = SW_LIST, .high = 10 },                           \
        { .name = "codecs", .type = SW_LIST, .high = 10 },                            \
    {                                                                                 \
        .name = "encryption", .type = SW_TEXT, .words = " default required optional " \
    }
void sw_endpoint_list(struct rest *rest);
void sw_endpoint_add(struct rest *rest);
void sw_endpoint_show(struct rest *rest);
void sw_endpoint_change(struct rest *rest);
void sw_endpoint_remove(struct rest *rest);
/* sw_lookup.c */
void sw_number_lookup(struct rest *rest);
/* sw_sip_profile.c */
void sw_profile_show(struct rest *rest);
void sw_profile_change(struct rest *rest);
/* sw_calls.c */
void sw_call_command(struct rest *rest);
/* sw_call_logs.c */
void sw_call_list(struct rest *rest);
void sw_call_show(struct rest *rest);
void sw_call_events(struct rest *rest);
/** "relay_sip_call" and its like, by what was called. */
const char *sw_call_type(const char *from, const char *to);
struct store_call;
/** How a call that is on record ended: "completed", "busy" … */
const char *sw_call_status(const struct store_call *row);
/** The record, if it is the asker's; NULL: answered. */
const struct store_call *sw_call_record(struct rest *rest, const struct store_answer *answer);
/** A live call's view (call_json()) as the record it will be; texts are the view's. */
void sw_call_row(const json_t *view, struct store_call *out);
/** Views of those that live, are the asker's and within the page's bounds, newest first. */
json_t *sw_call_views(const struct rest *rest, const struct sw_page *page);
/** The call of that id if it lives and is the asker's, or NULL. */
struct call *sw_call_live(const struct rest *rest, const char *id);

/* sw_conference_logs.c */
void sw_conference_logs(struct rest *rest);

/* sw_messages.c */
bool sw_is_short_code(struct slice value);
bool sw_is_message_to(struct slice value);   /* E.164, a short code, sip:, client: … */
bool sw_is_message_from(struct slice value); /* or a name */
/** Did the store find a number, and is it another project's? */
bool sw_is_foreign_number(const struct rest *rest, const struct store_answer *answer);
/** 422 for what messages_add() said. */
void sw_message_refuse(struct rest *rest, const struct fault *fault);
void sw_message_add(struct rest *rest);
void sw_message_redact(struct rest *rest);
void sw_message_list(struct rest *rest);
void sw_message_show(struct rest *rest);
/* sw_mfa.c */
void sw_mfa_sms(struct rest *rest);
void sw_mfa_call(struct rest *rest);
void sw_mfa_verify(struct rest *rest);
