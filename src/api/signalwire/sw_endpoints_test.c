/* Every table from the first row to the last: nobody without a token or its scope gets anywhere,
 * and an account is its own project's only. What is asked in odd ways. */
#include "api/signalwire/test_sw.h"

#include "base/buf.h"
#include "net/http_request.h"

static const char *const scopes[] = { "calling", "messaging", "video",     "fax",
                                      "chat",    "numbers",   "management" };
static const struct sw_table *const tables[] = { &sw_table, &sw_fabric_table, &sw_laml_table };

/* The endpoint's path with `account` for the first of its captures and "x" for the others. */
static const char *path_of(const struct sw_table *table, const struct sw_endpoint *endpoint,
                           const char *account)
{
    static char path[300];
    struct buf out = BUF_ON(path);
    struct slice rest = slice_of(endpoint->path);
    if (table == &sw_laml_table)
        buf_text(&out, table->prefix);
    while (!slice_empty(rest)) {
        struct slice part = slice_cut(&rest, '/');
        bool is_first = slice_is(part, ":AccountSid");
        const char *value = is_first ? account : "x";
        if (slice_starts(part, SLICE(":")))
            part = slice_of(value);
        if (part.len)
            buf_printf(&out, "/%.*s", SLICE_ARG(part));
    }
    buf_put(&out, SLICE("\0"));
    assert_false(out.overflow);
    return path;
}

static void without_its_scope_every_endpoint_says_403(void **state)
{
    struct fixture *f = *state;
    size_t asked = 0;
    for (size_t s = 0; s < COUNT_OF(scopes); s++) {
        char token[40];
        snprintf(token, sizeof token, "PTonly-%s", scopes[s]);
        add_token(f, acme, token, scopes[s]);
        for (size_t t = 0; t < COUNT_OF(tables); t++)
            for (size_t i = 0; i < tables[t]->n; i++) {
                const struct sw_endpoint *endpoint = &tables[t]->endpoints[i];
                if (!endpoint->scopes[0] || strstr(endpoint->scopes, scopes[s]))
                    continue;
                const char *path = path_of(tables[t], endpoint, acme);
                int status = sw_ask_as(f, acme, token, endpoint->method, path, "{}");
                if (status != 403)
                    fail_msg("%s %s with scope %s: %d", http_method_name(endpoint->method), path,
                             scopes[s], status);
                asked++;
            }
    }
    assert_true(asked > 300);
}

static void without_a_token_every_endpoint_says_401(void **state)
{
    struct fixture *f = *state;
    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++) {
            const struct sw_endpoint *endpoint = &tables[t]->endpoints[i];
            const char *path = path_of(tables[t], endpoint, acme);
            if (strcmp(path, "/api/fabric/embeds/tokens") == 0)
                continue;                 /* its token is in the body */
            loop_advance(f->loop, 60000); /* who guesses is slowed down: 429 */
            int status = sw_ask_as(f, acme, "PTother", endpoint->method, path, "{}");
            if (status != 401)
                fail_msg("%s %s with another project's token: %d",
                         http_method_name(endpoint->method), path, status);
        }
}

static void another_account_is_not_there(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sw_laml_table.n; i++) {
        const struct sw_endpoint *endpoint = &sw_laml_table.endpoints[i];
        if (!strstr(endpoint->path, ":AccountSid"))
            continue;
        const char *path = path_of(&sw_laml_table, endpoint, other);
        int status = sw_ask(f, endpoint->method, path, "");
        if (status != 404)
            fail_msg("%s %s: %d", http_method_name(endpoint->method), path, status);
    }
}

/* RFC 9110 §9.3.2; what goes without a body is the server's. */
static void head_is_answered_like_get(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sw_ask(f, HTTP_HEAD, "/api/projects", ""), 200);
    assert_int_equal(sw_ask(f, HTTP_HEAD, "/api/projects/x", ""), 404);
    assert_int_equal(sw_ask_as(f, acme, "PTtext", HTTP_HEAD, "/api/projects", ""), 403);
    assert_int_equal(sw_ask(f, HTTP_HEAD, "/api/video/room_tokens", ""), 405);
}

static void json_is_not_read_however_deep_or_long(void **state)
{
    struct fixture *f = *state;
    enum { DEPTH = 100000 };
    static const char *const opens[] = { "[", "{\"name\":", "[{\"a\":" };
    struct buf body;
    enum { ALL = DEPTH * 8 + 1 }; /* terminated */
    char *mem = mem_alloc(ALL);
    for (size_t i = 0; i < COUNT_OF(opens); i++) {
        buf_init(&body, mem, ALL);
        for (int n = 0; n < DEPTH; n++)
            buf_text(&body, opens[i]);
        buf_put(&body, slice_make("\0", 1));
        assert_int_equal(sw_ask(f, HTTP_POST, "/api/projects", mem), 400);
    }
    memset(mem, 'a', DEPTH);
    memcpy(mem, "{\"name\":\"", 9);
    memcpy(mem + DEPTH, "\"}", 3);
    assert_int_equal(sw_ask(f, HTTP_POST, "/api/projects", mem), 422);
    mem_free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_its_scope_every_endpoint_says_403, sw_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_a_token_every_endpoint_says_401, sw_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_account_is_not_there, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(head_is_answered_like_get, sw_setup, teardown),
        cmocka_unit_test_setup_teardown(json_is_not_read_however_deep_or_long, sw_setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
