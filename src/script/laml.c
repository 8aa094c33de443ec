#include "script/laml.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/web_url.h"
#include "script/laml_priv.h"
#include "script/laml_xml.h"
#include "script/line.h"

enum { FOREVER = 0, GATHER_S = 5, RECORD_S = 5, RECORD_MAX_S = 3600, DIGITS_MAX = 256 };

/* --- elements --- */

const char *laml_name(const json_t *node)
{
    return json_string_value(json_object_get(node, "name"));
}

int laml_line(const json_t *node)
{
    return (int)json_integer_value(json_object_get(node, "line")); /* of 64 KiB */
}

const char *laml_attribute(const json_t *node, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(json_object_get(node, "at"), name));
    return text ? text : otherwise;
}

double laml_number(const json_t *node, const char *name, double otherwise)
{
    const char *text = laml_attribute(node, name, NULL);
    return text ? strtod(text, NULL) : otherwise; /* laml_check() saw that it is one */
}

bool laml_bool(const json_t *node, const char *name, bool otherwise)
{
    return strcmp(laml_attribute(node, name, otherwise ? "true" : "false"), "true") == 0;
}

static void put_folded(struct buf *out, const char *text)
{
    for (; *text; text++) {
        bool is_space = isspace((unsigned char)*text);
        if (!is_space)
            buf_char(out, *text);
        else if (out->len && out->ptr[out->len - 1] != ' ')
            buf_char(out, ' ');
    }
}

static void put_text(struct buf *out, const json_t *node)
{
    const json_t *child;
    size_t i;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (json_is_string(child))
            put_folded(out, json_string_value(child));
        else
            put_text(out, child);
    }
}

char *laml_text(const json_t *node)
{
    char *memory = mem_alloc(2 * LAML_XML_MAX_BYTES + 1);
    struct buf out = { .ptr = memory, .cap = 2 * LAML_XML_MAX_BYTES + 1 };
    put_text(&out, node);
    char *text = slice_dup(slice_trim(buf_slice(&out)));
    mem_free(memory);
    return text;
}

enum err laml_fail(struct laml *laml, const json_t *node, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return fault_set(laml->fault, ERR_INVALID, "", laml_line(node), "line %d: <%.40s>: %s",
                     laml_line(node), laml_name(node), text);
}

void laml_warn(struct laml *laml, const json_t *node, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (laml->warnings)
        json_array_append_new(laml->warnings, json_sprintf("line %d: <%.40s>: %s", laml_line(node),
                                                           laml_name(node), text));
}

/* --- steps --- */

json_t *laml_literal(const char *text)
{
    static const char brace[] = "${'{'}"; /* what was put in is not read again (expr.h) */
    size_t braces = 0, len = strlen(text);
    for (const char *at = text; *at; at++)
        braces += *at == '{';
    size_t cap = len + braces * sizeof brace + 1;
    char *memory = mem_alloc(cap);
    struct buf out = { .ptr = memory, .cap = cap };
    for (const char *at = text; *at; at++) {
        if (*at == '{')
            buf_text(&out, brace);
        else
            buf_char(&out, *at);
    }
    json_t *value = json_stringn(out.ptr, out.len);
    mem_free(memory);
    return value ? value : json_string("");
}

void laml_put(json_t *step, const char *key, const char *text)
{
    if (text)
        json_object_set_new(step, key, laml_literal(text));
}

