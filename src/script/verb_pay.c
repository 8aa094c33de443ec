/* pay: a card's data by keys alone, checked here, given to the customer's connector and to nobody
 * else. What was typed is in no event, no log and no variable, and is wiped when the step is over.
 */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "script/card.h"
#include "script/line.h"
#include "script/script_priv.h"
#include "script/swml_priv.h"
#include "script/verb_rows.h"

enum { ENTRY_MAX = 32, CONNECTOR_TIMEOUT_MS = 30000, BODY_MAX = 4096 };

enum pay_field { PAY_NUMBER, PAY_DATE, PAY_CODE, PAY_POSTAL, PAY_FIELDS };

/* What is asked, in this order; the words are spoken unless `prompts` has others. */
static const struct {
    const char *name, *words;
} fields[PAY_FIELDS] = {
    { "payment-card-number", "Please enter your card number, then press pound." },
    { "expiration-date", "Please enter the expiration date, two digits for the month and two for "
                         "the year, then press pound." },
    { "security-code", "Please enter the security code of your card, then press pound." },
    { "postal-code", "Please enter your postal code, then press pound." },
};

struct pay {
    struct script *script;
    char entries[PAY_FIELDS][ENTRY_MAX];
    enum pay_field at;
    unsigned attempt;
    struct line_op *play, *collect;
    struct http_client_call *call;
    struct timer timer;
    const char *result; /* once it is decided, and the last words are spoken */
    json_t *results;
};

static struct pay *state_of(struct script *script)
{
    return script->state;
}

static void wipe(struct pay *pay)
{
    mem_wipe(pay->entries, sizeof pay->entries);
}

/* Keys may be heard as tones: what is recorded is silent while they are typed. */
static void hide_keys(const struct script *script, bool on)
{
    struct line_op *record = script->line ? line_find(script->line, "record", NULL) : NULL;
    line_hide_keys(script->line, on);
    if (record)
        (void)!line_record_pause(record, on ? LINE_RECORD_SILENCE : LINE_RECORD_ON);
}

static void tell(struct script *script, const char *step, const char *error_type)
{
    const struct pay *pay = state_of(script);
    char masked[ENTRY_MAX];
    card_mask(pay->entries[PAY_NUMBER], masked, sizeof masked);
    json_t *params = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "for", step, "payment_method",
                               "credit-card", "payment_card_number", masked, "payment_card_type",
                               card_type(pay->entries[PAY_NUMBER]), "security_code",
                               pay->entries[PAY_CODE][0] ? "***" : "", "expiration_date",
                               pay->entries[PAY_DATE]);
    if (error_type)
        json_object_set_new(params, "error_type", json_string(error_type));
    if (pay->result)
        json_object_set_new(params, "result", json_string(pay->result));
    script_tell(script, "calling.call.pay", "", params);
}

static void drop(struct script *script)
{
    struct pay *pay = state_of(script);
    if (!pay->result && script->line && !line_leg(script->line)) {
        pay->result = "caller-hung-up";
        script_result(script, "pay", pay->result);
        tell(script, "payment-failed", NULL);
    }
    line_op_cancel(pay->play);
    line_op_cancel(pay->collect);
    if (pay->call)
        http_client_cancel(pay->call);
    json_decref(pay->results);
    wipe(pay);
    mem_free(pay);
    hide_keys(script, false);
}

static void finish(struct script *script)
{
    struct pay *pay = state_of(script);
    script_result(script, "pay", pay->result);
    script_set(script, "pay_payment_results",
               pay->results ? json_incref(pay->results) : json_object());
    drop(script);
    script->state = NULL;
    script->cancel = NULL;
    script_done(script);
}

/* --- speaking --- */

static bool is_for(const json_t *prompt, const char *step, unsigned attempt, const char *error_type)
{
    const char *attempts = param_text(prompt, "attempts", ""),
               *type = param_text(prompt, "error_type", "");
    char number[12];
    snprintf(number, sizeof number, "%u", attempt);
    if (strcmp(param_text(prompt, "for", ""), step) != 0)
        return false;
    if (attempts[0] && !strstr(attempts, number))
        return false;
    return !type[0] || (error_type && strstr(type, error_type));
}

static json_t *actions_of(const struct script *script, const struct pay *pay, const char *step,
                          const char *error_type)
{
    const json_t *prompt, *action;
    size_t i, k;
    json_t *said = json_array();
    json_array_foreach(json_object_get(script->value, "prompts"), i, prompt)
    {
        if (json_array_size(said) || !is_for(prompt, step, pay->attempt, error_type))
            continue;
        json_array_foreach(json_object_get(prompt, "actions"), k, action)
        {
            const char *phrase = param_text(action, "phrase", "");
            bool is_play = strcmp(param_text(action, "type", "Say"), "Play") == 0;
            json_array_append_new(said, json_sprintf("%s%s", is_play ? "" : "say:", phrase));
        }
    }
    return said;
}

