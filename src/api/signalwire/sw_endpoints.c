/* Every endpoint: who may ask, what is asked, who answers. Sorted by path but that a fixed segment
 * stands before a captured one. */
#include "api/signalwire/sw_faxes.h"
#include <string.h>

#include "api/signalwire/sw_caller_ids.h"
#include "api/signalwire/sw_domains.h"
#include "api/signalwire/sw_queues.h"
#include "api/signalwire/sw_recordings.h"
#include "base/num.h"

static bool is_room_name(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] == '.' || !rest_is_name(slice_sub(value, i, 1)))
            return false;
    return true;
}

static bool is_extension(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!memchr("0123456789*#w", value.ptr[i], 13))
            return false;
    return true;
}

/* clang-format off */
SW_BODY(token_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, .high = REST_TEXT_MAX },
    { .name = "permissions", .type = SW_LIST, .is_required = true, .low = 1, .high = 20,
      .expected = "a list of at least one scope" },
    { .name = "subproject_id", .type = SW_TEXT, .high = SW_ID - 1 },
});
SW_BODY(token_change, {
    { .name = "name", .type = SW_TEXT, .low = 1, .high = REST_TEXT_MAX },
    { .name = "permissions", .type = SW_LIST, .low = 1, .high = 20,
      .expected = "a list of at least one scope" },
});
SW_BODY(project_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, .high = 250 },
    { .name = "protect_recordings", .type = SW_BOOL },
    { .name = "protect_message_media", .type = SW_BOOL },
    { .name = "protect_fax_media", .type = SW_BOOL },
    { .name = "force_https_requests", .type = SW_BOOL },
});
SW_BODY(project_change, {
    { .name = "name", .type = SW_TEXT, .low = 1, .high = 250 },
    { .name = "protect_recordings", .type = SW_BOOL },
    { .name = "protect_message_media", .type = SW_BOOL },
    { .name = "protect_fax_media", .type = SW_BOOL },
    { .name = "force_https_requests", .type = SW_BOOL },
});
SW_BODY(number_add, {
    { .name = "number", .type = SW_TEXT, .is_required = true, .check = sw_is_e164,
      .code = "not_e164", .expected = "a number such as +15551234567" },
});
SW_BODY(number_import, {
    { .name = "number", .type = SW_TEXT, .is_required = true, .check = sw_is_e164,
      .code = "not_e164", .expected = "a number such as +15551234567" },
    { .name = "number_type", .type = SW_TEXT, .is_required = true, .words = " longcode tollfree " },
    { .name = "capabilities", .type = SW_LIST, .high = 4 },
});
SW_BODY(number_group, {
    { .name = "name", .type = SW_TEXT, .is_required = true, .low = 1, .high = REST_TEXT_MAX,
      .check = sw_is_line, .expected = "one line of text" },
    { .name = "sticky_sender", .type = SW_BOOL },
});
SW_BODY(number_group_member, {
    { .name = "phone_number_id", .type = SW_TEXT, .is_required = true, .high = SW_ID - 1 },
});
SW_BODY(number_change, {
    { .name = "name", .type = SW_TEXT, .high = REST_TEXT_MAX },
    { .name = "call_handler", .type = SW_TEXT, .words = " relay_context relay_topic relay_script "
      "relay_application relay_connector relay_sip_endpoint relay_verto_endpoint laml_webhooks "
      "laml_application dialogflow video_room " },
    { .name = "call_relay_script_url", .type = SW_TEXT, .high = 500 },
    { .name = "call_sip_endpoint_id", .type = SW_TEXT, .high = SW_ID - 1 },
});
#define HANDLER_URL .type = SW_TEXT, .high = 490, .check = sw_is_web_url, \
    .code = "not_an_http_url", .expected = "an http: or https: URL"