enum err laml_resolve(struct laml *laml, const json_t *node, const char *reference, char **out)
{
    char memory[LAML_URL_MAX];
    struct buf url = BUF_ON(memory);
    for (const char *at = reference; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return laml_fail(laml, node, "blanks or control characters in '%.60s'", reference);
    enum err err = web_url_resolve(laml->url, slice_of(reference), &url);
    if (err == ERR_INVALID)
        return laml_fail(laml, node, "'%.80s' is relative, and the document has no address",
                         reference);
    if (err || url.len >= sizeof memory)
        return laml_fail(laml, node, "an address of more than %d bytes", LAML_URL_MAX - 1);
    *out = slice_dup(buf_slice(&url));
    return OK;
}

enum err laml_put_url(struct laml *laml, const json_t *node, const char *attribute, json_t *step,
                      const char *key)
{
    const char *text = laml_attribute(node, attribute, NULL);
    char *url = NULL;
    if (!text || !*text)
        return OK;
    enum err err = laml_resolve(laml, node, text, &url);
    if (err)
        return err;
    laml_put(step, key, url);
    mem_free(url);
    return OK;
}

void laml_step(struct laml *laml, const char *method, json_t *take_value)
{
    json_array_append_new(laml->steps, json_pack("{s:o}", method, take_value));
}

enum err laml_action(struct laml *laml, const json_t *node, const char *after, bool is_default,
                     json_t *take_extra)
{
    const char *action = laml_attribute(node, "action", NULL);
    json_t *value = take_extra ? take_extra : json_object();
    char *url = NULL;
    enum err err = OK;
    if (action && *action)
        err = laml_resolve(laml, node, action, &url);
    else if (is_default && laml->url.len)
        url = slice_dup(laml->url);
    if (err) {
        json_decref(value);
        return err;
    }
    json_object_set_new(value, "after", json_string(after));
    if (url)
        json_object_set_new(value, "url", json_string(url));
    json_object_set_new(value, "method", json_string(laml_attribute(node, "method", "POST")));
    mem_free(url);
    laml_step(laml, "laml_action", value);
    return OK;
}

/* --- sounds --- */

/* <break time="800ms"/> within speech, as silence; its other marks as the text in them. */
static double break_seconds(const json_t *node)
{
    const char *time = laml_attribute(node, "time", "1s");
    double number = strtod(time, NULL);
    if (strstr(time, "ms"))
        number /= 1000;
    return number > 0 && number <= 60 ? number : 1;
}

static void put_said(json_t *list, struct buf *text)
{
    struct slice said = slice_trim(buf_slice(text));
    char *value = slice_dup(said);
    if (said.len) {
        json_t *literal = laml_literal(value);
        json_array_append_new(list, json_sprintf("say:%s", json_string_value(literal)));
        json_decref(literal);
    }
    mem_free(value);
    buf_reset(text);
}

static void speak(const json_t *node, json_t *list, struct buf *text)
{
    const json_t *child;
    size_t i;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (json_is_string(child)) {
            put_folded(text, json_string_value(child));
        } else if (strcmp(laml_name(child), "break") == 0) {
            put_said(list, text);
            json_array_append_new(list, json_sprintf("silence:%g", break_seconds(child)));
        } else {
            speak(child, list, text);
        }
    }
}

static void say(const json_t *node, json_t *list)
{
    char *memory = mem_alloc(2 * LAML_XML_MAX_BYTES + 1);
    struct buf text = { .ptr = memory, .cap = 2 * LAML_XML_MAX_BYTES + 1 };
    speak(node, list, &text);
    put_said(list, &text);
    mem_free(memory);
}

enum err laml_sounds(struct laml *laml, const json_t *node, json_t *list)
{
    if (strcmp(laml_name(node), "Say") == 0) {
        say(node, list);
        return OK;
    }
    if (strcmp(laml_name(node), "Pause") == 0) {
        double seconds = laml_number(node, "length", 1);
        if (seconds > 0)
            json_array_append_new(list, json_sprintf("silence:%g", seconds));
        return OK;
    }
    char *text = laml_text(node), *url = NULL;
    enum err err = *text ? laml_resolve(laml, node, text, &url) : OK;
    if (url)
        json_array_append_new(list, laml_literal(url));
    mem_free(text);
    mem_free(url);
    return err;
}

/* --- verbs --- */

static enum err put_play(struct laml *laml, const json_t *node)
{
    const char *digits = laml_attribute(node, "digits", NULL);
    json_t *urls = json_array();
    enum err err = laml_sounds(laml, node, urls);
    if (!err && digits)
        laml_step(laml, "send_digits", json_pack("{s:s}", "digits", digits));
    if (!err && json_array_size(urls))
        laml_step(laml, "play",
                  json_pack("{s:O, s:i}", "urls", urls, "loop", (int)laml_number(node, "loop", 1)));
    else if (!err && !digits)
        laml_warn(laml, node, "there is nothing in it");
    json_decref(urls);
    return err;
}