static void speak(struct script *script, const char *step, const char *words,
                  const char *error_type, line_fn fn)
{
    struct pay *pay = state_of(script);
    json_t *said = actions_of(script, pay, step, error_type);
    if (!json_array_size(said))
        json_array_append_new(said, json_sprintf("say:%s", words));
    struct sound_spec *sounds = mem_array(json_array_size(said), sizeof *sounds);
    size_t n = 0, i;
    json_t *one;
    json_array_foreach(said, i, one)
    {
        struct fault fault = { 0 };
        if (sound_spec_parse(json_string_value(one), &sounds[n], &fault))
            script_warn(script, "%s", fault.text);
        else
            n++;
    }
    json_decref(said);
    if (!n) { /* nothing that can be played: go on without words */
        mem_free(sounds);
        sounds = mem_new(struct sound_spec);
        sounds[0].kind = SOUND_SILENCE;
        sounds[0].seconds = 0.1;
        n = 1;
    }
    const struct line_play_config config = { .take_sounds = sounds, .n = n, .loops = 1 };
    pay->play = line_play(script->line, &config, fn, script);
}

static void on_last_words(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    (void)result;
    state_of(script)->play = NULL;
    if (end != LINE_OVER)
        finish(script);
}

static void conclude(struct script *script, const char *result, const char *step, const char *words)
{
    state_of(script)->result = result;
    tell(script, step, NULL);
    speak(script, step, words, NULL, on_last_words);
}

/* --- asking --- */

static void ask(struct script *script, const char *error_type);

static bool is_wanted(const struct script *script, enum pay_field field)
{
    const json_t *value = script->value;
    const char *postal = json_string_value(json_object_get(value, "postal_code"));
    bool is_known = postal && strcmp(postal, "true") != 0 && strcmp(postal, "false") != 0;
    if (field == PAY_CODE)
        return param_bool(value, "security_code", true);
    if (field == PAY_POSTAL) /* a code that is known is not asked for */
        return !is_known && param_bool(value, "postal_code", true);
    return true;
}

static void charge(struct script *script);

static void next_field(struct script *script)
{
    struct pay *pay = state_of(script);
    while (pay->at < PAY_FIELDS && !is_wanted(script, pay->at))
        pay->at++;
    if (pay->at == PAY_FIELDS)
        charge(script);
    else
        ask(script, NULL);
}

static void again(struct script *script, const char *error_type)
{
    struct pay *pay = state_of(script);
    mem_wipe(pay->entries[pay->at], ENTRY_MAX);
    tell(script, fields[pay->at].name, error_type);
    if (pay->attempt++ < (unsigned)param_number(script->value, "max_attempts", 1)) {
        ask(script, error_type);
        return;
    }
    conclude(script, "too-many-failed-attempts", "payment-failed",
             "Your payment could not be taken.");
}

/* What is wrong with an entry, in the words of the original; NULL: nothing. */
static const char *fault_of(const struct script *script, const struct pay *pay)
{
    const char *entry = pay->entries[pay->at];
    int64_t now_ms = loop_wall_ms(script->scripts->config.loop);
    unsigned shortest = (unsigned)param_number(script->value, "min_postal_code_length", 0);
    if (!entry[0])
        return "timeout";
    switch (pay->at) {
    case PAY_NUMBER:
        if (!card_is_number(entry))
            return "invalid-card-number";
        return card_is_accepted(
                   entry, param_text(script->value, "valid_card_types", "visa mastercard amex"))
                   ? NULL
                   : "invalid-card-type";
    case PAY_DATE:
        return card_is_date(entry, now_ms) ? NULL : "invalid-date";
    case PAY_CODE:
        return strlen(entry) == card_code_length(pay->entries[PAY_NUMBER])
                   ? NULL
                   : "invalid-security-code";
    case PAY_POSTAL:
        return strlen(entry) >= shortest ? NULL : "invalid-postal-code";
    case PAY_FIELDS:
        break;
    }
    return NULL;
}