#define HANDLER_METHOD .type = SW_TEXT, .words = " GET POST "
/* Who answers the calls of a domain or an endpoint. */
#define HANDLER_FIELDS                                                                                \
    { .name = "call_handler", .type = SW_TEXT, .high = 40 },                                          \
    { .name = "call_request_url", HANDLER_URL }, { .name = "call_request_method", HANDLER_METHOD },   \
    { .name = "call_fallback_url", HANDLER_URL }, { .name = "call_fallback_method", HANDLER_METHOD }, \
    { .name = "call_status_callback_url", HANDLER_URL },                                              \
    { .name = "call_status_callback_method", HANDLER_METHOD },                                        \
    { .name = "call_relay_script_url", HANDLER_URL },                                                 \
    { .name = "call_laml_application_id", .type = SW_TEXT, .high = SW_ID - 1 }
SW_BODY(endpoint_add, { /* also a subscriber's */
    { SW_ENDPOINT_NAME, .is_required = true }, { SW_ENDPOINT_PASSWORD, .is_required = true },
    SW_ENDPOINT_FIELDS, HANDLER_FIELDS,
});
SW_BODY(endpoint_change, {
    { SW_ENDPOINT_NAME, .low = 1 }, { SW_ENDPOINT_PASSWORD }, SW_ENDPOINT_FIELDS, HANDLER_FIELDS,
});
SW_BODY(call_command, {
    { .name = "command", .type = SW_TEXT, .is_required = true, .high = 60 },
    { .name = "id", .type = SW_TEXT, .high = SW_ID - 1 },
    { .name = "params", .type = SW_OBJECT },
});
SW_BODY(room_token_add, {
    { .name = "room_name", .type = SW_TEXT, .is_required = true, .low = 1, .high = 100,
      .check = is_room_name, .expected = "letters, digits, - and _, at most 100" },
    { .name = "user_name", .type = SW_TEXT, .high = 100 },
    { .name = "permissions", .type = SW_LIST, .high = 100 },
    { .name = "join_from", .type = SW_TEXT, .high = 40 },
    { .name = "join_until", .type = SW_TEXT, .high = 40, .code = "invalid_join_until_date" },
    { .name = "remove_at", .type = SW_TEXT, .high = 40 },
    { .name = "remove_after_seconds_elapsed", .type = SW_NUMBER, .low = 1, .high = 200000 },
    { .name = "join_audio_muted", .type = SW_BOOL },
    { .name = "join_video_muted", .type = SW_BOOL },
    { .name = "auto_create_room", .type = SW_BOOL },
    { .name = "enable_room_previews", .type = SW_BOOL },
    { .name = "room_display_name", .type = SW_TEXT, .high = 200 },
    { .name = "end_room_session_on_leave", .type = SW_BOOL },
    { .name = "join_as", .type = SW_TEXT, .words = " member audience " },
    { .name = "media_allowed", .type = SW_TEXT, .words = " all video-only audio-only " },
    { .name = "room_meta", .type = SW_OBJECT },
    { .name = "meta", .type = SW_OBJECT },
    { .name = "sync_audio_video", .type = SW_BOOL },
    { .name = "mod_permissions", .type = SW_BOOL },
});
SW_BODY(message_add, {
    { .name = "to", .type = SW_TEXT, .is_required = true, .high = 150, .check = sw_is_message_to,
      .code = "invalid_to_number", .expected = "a number such as +15551234567" },
    { .name = "from", .type = SW_TEXT, .is_required = true, .high = 150,
      .check = sw_is_message_from, .code = "invalid_from_number",
      .expected = "a number such as +15551234567, or a short code" },
    { .name = "body", .type = SW_TEXT, .high = 10000, .code = "character_limit_exceeded",
      .expected = "text of at most 10000 bytes" },
    { .name = "media", .type = SW_LIST, .high = 8, .code = "media_limit_exceeded",
      .expected = "a list of at most 8 URLs" },
    { .name = "send_as_mms", .type = SW_BOOL },
    { .name = "status_callback", .type = SW_TEXT, .check = sw_is_web_url,
      .code = "not_an_http_url", .expected = "an http or https URL" },
    { .name = "custom_variables", .type = SW_ANY },
});
SW_BODY(message_redact, { { .name = "body", .type = SW_TEXT, .high = 10000 } });
SW_BODY(mfa_send, {
    { .name = "to", .type = SW_TEXT, .is_required = true, .high = 150, .check = sw_is_message_to,
      .expected = "a number such as +15551234567" },
    { .name = "from", .type = SW_TEXT, .high = 150, .check = sw_is_message_from,
      .expected = "a number such as +15551234567" },
    { .name = "message", .type = SW_TEXT, .high = 640 },
    { .name = "token_length", .type = SW_NUMBER, .low = 4, .high = 20,
      .expected = "a number from 4 to 20" },
    { .name = "valid_for", .type = SW_NUMBER, .low = 1, .high = 604800,
      .expected = "seconds, at most 604800" },
    { .name = "max_attempts", .type = SW_NUMBER, .low = 1, .high = 20,
      .expected = "a number from 1 to 20" },
    { .name = "allow_alphas", .type = SW_BOOL },
});
SW_BODY(queue_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, .high = 64 },
    { .name = "max_size", .type = SW_NUMBER, .low = 1, .high = 5000 },
});
SW_BODY(queue_change, {
    { .name = "name", .type = SW_TEXT, .high = 64 },
    { .name = "max_size", .type = SW_NUMBER, .low = 1, .high = 5000 },
});
SW_BODY(profile_change, {
    { .name = "domain_identifier", .type = SW_TEXT, .low = 1, .high = 63, .check = rest_is_name },
    { .name = "default_codecs", .type = SW_LIST, .high = 20 },
    { .name = "default_ciphers", .type = SW_LIST, .high = 20 },
    { .name = "default_encryption", .type = SW_TEXT, .words = " required optional " },
    { .name = "default_send_as", .type = SW_TEXT, .high = 100, .check = sw_is_line,
      .expected = "one line of text" },
});
SW_BODY(mfa_verify, { { .name = "token", .type = SW_TEXT, .is_required = true, .high = 100 } });

