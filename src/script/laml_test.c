/* LaML documents and the steps they become; what is wrong with a document, and where. */
#include "script/laml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "script/laml_xml.h"

static const char url[] = "https://example.com/ivr/start.xml?x=1";

#define ACTION(after, path) \
    "{\"laml_action\":{\"after\":\"" after "\",\"method\":\"POST\",\"url\":\"" path "\"}}"
#define NO_ACTION(after) "{\"laml_action\":{\"after\":\"" after "\",\"method\":\"POST\"}}"
#define BRIDGE "\"answer_on_bridge\":false,"
#define TALK "\"max_duration\":14400.0,"

static const struct {
    const char *inner, *steps;
} rows[] = {
    { "", "[]" },
    { "<Say voice='alice' language='en-GB'> Hello\n  you </Say>",
      "[{\"play\":{\"loop\":1,\"urls\":[\"say:Hello you\"]}}]" },
    { "<Say loop='0'>a <break time='500ms'/> <emphasis>b</emphasis></Say>",
      "[{\"play\":{\"loop\":0,\"urls\":[\"say:a\",\"silence:0.5\",\"say:b\"]}}]" },
    { "<Say>&lt;${x}&gt; <![CDATA[{y}]]></Say>",
      "[{\"play\":{\"loop\":1,\"urls\":[\"say:<$${'{'}x}> ${'{'}y}\"]}}]" },
    { "<Play>a.wav</Play><Play>/b.wav</Play><Play digits='1w#'/>",
      "[{\"play\":{\"loop\":1,\"urls\":[\"https://example.com/ivr/a.wav\"]}},"
      "{\"play\":{\"loop\":1,\"urls\":[\"https://example.com/b.wav\"]}},"
      "{\"send_digits\":{\"digits\":\"1w#\"}}]" },
    { "<Pause/><Pause length='3'/>",
      "[{\"sleep\":{\"duration\":1000.0}},{\"sleep\":{\"duration\":3000.0}}]" },
    { "<Hangup/><Reject/><Reject reason='busy'/><Leave/>",
      "[{\"hangup\":{}},{\"hangup\":{\"reason\":\"decline\"}},{\"hangup\":{\"reason\":\"busy\"}},"
      "{\"return\":\"leave\"}]" },
    { "<Redirect method='GET'>../x</Redirect>",
      "[{\"laml_action\":{\"after\":\"redirect\",\"method\":\"GET\",\"url\":"
      "\"https://example.com/x\"}}]" },
    { "<Gather numDigits='2' finishOnKey='' action='a'><Say loop='2'>x</Say><Pause/></Gather>",
      "[{\"prompt\":{\"digit_timeout\":5.0,\"initial_timeout\":5.0,\"max_digits\":2,\"play\":"
      "[\"say:x\",\"say:x\",\"silence:1\"],\"terminators\":\"\"}},"
      "{\"laml_action\":{\"after\":\"gather\",\"always\":false,\"method\":\"POST\",\"url\":"
      "\"https://example.com/ivr/a\"}}]" },
    { "<Gather timeout='2'/>",
      "[{\"prompt\":{\"digit_timeout\":2.0,\"initial_timeout\":2.0,\"max_digits\":256,\"play\":"
      "[\"silence:0.02\"],\"terminators\":\"#\"}},"
      "{\"laml_action\":{\"after\":\"gather\",\"always\":false,\"method\":\"POST\",\"url\":"
      "\"https://example.com/ivr/start.xml?x=1\"}}]" },
    { "<Record timeout='3' maxLength='9' playBeep='false'/>",
      "[{\"record\":{\"beep\":false,\"direction\":\"speak\",\"end_silence_timeout\":3.0,"
      "\"initial_timeout\":3.0,\"max_length\":9.0,\"source\":\"RecordVerb\",\"terminators\":"
      "\"1234567890*#\"}},"
      "{\"laml_action\":{\"after\":\"record\",\"method\":\"POST\",\"url\":"
      "\"https://example.com/ivr/start.xml?x=1\"}}]" },
    { "<Record trim='trim-silence' transcribeCallback='words' action='/a'/>",
      "[{\"record\":{\"beep\":true,\"direction\":\"speak\",\"end_silence_timeout\":5.0,"
      "\"initial_timeout\":5.0,\"max_length\":3600.0,\"source\":\"RecordVerb\",\"terminators\":"
      "\"1234567890*#\",\"transcribe\":true,\"transcribe_callback\":"
      "\"https://example.com/ivr/words\",\"trim\":\"trim-silence\"}},"
      "{\"laml_action\":{\"after\":\"record\",\"method\":\"POST\",\"url\":"
      "\"https://example.com/a\"}}]" },
    { "<Dial callerId='+15551'>+15552</Dial>",
      "[{\"connect\":{" BRIDGE "\"from\":\"+15551\"," TALK "\"parallel\":[{\"to\":\"+15552\"}],"
      "\"timeout\":30.0}},{\"laml_action\":{\"after\":\"dial\",\"method\":\"POST\",\"records\":"
      "false}}]" },
    { "<Dial timeout='5' sequential='true' hangupOnStar='true'><Number sendDigits='w1'>12</Number>"
      "<Sip username='u' password='p'>bob@h?X-A=1</Sip><Client>eve</Client></Dial>",
      "[{\"connect\":{" BRIDGE "\"hangup_key\":\"*\"," TALK
      "\"serial\":[{\"confirm\":[{\"send_digits\":"
      "{\"digits\":\"w1\"}}],\"to\":\"12\"},{\"headers\":[{\"name\":\"X-A\",\"value\":\"1\"}],"
      "\"password\":\"p\",\"to\":\"sip:bob@h\",\"username\":\"u\"},{\"to\":\"user:eve\"}],"
      "\"timeout\":5.0}},{\"laml_action\":{\"after\":\"dial\",\"method\":\"POST\",\"records\":"
      "false}}]" },
    { "<Dial><Conference muted='true' beep='onEnter' waitUrl='w'>room</Conference></Dial>",
      "[{\"join_conference\":{\"beep\":\"onEnter\",\"muted\":true,\"name\":\"room\","
      "\"status_callback_event_type\":\"laml\",\"wait_url\":\"https://example.com/ivr/"
      "w\"}}," NO_ACTION("conference") "]" },
    { "<Enqueue action='q'>support</Enqueue>",
      "[{\"enter_queue\":{\"queue_name\":\"support\"}}," ACTION("enqueue",
                                                                "https://example.com/ivr/q") "]" },
    { "<Start><Stream name='s' url='wss://m.example/x'><Parameter name='a' value='b'/></Stream>"
      "</Start><Stop><Stream name='s'/></Stop>",
      "[{\"stream\":{\"control_id\":\"s\",\"custom_parameters\":{\"a\":\"b\"},\"laml\":true,"
      "\"name\":\"s\","
      "\"url\":\"wss://m.example/x\"}},{\"stop_stream\":{\"control_id\":\"s\"}}]" },
    { "<Sms>hello</Sms><Message to='+1' from='+2'><Body>x</Body><Media>p.png</Media></Message>",
      "[{\"send_sms\":{\"body\":\"hello\",\"from_number\":\"${call.to}\",\"to_number\":"
      "\"${call.from}\"}}," NO_ACTION(
          "message") ",{\"send_sms\":{\"body\":\"x\",\"from_number\":\"+"
                     "2\",\"media\":[\"https://example.com/ivr/p."
                     "png\"],\"to_number\":\"+1\"}}," NO_ACTION("message") "]" },
    { "<Refer><Sip>sip:a@b</Sip></Refer>",
      "[{\"sip_refer\":{\"to_uri\":\"sip:a@b\"}}," NO_ACTION("refer") "]" },
};