static void on_collected(void *owner, enum line_end end, const json_t *result)
{
    struct script *script = owner;
    struct pay *pay = state_of(script);
    pay->collect = NULL;
    if (end == LINE_OVER)
        return;
    line_op_cancel(pay->play);
    pay->play = NULL;
    if (strcmp(param_text(result, "terminator", ""), "*") == 0) {
        conclude(script, "caller-interrupted-with-star", "payment-canceled",
                 "Your payment was cancelled.");
        return;
    }
    (void)slice_copy(slice_of(param_text(result, "digits", "")), pay->entries[pay->at], ENTRY_MAX);
    const char *wrong = fault_of(script, pay);
    if (wrong) {
        again(script, wrong);
        return;
    }
    tell(script, fields[pay->at].name, NULL);
    pay->at++;
    next_field(script);
}

static void on_asked(void *owner, enum line_end end, const json_t *result)
{
    struct pay *pay = state_of(owner);
    (void)result;
    pay->play = NULL;
    if (end != LINE_OVER && pay->collect)
        line_collect_start_timers(pay->collect);
}

static void on_input(void *owner)
{
    struct pay *pay = state_of(owner);
    struct line_op *play = pay->play;
    pay->play = NULL;
    line_op_cancel(play);
}

static void ask(struct script *script, const char *error_type)
{
    struct pay *pay = state_of(script);
    int64_t patience_ms = param_ms(script->value, "timeout", 5);
    const struct line_collect_config config = {
        .max_digits = ENTRY_MAX - 1, /* the pound key ends it, or the time */
        .terminators = "#*",
        .digit_ms = patience_ms,
        .initial_ms = patience_ms,
        .starts_later = true,
        .secret = true,
        .on_input = on_input,
    };
    pay->collect = line_collect(script->line, &config, on_collected, script);
    speak(script, fields[pay->at].name, fields[pay->at].words, error_type, on_asked);
}

/* --- the connector --- */

static void set_results(struct pay *pay, const json_t *answer)
{
    char masked[ENTRY_MAX];
    const char *number = pay->entries[PAY_NUMBER];
    card_mask(number, masked, sizeof masked);
    json_t *results =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "payment_card_number", masked, "payment_card_type",
                  card_type(number), "payment_card_expiration_date", pay->entries[PAY_DATE],
                  "payment_card_security_code", pay->entries[PAY_CODE][0] ? "***" : "",
                  "payment_card_postal_code", pay->entries[PAY_POSTAL]);
    static const struct {
        const char *from, *to;
    } rows[] = { { "token_id", "payment_token" },
                 { "charge_id", "payment_confirmation_code" },
                 { "error_message", "payment_error" },
                 { "error_code", "payment_error_code" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        json_object_set_new(results, rows[i].to, json_string(param_text(answer, rows[i].from, "")));
    json_object_set_new(results, "connector_error",
                        json_pack("{s:s, s:s}", "code", param_text(answer, "error_code", ""),
                                  "message", param_text(answer, "error_message", "")));
    json_decref(pay->results);
    pay->results = results;
}

static void on_connector(void *owner, const struct http_client_answer *answer)
{
    struct script *script = owner;
    struct pay *pay = state_of(script);
    const char *id = param_number(script->value, "charge_amount", 0) > 0 ? "charge_id" : "token_id";
    pay->call = NULL;
    json_t *json = answer->err ? NULL
                               : json_loadb(answer->body.ptr ? answer->body.ptr : "",
                                            answer->body.len, 0, NULL);
    bool is_good = !answer->err && answer->status == 200 && param_text(json, id, NULL);
    set_results(pay, json);
    json_decref(json);
    if (is_good) {
        conclude(script, "success", "payment-completed", "Thank you. Your payment is complete.");
    } else if (answer->err) {
        conclude(script, "payment-connector-error", "payment-failed",
                 "Your payment could not be taken.");
    } else if (pay->attempt++ < (unsigned)param_number(script->value, "max_attempts", 1)) {
        tell(script, "payment-failed", "card-declined");
        wipe(pay);
        pay->at = PAY_NUMBER;
        ask(script, "card-declined");
    } else {
        conclude(script, "payment-connector-error", "payment-failed",
                 "Your payment could not be taken.");
    }
}

static json_t *parameters_of(const struct script *script)
{
    const json_t *one;
    size_t i;
    json_t *object = json_object();
    json_array_foreach(json_object_get(script->value, "parameters"), i, one)
        json_object_set(object, param_text(one, "name", ""), json_object_get(one, "value"));
    return object;
}

/* The only place where the number leaves: the connector's request (protocol note, section 7). */
static void charge(struct script *script)
{
    struct pay *pay = state_of(script);
    const json_t *value = script->value;
    char id[UUID_TEXT], month[3] = "", year[5] = "20";
    struct fault fault = { 0 };
    rand_uuid(id);
    memcpy(month, pay->entries[PAY_DATE], 2);
    memcpy(year + 2, pay->entries[PAY_DATE] + 2, 2);
    const char *postal = json_string_value(json_object_get(value, "postal_code"));
    bool is_known = postal && strcmp(postal, "true") != 0 && strcmp(postal, "false") != 0;
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "transaction_id",
                  id, "method", "credit-card", "cardnumber", pay->entries[PAY_NUMBER], "cvv",
                  pay->entries[PAY_CODE], "expiry_month", month, "expiry_year", year, "postal_code",
                  is_known ? postal : pay->entries[PAY_POSTAL], "chargeAmount",
                  param_text(value, "charge_amount", "0"), "token_type",
                  param_text(value, "token_type", "reusable"), "description",
                  param_text(value, "description", ""), "currency_code",
                  param_text(value, "currency", "usd"), "parameters", parameters_of(script));
    char *text = json_dumps(body, JSON_COMPACT);
    const struct script_request request = {
        .http = { .url = param_text(value, "payment_connector_url", ""),
                  .content_type = "application/json",
                  .body = slice_of(text),
                  .timeout_ms = CONNECTOR_TIMEOUT_MS,
                  .max_body = BODY_MAX * 16 },
        .project_id = script->project_id,
    };
    tell(script, "payment-processing", NULL);
    pay->call = scripts_send(script->scripts, &request, on_connector, script, &fault);
    mem_wipe(text, strlen(text));
    mem_free(text);
    json_decref(body);
    if (!pay->call) {
        script_warn(script, "relay_script_method_execute_failed: pay: %s", fault.text);
        conclude(script, "payment-connector-error", "payment-failed",
                 "Your payment could not be taken.");
    }
}

