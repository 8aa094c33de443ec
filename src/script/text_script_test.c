/* Programs of texts that come in: what they answer, whom they ask, and that they come to an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "script/script.h"
#include "script/text_script.h"

#define MAIN(steps) "{\"version\":\"1.0.0\",\"sections\":{\"main\":[" steps "]}}"

static struct loop *loop;
static struct scripts *scripts;
static char sent[1000]; /* "from>to:body " … */
static bool refuses;
static char asked[1000]; /* "POST https://… body" */
static http_client_fn answer_fn;
static void *answer_owner;

static enum err send_sms(void *owner, const char *project_id, const json_t *params,
                         char id[UUID_TEXT], struct fault *fault)
{
    const char *from, *to, *body;
    size_t len = strlen(sent);
    (void)owner;
    assert_string_equal(project_id, "p1");
    assert_int_equal(json_unpack((json_t *)(uintptr_t)params, "{s:s, s:s, s:s}", "from_number",
                                 &from, "to_number", &to, "body", &body),
                     0);
    snprintf(id, UUID_TEXT, "the-%s", body);
    snprintf(sent + len, sizeof sent - len, "%s>%s:%s ", from, to, body);
    return refuses ? fault_set(fault, ERR_REFUSED, "to", 0, "not there") : OK;
}

/* The web server is the test: say() answers. */
static struct http_client_call *ask(void *owner, const struct script_request *request,
                                    http_client_fn fn, void *fn_owner, struct fault *fault)
{
    (void)owner;
    (void)fault;
    snprintf(asked, sizeof asked, "%s %s %.*s", request->http.method, request->http.url,
             SLICE_ARG(request->http.body));
    answer_fn = fn;
    answer_owner = fn_owner;
    return (struct http_client_call *)asked; /* only whether there is one is looked at */
}

static void say(int status, const char *body)
{
    const struct http_client_answer answer = { .text = "",
                                               .status = status,
                                               .body = slice_of(body) };
    http_client_fn fn = answer_fn;
    assert_non_null(fn);
    answer_fn = NULL;
    fn(answer_owner, &answer);
    loop_advance(loop, 10);
}

static int setup(void **state)
{
    (void)state;
    sent[0] = asked[0] = '\0';
    refuses = false;
    loop = loop_create_simulated();
    const struct scripts_config config = { .loop = loop, .send = ask, .send_sms = send_sms };
    scripts = scripts_create(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scripts_destroy(scripts);
    loop_destroy(loop);
    return 0;
}

static void run(struct text_script_start start)
{
    json_t *message = json_pack("{s:s, s:s, s:s, s:s}", "message_id", "m1", "from", "+1", "to",
                                "+2", "body", " Hours ");
    start.project_id = "p1";
    start.message = message;
    text_script_run(scripts, &start);
    json_decref(message);
    loop_advance(loop, 10);
}

static void run_text(const char *document)
{
    run((struct text_script_start){ .text = slice_of(document) });
}

static void answers_go_back(void **state)
{
    (void)state;
    run_text(MAIN("{\"reply\":\"you said%{message.body}\"},"
                  "{\"reply\":{\"body\":\"copy\",\"to\":\"+3\"}},"
                  "{\"reply\":{\"switch\":{\"variable\":\"message.body\","
                  "\"transform\":\"lowercase_trim\",\"case\":{\"hours\":\"nine to five\"},"
                  "\"default\":\"what?\"}}}"));
    assert_string_equal(sent, "+2>+1:you said Hours  +2>+3:copy +2>+1:nine to five ");
}

static void an_answer_has_an_id(void **state)
{
    (void)state;
    run_text(MAIN("{\"reply\":\"a\"},{\"reply\":\"%{reply_result} %{reply_message_id}\"}"));
    assert_string_equal(sent, "+2>+1:a +2>+1:queued the-a ");
}

static void a_text_that_cannot_go(void **state)
{
    (void)state;
    refuses = true;
    run_text(MAIN("{\"reply\":\"a\"},{\"reply\":\"it has %{reply_result}%{reply_message_id}\"}"));
    assert_string_equal(sent, "+2>+1:a +2>+1:it has failed ");
}

static void sections_return_and_loops_end(void **state)
{
    (void)state;
    run_text("{\"version\":\"1.0.0\",\"sections\":{\"main\":[{\"execute\":\"one\"},"
             "{\"reply\":\"behind\"}],\"one\":[{\"reply\":\"in\"},{\"return\":{}},"
             "{\"reply\":\"never\"}]}}");
    assert_string_equal(sent, "+2>+1:in +2>+1:behind ");
    sent[0] = '\0';
    run_text(MAIN("{\"reply\":\"x\"},{\"label\":\"a\"},{\"goto\":{\"label\":\"a\"}},"
                  "{\"reply\":\"never\"}"));
    assert_string_equal(sent, "+2>+1:x ");
}

static void a_request_saves_what_it_hears(void **state)
{
    (void)state;
    run_text(MAIN("{\"request\":{\"url\":\"https://a.example/\",\"method\":\"PATCH\","
                  "\"body\":{\"who\":\"%{message.from}\"},\"save_variables\":true}},"
                  "{\"reply\":\"%{request_result} %{request_response.name}\"}"));
    assert_string_equal(asked, "PATCH https://a.example/ {\"who\":\"+1\"}");
    assert_string_equal(sent, "");
    say(200, "{\"name\":\"Bob\"}");
    assert_string_equal(sent, "+2>+1:success Bob ");
}

static void the_document_is_fetched_or_the_spare(void **state)
{
    (void)state;
    run((struct text_script_start){ .url = "https://ann:secret@a.example/?x=1",
                                    .fallback = "https://b.example/",
                                    .fallback_method = "GET",
                                    .is_laml = true });
    assert_true(strncmp(asked, "POST https://a.example/?x=1 ", 28) == 0);
    assert_non_null(strstr(asked, "Body=+Hours+"));
    say(500, "");
    assert_true(strncmp(asked, "GET https://b.example/?", 23) == 0);
    assert_non_null(strstr(asked, "&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fa.example%2F%3Fx%3D1"));
    say(200, "<Response><Message>spare</Message><Redirect method='GET'>more</Redirect></Response>");
    assert_string_equal(sent, "+2>+1:spare ");
    assert_true(strncmp(asked, "GET https://b.example/more?", 27) == 0);
    assert_null(strstr(asked, "ErrorCode"));
    say(404, "");
    assert_string_equal(sent, "+2>+1:spare ");
    run((struct text_script_start){ .url = "https://c.example/", .method = "GET" });
    assert_string_equal(asked, "GET https://c.example/ ");
    say(200, MAIN("{\"reply\":\"fetched\"}"));
    assert_string_equal(sent, "+2>+1:spare +2>+1:fetched ");
}

static void documents_without_end_end(void **state)
{
    (void)state;
    run((struct text_script_start){ .url = "https://a.example/", .is_laml = true });
    for (int i = 0; i < 10; i++)
        say(200, "<Response><Redirect>/</Redirect></Response>");
    say(200, "<Response><Redirect>/</Redirect></Response>");
    assert_null(answer_fn);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(answers_go_back),
        WITH(an_answer_has_an_id),
        WITH(a_text_that_cannot_go),
        WITH(sections_return_and_loops_end),
        WITH(a_request_saves_what_it_hears),
        WITH(the_document_is_fetched_or_the_spare),
        WITH(documents_without_end_end),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