static enum err put_pause(struct laml *laml, const json_t *node)
{
    laml_step(laml, "sleep", json_pack("{s:f}", "duration", laml_number(node, "length", 1) * 1000));
    return OK;
}

/* What is heard while keys are awaited: each as often as its loop says, as far as it fits. */
static enum err put_prompts(struct laml *laml, const json_t *node, json_t *sounds)
{
    const json_t *child;
    size_t i;
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (!json_is_object(child))
            continue;
        json_t *one = json_array();
        enum err err = laml_sounds(laml, child, one);
        double loops = laml_number(child, "loop", 1);
        for (double n = 0; !err && json_array_size(one) && (n < loops || loops == FOREVER); n++) {
            if (json_array_size(sounds) + json_array_size(one) > LINE_SOUNDS_MAX)
                break;
            json_array_extend(sounds, one);
        }
        json_decref(one);
        if (err)
            return err;
    }
    return OK;
}

/* "yes, no, operator" */
static json_t *hint_list(const char *text)
{
    struct slice rest = slice_of(text), one;
    json_t *list = json_array();
    while (rest.len) {
        one = slice_trim(slice_cut(&rest, ','));
        char *hint = slice_dup(one);
        if (one.len)
            json_array_append_new(list, laml_literal(hint));
        mem_free(hint);
    }
    return list;
}

static enum err put_gather(struct laml *laml, const json_t *node)
{
    const char *input = laml_attribute(node, "input", "dtmf");
    const char *hints = laml_attribute(node, "hints", NULL);
    double timeout = strtod(laml_attribute(node, "timeout", "5"), NULL); /* or "auto" */
    timeout = timeout > 0 && timeout <= 3600 ? timeout : GATHER_S;
    json_t *sounds = json_array();
    enum err err = put_prompts(laml, node, sounds);
    if (!json_array_size(sounds))
        json_array_append_new(sounds, json_string("silence:0.02"));
    double max = strstr(input, "dtmf") ? laml_number(node, "numDigits", DIGITS_MAX) : 0;
    json_t *value = json_pack("{s:o, s:i, s:f, s:f}", "play", sounds, "max_digits", (int)max,
                              "initial_timeout", timeout, "digit_timeout", timeout);
    laml_put(value, "terminators", laml_attribute(node, "finishOnKey", "#"));
    if (strstr(input, "speech")) {
        double end = strtod(laml_attribute(node, "speechTimeout", "1"), NULL); /* or "auto" */
        json_object_set_new(value, "speech_end_timeout", json_real(end > 0 && end < 60 ? end : 1));
        laml_put(value, "speech_language", laml_attribute(node, "language", "en-US"));
        json_object_set_new(value, "speech_hints", hint_list(hints));
    }
    if (err) {
        json_decref(value);
        return err;
    }
    laml_step(laml, "prompt", value);
    json_t *extra = json_pack("{s:b}", "always", laml_bool(node, "actionOnEmptyResult", false));
    return laml_action(laml, node, "gather", true, extra);
}

static enum err put_record(struct laml *laml, const json_t *node)
{
    double silence = laml_number(node, "timeout", RECORD_S);
    json_t *extra = json_object();
    json_t *value = json_pack("{s:s, s:b, s:f, s:f, s:f}", "direction", "speak", "beep",
                              laml_bool(node, "playBeep", true), "initial_timeout", silence,
                              "end_silence_timeout", silence, "max_length",
                              laml_number(node, "maxLength", RECORD_MAX_S));
    laml_put(value, "terminators", laml_attribute(node, "finishOnKey", "1234567890*#"));
    laml_put(value, "source", "RecordVerb");
    laml_put(value, "trim", laml_attribute(node, "trim", NULL));
    /* who wants to be told of the words wants the words */
    bool transcribes =
        laml_bool(node, "transcribe", laml_attribute(node, "transcribeCallback", NULL) != NULL);
    if (transcribes)
        json_object_set_new(value, "transcribe", json_true());
    enum err err = laml_put_url(laml, node, "transcribeCallback", value, "transcribe_callback");
    if (!err)
        err = laml_put_url(laml, node, "recordingStatusCallback", extra, "callback");
    if (err) {
        json_decref(value);
        json_decref(extra);
        return err;
    }
    laml_step(laml, "record", value);
    laml_put(extra, "callback_method", laml_attribute(node, "recordingStatusCallbackMethod", NULL));
    return laml_action(laml, node, "record", true, extra);
}