SW_BODY(caller_id_add, {
    { .name = "number", .type = SW_TEXT, .is_required = true, .check = sw_is_e164,
      .code = "not_e164", .expected = "a number such as +15551234567" },
    { .name = "name", .type = SW_TEXT, .high = 200, .check = sw_is_line,
      .expected = "one line of text" },
    { .name = "extension", .type = SW_TEXT, .high = 20, .check = is_extension,
      .expected = "0-9, *, # and w" },
});
SW_BODY(caller_id_change, {
    { .name = "name", .type = SW_TEXT, .is_required = true, .high = 200, .check = sw_is_line,
      .expected = "one line of text" },
});
SW_BODY(caller_id_verify, {
    { .name = "verification_code", .type = SW_TEXT, .is_required = true, .high = 20 },
});

#define DOMAIN_FIELDS                                                                                 \
    { .name = "user", .type = SW_TEXT, .low = 1, .high = 40, .check = sw_is_sip_user,                    \
      .expected = "* or a user part" },                                                               \
    { .name = "ip_auth_enabled", .type = SW_BOOL }, { .name = "ip_auth", .type = SW_LIST, .high = 256 }, \
    { .name = "encryption", .type = SW_TEXT, .words = " optional required forbidden " },              \
    { .name = "codecs", .type = SW_LIST, .high = 10 }, { .name = "ciphers", .type = SW_LIST, .high = 10 }, \
    HANDLER_FIELDS
#define IDENTIFIER .name = "identifier", .type = SW_TEXT, .low = 1, .high = 63, .check = sw_is_label, \
    .expected = "lower-case letters, digits and -"