static char *document(const char *inner)
{
    size_t cap = strlen(inner) + 30;
    char *text = mem_alloc(cap);
    snprintf(text, cap, "<Response>%s</Response>", inner);
    return text;
}

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text = document(rows[i].inner);
        struct fault fault = { 0 };
        json_t *out = NULL;
        if (laml_load(slice_of(text), slice_of(url), &out, NULL, &fault))
            fail_msg("%s: %s", text, fault.text);
        char *steps = json_dumps(json_object_get(json_object_get(out, "sections"), "main"),
                                 JSON_COMPACT | JSON_SORT_KEYS);
        assert_string_equal(steps, rows[i].steps);
        free(steps);
        json_decref(out);
        mem_free(text);
    }
}

static const struct {
    const char *text, *fault;
    int line;
} faults[] = {
    { "", "no LaML: line 1: no element found", 1 },
    { "<Response>\n<Say>a</Response>", "no LaML: line 2: mismatched tag", 2 },
    { "<Response/>\n<Response/>", "no LaML: line 2: junk after document element", 2 },
    { "<!DOCTYPE a [<!ENTITY b 'c'>]><Response/>",
      "no LaML: line 1: a document type (<!DOCTYPE) is not allowed", 1 },
    { "<Response><Say>&b;</Say></Response>", "no LaML: line 1: undefined entity", 1 },
    { "<Say>a</Say>", "line 1: <Say>: a document is a <Response>", 1 },
    { "<Response>\n\n<Shout/></Response>", "line 3: <Shout>: there is no such verb", 3 },
    { "<Response><Number>1</Number></Response>",
      "line 1: <Number>: it cannot stand within <Response>", 1 },
    { "<Response><Gather>\n<Record/></Gather></Response>",
      "line 2: <Record>: it cannot stand within <Gather>", 2 },
    { "<Response><Dial/></Response>", "line 1: <Dial>: there is nobody to ring", 1 },
    { "<Response><Dial timeout='0'>1</Dial></Response>",
      "line 1: <Dial>: 'timeout' is a number from 1 to 600, not '0'", 1 },
    { "<Response><Record playBeep='yes'/></Response>",
      "line 1: <Record>: 'playBeep' is true or false, not 'yes'", 1 },
    { "<Response><Redirect method='PUT'>a</Redirect></Response>",
      "line 1: <Redirect>: 'method' is GET|POST, not 'PUT'", 1 },
    { "<Response><Play>a b.wav</Play></Response>",
      "line 1: <Play>: blanks or control characters in 'a b.wav'", 1 },
    { "<Response><Start><Stream url='http://a'/></Start></Response>",
      "line 1: <Stream>: 'url' is a ws: or wss: address, not 'http://a'", 1 },
    { "<Response><Refer><Sip>bob</Sip></Refer></Response>",
      "line 1: <Refer>: it needs a <Sip> with a sip: address", 1 },
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct fault fault = { 0 };
        json_t *out = NULL;
        if (!laml_load(slice_of(faults[i].text), slice_of(url), &out, NULL, &fault))
            fail_msg("%s: no error", faults[i].text);
        assert_null(out);
        assert_string_equal(fault.text, faults[i].fault);
        assert_int_equal(fault.line, faults[i].line);
    }
}