static enum err put_redirect(struct laml *laml, const json_t *node)
{
    char *text = laml_text(node), *url = NULL;
    enum err err = laml_resolve(laml, node, text, &url);
    mem_free(text);
    if (err)
        return err;
    laml_step(laml, "laml_action",
              json_pack("{s:s, s:s, s:s}", "after", "redirect", "url", url, "method",
                        laml_attribute(node, "method", "POST")));
    mem_free(url);
    return OK;
}

static enum err put_hangup(struct laml *laml, const json_t *node)
{
    (void)node;
    laml_step(laml, "hangup", json_object());
    return OK;
}

static enum err put_reject(struct laml *laml, const json_t *node)
{
    bool is_busy = strcmp(laml_attribute(node, "reason", "rejected"), "busy") == 0;
    laml_step(laml, "hangup", json_pack("{s:s}", "reason", is_busy ? "busy" : "decline"));
    return OK;
}

static enum err put_leave(struct laml *laml, const json_t *node)
{
    (void)node;
    laml_step(laml, "return", json_string("leave"));
    return OK;
}

static const struct {
    const char *name;
    enum err (*put)(struct laml *laml, const json_t *node);
} verbs[] = {
    { "Connect", laml_connect }, { "Dial", laml_dial },        { "Enqueue", laml_enqueue },
    { "Gather", put_gather },    { "Hangup", put_hangup },     { "Leave", put_leave },
    { "Message", laml_message }, { "Pause", put_pause },       { "Play", put_play },
    { "Record", put_record },    { "Redirect", put_redirect }, { "Refer", laml_refer },
    { "Reject", put_reject },    { "Say", put_play },          { "Sms", laml_message },
    { "Start", laml_start },     { "Stop", laml_stop },
};

static enum err put_verb(struct laml *laml, const json_t *node)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(laml_name(node), verbs[i].name) == 0)
            return verbs[i].put(laml, node);
    return laml_fail(laml, node, "it cannot stand within <Response>");
}

static enum err translate(struct laml *laml, const json_t *root)
{
    const json_t *child;
    size_t i;
    enum err err = laml_check(laml, root);
    json_array_foreach(json_object_get(root, "in"), i, child)
    {
        if (!err && json_is_object(child))
            err = put_verb(laml, child);
    }
    return err;
}

bool laml_is(struct slice text)
{
    if (slice_starts(text, SLICE("\xef\xbb\xbf"))) /* a byte order mark */
        text = slice_from(text, 3);
    return slice_starts(slice_trim(text), SLICE("<"));
}

enum err laml_load(struct slice text, struct slice url, json_t **out, json_t *warnings,
                   struct fault *fault)
{
    struct laml laml = { .url = url, .warnings = warnings, .fault = fault };
    struct fault why = { 0 };
    json_t *root = NULL;
    if (!slice_starts(text, SLICE("\xef\xbb\xbf"))) /* servers let blank lines in front of <?xml */
        text = slice_trim(text);
    enum err err = laml_xml_parse(text, &root, &why);
    if (err)
        return fault_set(fault, err, "", why.line, "no LaML: line %d: %s", why.line, why.text);
    laml.steps = json_array();
    err = translate(&laml, root);
    json_decref(root);
    if (err)
        json_decref(laml.steps);
    else
        *out = json_pack("{s:s, s:b, s:{s:o}}", "version", "1.0.0", "laml", true, "sections",
                         "main", laml.steps);
    return err;
}