SW_BODY(domain_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, .high = REST_TEXT_MAX,
      .check = sw_is_line, .expected = "one line of text" },
    { IDENTIFIER, .is_required = true },
    DOMAIN_FIELDS,
});
SW_BODY(domain_change, {
    { .name = "name", .type = SW_TEXT, .high = REST_TEXT_MAX, .check = sw_is_line,
      .expected = "one line of text" },
    { IDENTIFIER },
    DOMAIN_FIELDS,
});

#define DOMAINS "/api/relay/rest/domain_applications"
#define GROUPS "/api/relay/rest/number_groups"
#define MEMBERSHIPS "/api/relay/rest/number_group_memberships"
#define CALLER_IDS "/api/relay/rest/verified_caller_ids"
static const struct sw_endpoint endpoints[] = {
    { HTTP_GET, "/api/calling/calls", "calling", 200, sw_call_list, NULL, "List calls" },
    { HTTP_POST, "/api/calling/calls", "calling", 200, sw_call_command, &call_command,
      "Place a call, or do something with one" },
    { HTTP_GET, "/api/calling/calls/:id", "calling", 200, sw_call_show, NULL, "Show a call" },
    { HTTP_GET, "/api/messaging/logs", "messaging", 200, sw_message_list, NULL, "List messages" },
    { HTTP_GET, "/api/messaging/logs/:id", "messaging", 200, sw_message_show, NULL,
      "Show a message" },
    { HTTP_GET, "/api/messaging/messages", "messaging", 200, sw_message_list, NULL,
      "List messages" },
    { HTTP_POST, "/api/messaging/messages", "messaging", 201, sw_message_add, &message_add,
      "Send a message" },
    { HTTP_PATCH, "/api/messaging/messages/:id", "messaging", 200, sw_message_redact,
      &message_redact, "Redact a message" },
    { HTTP_GET, "/api/fax/logs", "fax", 200, sw_fax_list, NULL, "List faxes" },
    { HTTP_GET, "/api/fax/logs/:id", "fax", 200, sw_fax_show, NULL, "Show a fax" },
    { HTTP_POST, "/api/project/tokens", "management", 200, sw_token_add, &token_add,
      "Make a token" },
    { HTTP_PATCH, "/api/project/tokens/:id", "management", 200, sw_token_change, &token_change,
      "Change a token's name or permissions" },
    { HTTP_DELETE, "/api/project/tokens/:id", "management", 204, sw_token_remove, NULL,
      "Delete a token" },
    { HTTP_POST, "/api/project/tokens/:id/rotate", "management", 200, sw_token_rotate, NULL,
      "Give a token another text" },
    { HTTP_GET, "/api/projects", "management", 200, sw_project_list, NULL, "List projects" },
    { HTTP_POST, "/api/projects", "management", 201, sw_project_add, &project_add,
      "Make a subproject" },
    { HTTP_GET, "/api/projects/:id", "management", 200, sw_project_show, NULL, "Show a project" },
    { HTTP_PATCH, "/api/projects/:id", "management", 200, sw_project_change, &project_change,
      "Change a project" },
    { HTTP_DELETE, "/api/projects/:id", "management", 204, sw_project_remove, NULL,
      "Delete a subproject" },
    { HTTP_POST, "/api/projects/:id/signing-key/rotate", "management", 200, sw_project_rotate,
      NULL, "Give a project another signing key" },
    { HTTP_GET, DOMAINS, "calling messaging fax", 200, sw_domain_list, NULL,
      "List domain applications" },
    { HTTP_POST, DOMAINS, "calling messaging fax", 201, sw_domain_add, &domain_add,
      "Make a SIP domain that a program answers" },
    { HTTP_GET, DOMAINS "/:id", "calling messaging fax", 200, sw_domain_show, NULL,
      "Show a domain application" },
    { HTTP_PUT, DOMAINS "/:id", "calling messaging fax", 200, sw_domain_change, &domain_change,
      "Change a domain application" },
    { HTTP_DELETE, DOMAINS "/:id", "calling messaging fax", 204, sw_domain_remove, NULL,
      "Delete a domain application" },
    { HTTP_GET, "/api/relay/rest/endpoints/sip", "calling", 200, sw_endpoint_list, NULL,
      "List SIP endpoints" },
    { HTTP_POST, "/api/relay/rest/endpoints/sip", "calling", 200, sw_endpoint_add, &endpoint_add,
      "Make a SIP endpoint" },
    { HTTP_GET, "/api/relay/rest/endpoints/sip/:id", "calling", 200, sw_endpoint_show, NULL,
      "Show a SIP endpoint" },
    { HTTP_PUT, "/api/relay/rest/endpoints/sip/:id", "calling", 200, sw_endpoint_change,
      &endpoint_change, "Change a SIP endpoint" },
    { HTTP_DELETE, "/api/relay/rest/endpoints/sip/:id", "calling", 204, sw_endpoint_remove, NULL,
      "Delete a SIP endpoint" },
    { HTTP_POST, "/api/relay/rest/imported_phone_numbers", "numbers", 201, sw_number_add,
      &number_import, "Take a phone number of another carrier" },
    { HTTP_GET, "/api/relay/rest/lookup/phone_number/:number", "", 200, sw_number_lookup, NULL,
      "What a number says of itself" },
    { HTTP_GET, GROUPS, "numbers", 200, sw_number_groups, NULL, "List groups of phone numbers" },
    { HTTP_POST, GROUPS, "numbers", 200, sw_number_groups, &number_group,
      "Make a group of phone numbers" },
    { HTTP_GET, GROUPS "/:id", "numbers", 200, sw_number_groups, NULL,
      "Show a group of phone numbers" },
    { HTTP_PUT, GROUPS "/:id", "numbers", 200, sw_number_groups, &number_group,
      "Change a group of phone numbers" },
    { HTTP_DELETE, GROUPS "/:id", "numbers", 204, sw_number_groups, NULL,
      "Delete a group of phone numbers" },
    { HTTP_GET, GROUPS "/:id/number_group_memberships", "numbers", 200, sw_number_groups, NULL,
      "List the phone numbers of a group" },
    { HTTP_POST, GROUPS "/:id/number_group_memberships", "numbers", 200, sw_number_groups,
      &number_group_member, "Put a phone number into a group" },
    { HTTP_GET, MEMBERSHIPS "/:id", "numbers", 200, sw_number_groups, NULL,
      "Show a phone number of a group" },
    { HTTP_DELETE, MEMBERSHIPS "/:id", "numbers", 204, sw_number_groups, NULL,
      "Take a phone number out of a group" },
    { HTTP_GET, "/api/relay/rest/phone_numbers", "numbers", 200, sw_number_list, NULL,
      "List phone numbers" },
    { HTTP_POST, "/api/relay/rest/phone_numbers", "numbers", 200, sw_number_add, &number_add,
      "Take a phone number" },
    { HTTP_GET, "/api/relay/rest/phone_numbers/search", "numbers", 200, sw_number_search, NULL,
      "List phone numbers to take" },
    { HTTP_GET, "/api/relay/rest/phone_numbers/:id", "numbers", 200, sw_number_show, NULL,
      "Show a phone number" },
    { HTTP_PUT, "/api/relay/rest/phone_numbers/:id", "numbers", 200, sw_number_change,
      &number_change, "Say where a phone number leads" },
    { HTTP_DELETE, "/api/relay/rest/phone_numbers/:id", "numbers", 204, sw_number_remove, NULL,
      "Give a phone number back" },
    { HTTP_GET, "/api/relay/rest/queues", "calling", 200, sw_queue_list, NULL, "List queues" },
    { HTTP_POST, "/api/relay/rest/queues", "calling", 201, sw_queue_add, &queue_add,
      "Make a queue" },
    { HTTP_GET, "/api/relay/rest/queues/:id", "calling", 200, sw_queue_show, NULL, "Show a queue" },
    { HTTP_PUT, "/api/relay/rest/queues/:id", "calling", 200, sw_queue_change, &queue_change,
      "Change a queue" },
    { HTTP_DELETE, "/api/relay/rest/queues/:id", "calling", 204, sw_queue_remove, NULL,
      "Delete a queue" },
    { HTTP_GET, "/api/relay/rest/queues/:id/members", "calling", 200, sw_queue_members, NULL,
      "List who waits" },
    { HTTP_GET, "/api/relay/rest/queues/:id/members/:member", "calling", 200, sw_queue_member, NULL,
      "Show who waits; next: who is first" },
    { HTTP_GET, "/api/relay/rest/recordings", "calling", 200, sw_recording_list, NULL,
      "List recordings" },
    { HTTP_GET, "/api/relay/rest/recordings/:id", "calling", 200, sw_recording_show, NULL,
      "Show a recording" },
    { HTTP_DELETE, "/api/relay/rest/recordings/:id", "calling", 204, sw_recording_remove, NULL,
      "Delete a recording" },
    { HTTP_GET, "/api/relay/rest/short_codes", "numbers", 200, sw_number_search, NULL,
      "List short codes: there are none" },
    { HTTP_GET, "/api/relay/rest/sip_profile", "calling", 200, sw_profile_show, NULL,
      "Show what SIP endpoints have unless they say otherwise" },
    { HTTP_PUT, "/api/relay/rest/sip_profile", "calling", 201, sw_profile_change, &profile_change,
      "Change it" },
    { HTTP_GET, CALLER_IDS, "calling", 200, sw_caller_id_list, NULL, "List verified caller ids" },
    { HTTP_POST, CALLER_IDS, "calling", 201, sw_caller_id_add, &caller_id_add,
      "Call a number with the code that verifies it" },
    { HTTP_GET, CALLER_IDS "/:id", "calling", 200, sw_caller_id_show, NULL,
      "Show a verified caller id" },
    { HTTP_PUT, CALLER_IDS "/:id", "calling", 200, sw_caller_id_change, &caller_id_change,
      "Name a verified caller id" },
    { HTTP_DELETE, CALLER_IDS "/:id", "calling", 204, sw_caller_id_remove, NULL,
      "Delete a verified caller id" },
    { HTTP_POST, CALLER_IDS "/:id/verification", "calling", 200, sw_caller_id_call, NULL,
      "Call again, with another code" },
    { HTTP_PUT, CALLER_IDS "/:id/verification", "calling", 200, sw_caller_id_verify,
      &caller_id_verify, "Give the code back" },
    { HTTP_GET, "/api/logs/conferences", "calling video", 200, sw_conference_logs, NULL,
      "List conferences" },
    { HTTP_GET, "/api/voice/logs", "calling", 200, sw_call_list, NULL, "List calls" },
    { HTTP_GET, "/api/voice/logs/:id", "calling", 200, sw_call_show, NULL, "Show a call" },
    { HTTP_GET, "/api/voice/logs/:id/events", "calling", 200, sw_call_events, NULL,
      "What happened to a call" },
    { HTTP_POST, "/api/relay/rest/mfa/call", "management", 200, sw_mfa_call, &mfa_send,
      "Say a code in a call" },
    { HTTP_POST, "/api/relay/rest/mfa/sms", "management", 200, sw_mfa_sms, &mfa_send,
      "Send a code by message" },
    { HTTP_POST, "/api/relay/rest/mfa/:id/verify", "management", 200, sw_mfa_verify, &mfa_verify,
      "Verify a code" },
    { HTTP_POST, "/api/video/room_tokens", "video", 200, sw_room_token_add, &room_token_add,
      "Make a token for a video room" },
};
/* clang-format on */
const struct sw_body sw_endpoint_new = { endpoint_add_fields, COUNT_OF(endpoint_add_fields) },
                     sw_endpoint_changed = { endpoint_change_fields,
                                             COUNT_OF(endpoint_change_fields) };
const struct sw_table sw_table = { endpoints, COUNT_OF(endpoints), "" };
