#pragma once
/* For the tests of the SignalWire-compatible API: two projects, a subproject and tokens; a request
 * is made as its clients make it. */

#include "api/signalwire/sw.h"
#include "api/test_admin.h"
#include "store/store_accounts.h"
#include "store/store_programs.h"

static const char acme[] = "11111111-1111-4111-8111-111111111111",
                  other[] = "22222222-2222-4222-8222-222222222222",
                  all_scopes[] = "calling,messaging,video,fax,chat,numbers,management";

static inline void add_token(struct fixture *f, const char *project_id, const char *text,
                             const char *scopes)
{
    char hash[TOKEN_HASH];
    token_hash(slice_of(text), hash);
    struct store_token row = {
        .id = text, .project_id = project_id, .name = text, .scopes = scopes, .hash = hash
    };
    store_token_add(f->store, &row, STORE_NOBODY);
}

static inline int sw_setup(void **state)
{
    if (setup(state))
        return -1;
    struct fixture *f = *state;
    struct store_project project = { .id = acme, .name = "acme", .signing_key = "PSK_a" };
    store_project_add(f->store, &project, STORE_NOBODY);
    project = (struct store_project){ .id = other, .name = "other", .signing_key = "PSK_b" };
    store_project_add(f->store, &project, STORE_NOBODY);
    add_token(f, acme, "PTall", all_scopes);
    add_token(f, acme, "PTtext", "messaging");
    add_token(f, other, "PTother", all_scopes);
    return 0;
}

/* "project:token" asks over TLS. */
static inline int sw_ask_as(struct fixture *f, const char *project, const char *token,
                            enum http_method method, const char *target, const char *body)
{
    static char memory[400], header[300], pair[150];
    struct http_param params[8];
    struct addr peer = addr_loopback4(40000);
    struct slice query = slice_of(target);
    struct slice path = slice_cut(&query, '?');
    size_t len = (size_t)snprintf(pair, sizeof pair, "%s:%s", project, token);
    memcpy(header, "Basic ", 6);
    assert_true(base64_print(pair, len, header + 6, sizeof header - 6));
    struct api_request request = { .method = method,
                                   .path = path,
                                   .params = params,
                                   .n_params = COUNT_OF(params),
                                   .authorization = slice_of(header),
                                   .body = slice_of(body),
                                   .peer = &peer,
                                   .is_tls = true };
    query = path.len < strlen(target) ? query : SLICE_NONE;
    assert_int_equal(http_query_parse(query, memory, sizeof memory, params, &request.n_params), OK);
    return dispatch(f, &request);
}

static inline int sw_ask(struct fixture *f, enum http_method method, const char *target,
                         const char *body)
{
    return sw_ask_as(f, acme, "PTall", method, target, body);
}

static inline void assert_body(const struct fixture *f, const char *expected)
{
    json_t *json = json_loads(expected, 0, NULL);
    char *got = json_dumps(f->body, JSON_SORT_KEYS);
    if (!json_equal(json, f->body))
        fail_msg("expected %s, got %s", expected, got ? got : "nothing");
    free(got);
    json_decref(json);
}

/* "missing_required_parameter url" of the n-th error */
static inline void assert_error(const struct fixture *f, size_t n, const char *code,
                                const char *attribute)
{
    const json_t *one = json_array_get(json_object_get(f->body, "errors"), n);
    assert_string_equal(sw_text(one, "code"), code);
    assert_string_equal(sw_text(one, "attribute"), attribute);
    assert_string_equal(sw_text(one, "type"), "validation_error");
}
