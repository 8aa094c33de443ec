/* Whom a number's calls and texts go to: by its own words, an application's or a resource's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "daemon/number_handlers.h"
#include "store/store_programs.h"

static const struct store_resource kept[] = {
    { .id = "app",
      .project_id = "p1",
      .type = "cxml_application",
      .name = "a",
      .body = "{\"voice_url\": \"https://a.example/v\", \"voice_method\": \"GET\","
              " \"voice_fallback_url\": \"https://b.example/v\", \"sms_url\": null,"
              " \"status_callback\": \"https://a.example/st\","
              " \"status_callback_method\": \"GET\"}" },
    { .id = "hook",
      .project_id = "p1",
      .type = "swml_webhook",
      .name = "w",
      .body = "{\"primary_request_url\": \"https://a.example/s\","
              " \"fallback_request_url\": \"https://b.example/s\","
              " \"fallback_request_method\": \"GET\"}" },
    { .id = "script", .project_id = "p1", .type = "swml_script", .name = "s", .body = "{}" },
    { .id = "laml", .project_id = "p1", .type = "cxml_script", .name = "l", .body = "{}" },
    { .id = "lhook",
      .project_id = "p1",
      .type = "cxml_webhook",
      .name = "h",
      .body = "{\"primary_request_url\": \"https://a.example/l\"}" },
    { .id = "ann",
      .project_id = "p1",
      .type = "subscriber",
      .name = "Ann",
      .body = "{\"email\": \"ann@a.example\"}" },
};
typedef json_t *(*handler_fn)(const struct store_number *row, const json_t *resources);

/* "target method fallback fallback_method" */
static void expect(handler_fn handler, const char *body, const char *project, const char *wanted)
{
    const struct store_number row = { .number = "+1555", .project_id = project, .body = body };
    json_t *resources = json_object();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        json_object_set_new(resources, kept[i].id, number_resource(&kept[i]));
    json_t *got = handler(&row, resources);
    char *text = got ? json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (wanted)
        assert_string_equal(text, wanted);
    else
        assert_null(text);
    free(text);
    json_decref(got);
    json_decref(resources);
}

static void the_numbers_own_words(void **state)
{
    (void)state;
    expect(number_call_handler,
           "{\"call_handler\": \"laml_webhooks\", \"call_request_url\": \"https://c.example/\","
           " \"call_request_method\": \"GET\", \"call_fallback_url\": \"https://d.example/\"}",
           "p1",
           "{\"fallback\":\"https://d.example/\",\"fallback_method\":\"POST\",\"method\":\"GET\","
           "\"project\":\"p1\",\"target\":\"laml:https://c.example/\"}");
    expect(number_text_handler,
           "{\"message_handler\": \"laml_webhooks\","
           " \"message_request_url\": \"https://c.example/\","
           " \"message_fallback_method\": \"GET\"}",
           "p1",
           "{\"fallback\":\"\",\"fallback_method\":\"GET\",\"method\":\"POST\","
           "\"project\":\"p1\",\"target\":\"laml:https://c.example/\"}");
}

static void an_application_of_the_same_project(void **state)
{
    static const char body[] =
        "{\"call_handler\": \"laml_application\", \"call_laml_application_id\": \"app\","
        " \"message_handler\": \"laml_application\", \"message_laml_application_id\": \"app\"}";
    (void)state;
    expect(number_call_handler, body, "p1",
           "{\"fallback\":\"https://b.example/v\",\"fallback_method\":\"POST\",\"method\":\"GET\","
           "\"project\":\"p1\",\"target\":\"laml:https://a.example/v\"}");
    expect(number_call_handler, body, "p2", "{\"project\":\"p2\",\"target\":\"\"}");
    expect(number_text_handler, body, "p1", "{\"project\":\"p1\",\"target\":\"\"}");
}

static void a_resource_it_is_bound_to(void **state)
{
    (void)state;
    expect(number_call_handler, "{\"calling_handler_resource_id\": \"hook\"}", "p1",
           "{\"fallback\":\"https://b.example/s\",\"fallback_method\":\"GET\",\"method\":\"POST\","
           "\"project\":\"p1\",\"target\":\"swml:https://a.example/s\"}");
    expect(number_text_handler, "{\"messaging_handler_resource_id\": \"script\"}", "p1",
           "{\"project\":\"p1\",\"target\":\"swml:script\"}");
    expect(number_call_handler, "{\"calling_handler_resource_id\": \"laml\"}", "p1",
           "{\"project\":\"p1\",\"target\":\"swml:laml\"}");
    expect(number_call_handler, "{\"calling_handler_resource_id\": \"lhook\"}", "p1",
           "{\"fallback\":\"\",\"fallback_method\":\"POST\",\"method\":\"POST\","
           "\"project\":\"p1\",\"target\":\"laml:https://a.example/l\"}");
    expect(number_call_handler, "{\"calling_handler_resource_id\": \"ann\"}", "p1",
           "{\"project\":\"p1\",\"target\":\"user:ann@a.example\"}");
    expect(number_call_handler, "{\"calling_handler_resource_id\": \"ann\"}", "p2",
           "{\"project\":\"p2\",\"target\":\"\"}");
    expect(number_text_handler, "{\"messaging_handler_resource_id\": \"ann\"}", "p1",
           "{\"project\":\"p1\",\"target\":\"\"}");
    expect(number_call_handler, "{\"calling_handler_resource_id\": \"gone\"}", "p1",
           "{\"project\":\"p1\",\"target\":\"\"}");
}

static void what_says_nothing_leads_where_it_leads(void **state)
{
    (void)state;
    expect(number_call_handler, "{}", "p1", NULL);
    expect(number_call_handler, "{\"call_handler\": \"relay_sip_endpoint\"}", "p1", NULL);
    expect(number_text_handler, "{\"call_handler\": \"laml_webhooks\"}", "p1", NULL);
}

static void who_is_told_how_calls_ended(void **state)
{
    (void)state;
    expect(number_call_teller, "{\"call_status_callback_url\": \"https://c.example/\"}", "p1",
           "{\"method\":\"POST\",\"project\":\"p1\",\"url\":\"https://c.example/\"}");
    expect(number_call_teller,
           "{\"call_handler\": \"laml_application\", \"call_laml_application_id\": \"app\","
           " \"call_status_callback_url\": \"https://c.example/\"}",
           "p1", "{\"method\":\"GET\",\"project\":\"p1\",\"url\":\"https://a.example/st\"}");
    expect(number_call_teller,
           "{\"call_handler\": \"laml_application\", \"call_laml_application_id\": \"app\"}", "p2",
           NULL);
    expect(number_call_teller, "{}", "p1", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_own_words),
        cmocka_unit_test(an_application_of_the_same_project),
        cmocka_unit_test(a_resource_it_is_bound_to),
        cmocka_unit_test(who_is_told_how_calls_ended),
        cmocka_unit_test(what_says_nothing_leads_where_it_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