static void test_a_text_has_no_address(void **state)
{
    (void)state;
    struct fault fault = { 0 };
    json_t *out = NULL;
    const struct slice text = SLICE("<Response><Redirect>x</Redirect></Response>");
    assert_int_equal(laml_load(text, SLICE_NONE, &out, NULL, &fault), ERR_INVALID);
    assert_string_equal(fault.text,
                        "line 1: <Redirect>: 'x' is relative, and the document has no address");
}

static void test_warnings(void **state)
{
    (void)state;
    json_t *out = NULL, *warnings = json_array();
    const struct slice text =
        SLICE("\n<Response xmlns='a'><Say pitch='1'>x</Say><Play/></Response>");
    assert_int_equal(laml_load(text, slice_of(url), &out, warnings, NULL), OK);
    assert_int_equal(json_array_size(warnings), 2);
    assert_string_equal(json_string_value(json_array_get(warnings, 0)),
                        "line 1: <Say>: there is no attribute 'pitch'");
    assert_string_equal(json_string_value(json_array_get(warnings, 1)),
                        "line 1: <Play>: there is nothing in it");
    json_decref(out);
    json_decref(warnings);
}

/* A document of `n` times `part` with `end` behind it. */
static enum err load_many(const char *part, size_t n, struct fault *fault)
{
    size_t len = strlen(part), at = 10;
    char *text = mem_alloc(n * len + 30);
    json_t *out = NULL;
    memcpy(text, "<Response>", 10);
    for (size_t i = 0; i < n; i++, at += len)
        memcpy(text + at, part, len);
    memcpy(text + at, "</Response>", 11);
    enum err err = laml_load(slice_make(text, at + 11), slice_of(url), &out, NULL, fault);
    json_decref(out);
    mem_free(text);
    return err;
}

static void test_limits(void **state)
{
    (void)state;
    struct fault fault = { 0 };
    assert_int_equal(load_many("<Pause/>", 1999, &fault), OK);
    assert_int_equal(load_many("<Pause/>", 2000, &fault), ERR_LIMIT);
    assert_string_equal(fault.text, "no LaML: line 1: more than 2000 elements");
    assert_int_equal(load_many("<Say>", 16, &fault), ERR_LIMIT);
    assert_string_equal(fault.text, "no LaML: line 1: more than 16 elements within each other");
    assert_int_equal(load_many(" ", LAML_XML_MAX_BYTES, &fault), ERR_LIMIT);
    assert_string_equal(fault.text, "no LaML: line 0: more than 65536 bytes");
}

static void test_told_apart(void **state)
{
    (void)state;
    assert_true(laml_is(SLICE("\xef\xbb\xbf \n<?xml version='1.0'?><Response/>")));
    assert_false(laml_is(SLICE("{\"version\": \"1.0.0\"}")));
    assert_false(laml_is(SLICE("- play: 'say:<b>'")));
    assert_false(laml_is(SLICE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_a_text_has_no_address),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
