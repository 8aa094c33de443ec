/* Phone numbers under the names of the compatibility API: what it sets is put in the words that
 * sw_numbers.c keeps. There is no market for numbers here: none is available. */
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "base/num.h"

static const struct {
    const char *field, *key,
        *kept;             /* of the body, of the answer, what it is called where it is kept */
    const char *otherwise; /* NULL: null */
} pairs[] = {
    { "FriendlyName", "friendly_name", "name", "" },
    { "VoiceUrl", "voice_url", "call_request_url", NULL },
    { "VoiceMethod", "voice_method", "call_request_method", "POST" },
    { "VoiceFallbackUrl", "voice_fallback_url", "call_fallback_url", NULL },
    { "VoiceFallbackMethod", "voice_fallback_method", "call_fallback_method", "POST" },
    { "VoiceApplicationSid", "voice_application_sid", "call_laml_application_id", NULL },
    { "StatusCallback", "status_callback", "call_status_callback_url", NULL },
    { "StatusCallbackMethod", "status_callback_method", "call_status_callback_method", "POST" },
    { "SmsUrl", "sms_url", "message_request_url", NULL },
    { "SmsMethod", "sms_method", "message_request_method", "POST" },
    { "SmsFallbackUrl", "sms_fallback_url", "message_fallback_url", NULL },
    { "SmsFallbackMethod", "sms_fallback_method", "message_fallback_method", "POST" },
    { "SmsApplicationSid", "sms_application_sid", "message_laml_application_id", NULL },
};

json_t *sw_laml_number_json(const struct rest *rest, const struct store_number *row,
                            json_t *take_number)
{
    static const char *const none[] = { "address_sid", "emergency_address_sid", "identity_sid",
                                        "trunk_sid", "voice_caller_id_lookup" };
    const char *id = sw_text(take_number, "id"), *own = sw_of(rest)->project_id;
    json_t *number =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:{s:b, s:b, s:b, s:b}, s:s, s:s, s:s, s:O, s:s, s:o}",
                  "account_id", own, "account_sid", own, "address_requirements", "none",
                  "api_version", "2010-04-01", "beta", 0, "capabilities", "voice", 1, "sms", 1,
                  "mms", 0, "fax", 1, "country_code", "US", "emergency_status", "Inactive",
                  "origin", "hosted", "phone_number", json_object_get(take_number, "number"), "sid",
                  id, "uri", sw_laml_uri(rest, "IncomingPhoneNumbers/%s", id));
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        const char *text = sw_text(take_number, pairs[i].kept);
        json_object_set_new(number, pairs[i].key,
                            sw_text_or_null(text[0] ? text : pairs[i].otherwise));
    }
    if (!sw_text(number, "friendly_name")[0])
        json_object_set(number, "friendly_name", json_object_get(take_number, "number"));
    for (size_t i = 0; i < COUNT_OF(none); i++)
        json_object_set_new(number, none[i], json_null());
    json_object_set_new(number, "date_created", sw_laml_time(row->created_ms));
    json_object_set_new(number, "date_updated",
                        sw_laml_time(row->updated_ms ? row->updated_ms : row->created_ms));
    json_decref(take_number);
    return number;
}

/* An address or an application also says what kind of handler there is. */
static void translate(struct rest *rest)
{
    static const struct {
        const char *kept, *handler, *word;
    } handlers[] = {
        { "call_request_url", "call_handler", "laml_webhooks" },
        { "call_laml_application_id", "call_handler", "laml_application" },
        { "message_request_url", "message_handler", "laml_webhooks" },
        { "message_laml_application_id", "message_handler", "laml_application" },
    };
    json_t *body = json_object();
    json_object_set(body, "number", json_object_get(rest->body, "PhoneNumber"));
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        json_object_set(body, pairs[i].kept, json_object_get(rest->body, pairs[i].field));
    for (size_t i = 0; i < COUNT_OF(handlers); i++)
        if (sw_text(body, handlers[i].kept)[0])
            json_object_set_new(body, handlers[i].handler, json_string(handlers[i].word));
    json_decref(rest->body);
    rest->body = body;
}

void sw_laml_number_add(struct rest *rest)
{
    translate(rest);
    sw_number_add(rest);
}

void sw_laml_number_change(struct rest *rest)
{
    translate(rest);
    sw_number_change(rest);
}

/* --- numbers to take --- */

void sw_laml_available_countries(struct rest *rest)
{
    rest_reply_take(
        rest, 200,
        json_pack("{s:o, s:[]}", "uri", sw_laml_uri(rest, "AvailablePhoneNumbers"), "countries"));
}

void sw_laml_available_country(struct rest *rest)
{
    const char *country = rest_captured(rest, 1);
    rest_reply_take(
        rest, 200,
        json_pack("{s:s, s:s, s:o, s:b, s:{s:o, s:o}}", "country_code", country, "country", country,
                  "uri", sw_laml_uri(rest, "AvailablePhoneNumbers/%s", country), "beta", 0,
                  "subresource_uris", "local",
                  sw_laml_uri(rest, "AvailablePhoneNumbers/%s/Local", country), "toll_free",
                  sw_laml_uri(rest, "AvailablePhoneNumbers/%s/TollFree", country)));
}

void sw_laml_available_list(struct rest *rest)
{
    rest_reply_take(
        rest, 200,
        json_pack("{s:o, s:[]}", "uri",
                  sw_laml_uri(rest, "AvailablePhoneNumbers/%s/Local", rest_captured(rest, 1)),
                  "available_phone_numbers"));
}