/* https, or the machine itself (the seed's check 9.5) */
static bool is_safe_url(const char *url)
{
    static const char *const begins[] = { "https://", "http://127.0.0.1", "http://localhost",
                                          "http://[::1]" };
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        struct slice text = slice_of(url), rest;
        if (!slice_istarts(text, slice_of(begins[i])))
            continue;
        rest = slice_from(text, strlen(begins[i]));
        if (i == 0 || !rest.len || rest.ptr[0] == ':' || rest.ptr[0] == '/')
            return true;
    }
    return false;
}

static enum verb_next run(struct script *script, const json_t *value)
{
    if (!is_safe_url(param_text(value, "payment_connector_url", ""))) {
        script_result(script, "pay", "validation-error");
        return VERB_DONE;
    }
    script_answer(script);
    if (script->over)
        return VERB_JUMPED;
    struct pay *pay = mem_new(struct pay);
    pay->script = script;
    pay->attempt = 1;
    script->state = pay;
    script->cancel = drop;
    hide_keys(script, true);
    ask(script, NULL);
    return VERB_WAITS;
}

static enum err check(const json_t *value, struct swml_place *place)
{
    const char *url = json_string_value(json_object_get(value, "payment_connector_url"));
    if (!url || strchr(url, '{') || is_safe_url(url))
        return OK;
    swml_place_key(place, "payment_connector_url");
    return swml_fail(place, "method_parameter_invalid_value", "card data go over https only");
}

static const struct verb_param params[] = {
    { .name = "payment_connector_url", .types = VERB_TEXT, .required = true },
    { .name = "charge_amount", .types = VERB_TEXT },
    { .name = "currency", .types = VERB_TEXT },
    { .name = "description", .types = VERB_TEXT },
    { .name = "input", .types = VERB_TEXT, .words = "dtmf" },
    { .name = "language", .types = VERB_TEXT },
    { .name = "max_attempts", .types = VERB_NUMBER, .min = 1, .max = 100 },
    { .name = "min_postal_code_length", .types = VERB_NUMBER, .min = 0, .max = 16 },
    { .name = "parameters", .types = VERB_LIST },
    { .name = "payment_method", .types = VERB_TEXT, .words = "credit-card" },
    { .name = "postal_code", .types = VERB_BOOL | VERB_TEXT },
    { .name = "prompts", .types = VERB_LIST },
    { .name = "security_code", .types = VERB_BOOL },
    { .name = "status_url", .types = VERB_TEXT },
    { .name = "timeout", .types = VERB_NUMBER, .min = 1, .max = 600 },
    { .name = "token_type", .types = VERB_TEXT, .words = "one-time|reusable" },
    { .name = "valid_card_types", .types = VERB_TEXT },
    { .name = "voice", .types = VERB_TEXT },
    { 0 },
};

const struct verb verb_pay = { .name = "pay", .params = params, .check = check, .run = run };
