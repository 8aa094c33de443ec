/* Every endpoint of the compatibility API, as sw_endpoints.c has ours. */
#include <ctype.h>
#include <string.h>

#include "api/signalwire/sw_laml.h"
#include "api/signalwire/sw_queues.h"
#include "base/num.h"

#define ACCOUNT "/Accounts/:AccountSid"
#define URL_FIELD(field_name)                                                                \
    {                                                                                        \
        .name = field_name, .type = SW_TEXT, .high = SW_URL_MAX - 1, .check = sw_is_web_url, \
        .code = "11100", .expected = "an http: or https: URL",                               \
    }
#define METHOD_FIELD(field_name)                                                    \
    {                                                                               \
        .name = field_name, .type = SW_TEXT, .words = " GET POST ", .code = "13221" \
    }
#define RECORDING_CALLBACK_FIELDS                                                        \
    URL_FIELD("RecordingStatusCallback"), METHOD_FIELD("RecordingStatusCallbackMethod"), \
    {                                                                                    \
        .name = "RecordingStatusCallbackEvent", .type = SW_LIST, .high = 3               \
    }
#define TRIM_FIELD                                                             \
    {                                                                          \
        .name = "Trim", .type = SW_TEXT, .words = " trim-silence do-not-trim " \
    }
#define TEXT_FIELD(field_name)                           \
    {                                                    \
        .name = field_name, .type = SW_TEXT, .high = 300 \
    }
#define BOOL_FIELD(field_name)              \
    {                                       \
        .name = field_name, .type = SW_BOOL \
    }

static bool is_digits(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!strchr("0123456789*#wW", value.ptr[i]))
            return false;
    return true;
}

/* clang-format off */
SW_BODY(call_add, {
    { .name = "To", .type = SW_TEXT, .is_required = true, .high = 300, .check = sw_is_party,
      .code = "21211", .expected = "a number, a SIP URI, client: and a user" },
    { .name = "From", .type = SW_TEXT, .is_required = true, .high = 300, .check = sw_is_party,
      .code = "21213", .expected = "a number, a SIP URI or a name" },
    URL_FIELD("Url"),
    { .name = "Twiml", .type = SW_TEXT, .high = 65536 },
    { .name = "Laml", .type = SW_TEXT, .high = 65536 },
    { .name = "ApplicationSid", .type = SW_TEXT, .high = SW_ID - 1 },
    METHOD_FIELD("Method"),
    URL_FIELD("FallbackUrl"),
    METHOD_FIELD("FallbackMethod"),
    URL_FIELD("StatusCallback"),
    METHOD_FIELD("StatusCallbackMethod"),
    { .name = "StatusCallbackEvent", .type = SW_LIST, .high = 10 },
    { .name = "CallerId", .type = SW_TEXT, .high = 300, .check = sw_is_party },
    { .name = "SendDigits", .type = SW_TEXT, .high = 32, .check = is_digits,
      .expected = "keys and w, at most 32" },
    { .name = "Timeout", .type = SW_NUMBER, .low = 1, .high = 600, .code = "21208",
      .expected = "a number from 1 to 600" },
    { .name = "MachineDetection", .type = SW_TEXT, .words = " Enable DetectMessageEnd none " },
    { .name = "MachineDetectionTimeout", .type = SW_NUMBER, .low = 1, .high = 120 },
    { .name = "MachineDetectionSpeechThreshold", .type = SW_NUMBER, .low = 1000, .high = 6000 },
    { .name = "MachineDetectionSpeechEndThreshold", .type = SW_NUMBER, .low = 500, .high = 5000 },
    { .name = "MachineDetectionSilenceTimeout", .type = SW_NUMBER, .low = 2000, .high = 10000 },
    { .name = "MachineWordsThreshold", .type = SW_NUMBER, .low = 1, .high = 100 },
    BOOL_FIELD("AsyncAmd"),
    URL_FIELD("AsyncAmdStatusCallback"),
    METHOD_FIELD("AsyncAmdStatusCallbackMethod"),
    BOOL_FIELD("Record"),
    { .name = "RecordingChannels", .type = SW_TEXT, .words = " mono dual " },
    { .name = "RecordingTrack", .type = SW_TEXT, .words = " inbound outbound both " },
    TRIM_FIELD,
    RECORDING_CALLBACK_FIELDS,
    { .name = "SipAuthUsername", .type = SW_TEXT, .high = 128, .check = sw_is_line,
      .expected = "one line of text" },
    { .name = "SipAuthPassword", .type = SW_TEXT, .high = 128, .check = sw_is_line,
      .expected = "one line of text" },
});
SW_BODY(call_change, {
    URL_FIELD("Url"),
    { .name = "Twiml", .type = SW_TEXT, .high = 65536 },
    { .name = "Laml", .type = SW_TEXT, .high = 65536 },
    METHOD_FIELD("Method"),
    URL_FIELD("FallbackUrl"),
    METHOD_FIELD("FallbackMethod"),
    { .name = "Status", .type = SW_TEXT, .words = " canceled completed " },
});
SW_BODY(recording_add, {
    { .name = "RecordingChannels", .type = SW_TEXT, .words = " mono dual " },
    { .name = "RecordingTrack", .type = SW_TEXT, .words = " inbound outbound both " },
    TRIM_FIELD,
    RECORDING_CALLBACK_FIELDS,
});
SW_BODY(stream_add, {
    { .name = "Url", .type = SW_TEXT, .is_required = true, .high = SW_URL_MAX - 1 },
    TEXT_FIELD("Name"),
    { .name = "Track", .type = SW_TEXT, .words = " inbound_track outbound_track both_tracks " },
    URL_FIELD("StatusCallback"),
    METHOD_FIELD("StatusCallbackMethod"),
    TEXT_FIELD("AuthorizationBearerToken"),
});
SW_BODY(stream_change, {
    { .name = "Status", .type = SW_TEXT, .is_required = true, .words = " stopped " },
});
SW_BODY(recording_change, {
    { .name = "Status", .type = SW_TEXT, .is_required = true,
      .words = " paused in-progress stopped " },
    { .name = "PauseBehavior", .type = SW_TEXT, .words = " skip silence " },
});
SW_BODY(message_add, {
    { .name = "To", .type = SW_TEXT, .is_required = true, .high = 150, .check = sw_is_message_to,
      .code = "21211", .expected = "a number such as +15551234567" },
    { .name = "MessagingServiceSid", .type = SW_TEXT, .high = SW_ID - 1 },
    { .name = "From", .type = SW_TEXT, .high = 150,
      .check = sw_is_message_from, .code = "21212",
      .expected = "a number such as +15551234567, or a short code" },
    { .name = "Body", .type = SW_TEXT, .high = 10000, .code = "21617" },
    { .name = "MediaUrl", .type = SW_LIST, .high = 8, .code = "21623",
      .expected = "at most 8 URLs" },
    BOOL_FIELD("SendAsMms"),
    URL_FIELD("StatusCallback"),
    { .name = "ValidityPeriod", .type = SW_NUMBER, .low = 1, .high = 172800,
      .expected = "seconds, at most 172800" },
});
SW_BODY(message_redact, { { .name = "Body", .type = SW_TEXT, .is_required = false, .high = 10000 } });
SW_BODY(fax_add, {
    { .name = "To", .type = SW_TEXT, .is_required = true, .high = 299, .check = sw_is_party,
      .code = "21211", .expected = "a number or a SIP URI" },
    { .name = "From", .type = SW_TEXT, .is_required = true, .high = 299, .check = sw_is_party,
      .code = "21212", .expected = "a number or a name" },
    { .name = "MediaUrl", .type = SW_TEXT, .is_required = true, .high = SW_URL_MAX - 1,
      .check = sw_is_web_url, .code = "21620", .expected = "an http: or https: URL" },
    { .name = "Quality", .type = SW_TEXT, .words = " standard fine superfine " },
    URL_FIELD("StatusCallback"),
    METHOD_FIELD("StatusCallbackMethod"),
    { .name = "StatusCallbackEvent", .type = SW_LIST, .high = 10 },
    BOOL_FIELD("StoreMedia"),
    { .name = "Ttl", .type = SW_NUMBER, .low = 5, .high = 300,
      .expected = "minutes from 5 to 300" },
    { .name = "SipAuthUsername", .type = SW_TEXT, .high = 128 },
    { .name = "SipAuthPassword", .type = SW_TEXT, .high = 128 },
});
SW_BODY(fax_change, {
    { .name = "Status", .type = SW_TEXT, .is_required = true, .words = " canceled " },
});
SW_BODY(conference_change, {
    { .name = "Status", .type = SW_TEXT, .words = " completed " },
    URL_FIELD("AnnounceUrl"),
    METHOD_FIELD("AnnounceMethod"),
});
SW_BODY(participant_add, {
    { .name = "To", .type = SW_TEXT, .is_required = true, .high = 300, .check = sw_is_party,
      .code = "21211", .expected = "a number, a SIP URI, client: and a user" },
    { .name = "From", .type = SW_TEXT, .is_required = true, .high = 300, .check = sw_is_party,
      .code = "21213", .expected = "a number, a SIP URI or a name" },
    { .name = "CallerId", .type = SW_TEXT, .high = 300, .check = sw_is_party },
    { .name = "Timeout", .type = SW_NUMBER, .low = 1, .high = 600, .code = "21208",
      .expected = "a number from 1 to 600" },
    URL_FIELD("StatusCallback"),
    METHOD_FIELD("StatusCallbackMethod"),
    { .name = "StatusCallbackEvent", .type = SW_LIST, .high = 10 },
    BOOL_FIELD("Muted"),
    { .name = "Beep", .type = SW_TEXT, .words = " true false onEnter onExit " },
    BOOL_FIELD("StartConferenceOnEnter"),
    BOOL_FIELD("EndConferenceOnExit"),
    URL_FIELD("WaitUrl"),
    { .name = "MaxParticipants", .type = SW_NUMBER, .low = 2, .high = 100000 },
    TEXT_FIELD("CallSidToCoach"),
    { .name = "ConferenceRecord", .type = SW_TEXT, .words = " do-not-record record-from-start " },
    { .name = "ConferenceTrim", .type = SW_TEXT, .words = " do-not-trim trim-silence " },
    URL_FIELD("ConferenceStatusCallback"),
    METHOD_FIELD("ConferenceStatusCallbackMethod"),
    { .name = "ConferenceStatusCallbackEvent", .type = SW_LIST, .high = 10 },
    URL_FIELD("ConferenceRecordingStatusCallback"),
    METHOD_FIELD("ConferenceRecordingStatusCallbackMethod"),
    { .name = "SipAuthUsername", .type = SW_TEXT, .high = 128, .check = sw_is_line,
      .expected = "one line of text" },
    { .name = "SipAuthPassword", .type = SW_TEXT, .high = 128, .check = sw_is_line,
      .expected = "one line of text" },
});
SW_BODY(participant_change, {
    BOOL_FIELD("Muted"),
    BOOL_FIELD("Hold"),
    URL_FIELD("AnnounceUrl"),
    METHOD_FIELD("AnnounceMethod"),
    URL_FIELD("HoldUrl"),
    METHOD_FIELD("HoldMethod"),
});
SW_BODY(queue_add, {
    { .name = "FriendlyName", .type = SW_TEXT, .is_required = true, .high = 64 },
    { .name = "MaxSize", .type = SW_NUMBER, .low = 1, .high = 5000,
      .expected = "a number from 1 to 5000" },
});
SW_BODY(queue_change, {
    { .name = "FriendlyName", .type = SW_TEXT, .high = 64 },
    { .name = "MaxSize", .type = SW_NUMBER, .low = 1, .high = 5000,
      .expected = "a number from 1 to 5000" },
});
SW_BODY(member_change, {
    { .name = "Url", .type = SW_TEXT, .is_required = true, .high = SW_URL_MAX - 1,
      .check = sw_is_web_url, .code = "21205", .expected = "an http: or https: URL" },
    METHOD_FIELD("Method"),
});
#define NUMBER_FIELDS                                                             \
    TEXT_FIELD("FriendlyName"), URL_FIELD("VoiceUrl"), METHOD_FIELD("VoiceMethod"), \
    URL_FIELD("VoiceFallbackUrl"), METHOD_FIELD("VoiceFallbackMethod"),             \
    TEXT_FIELD("VoiceApplicationSid"), URL_FIELD("StatusCallback"),                 \
    METHOD_FIELD("StatusCallbackMethod"), URL_FIELD("SmsUrl"),                      \
    METHOD_FIELD("SmsMethod"), URL_FIELD("SmsFallbackUrl"),                         \
    METHOD_FIELD("SmsFallbackMethod"), TEXT_FIELD("SmsApplicationSid")
SW_BODY(number_add, {
    { .name = "PhoneNumber", .type = SW_TEXT, .is_required = true, .check = sw_is_e164,
      .code = "21421", .expected = "a number such as +15551234567" },
    NUMBER_FIELDS,
});
SW_BODY(number_change, { NUMBER_FIELDS });
SW_BODY(application, {
    TEXT_FIELD("FriendlyName"),
    URL_FIELD("VoiceUrl"),
    METHOD_FIELD("VoiceMethod"),
    URL_FIELD("VoiceFallbackUrl"),
    METHOD_FIELD("VoiceFallbackMethod"),
    URL_FIELD("StatusCallback"),
    METHOD_FIELD("StatusCallbackMethod"),
    BOOL_FIELD("VoiceCallerIdLookup"),
    URL_FIELD("SmsUrl"),
    METHOD_FIELD("SmsMethod"),
    URL_FIELD("SmsFallbackUrl"),
    METHOD_FIELD("SmsFallbackMethod"),
    URL_FIELD("SmsStatusCallback"),
    METHOD_FIELD("SmsStatusCallbackMethod"),
    URL_FIELD("MessageStatusCallback"),
});
SW_BODY(bin_add, {
    { .name = "Name", .type = SW_TEXT, .is_required = true, .high = REST_TEXT_MAX },
    { .name = "Contents", .type = SW_TEXT, .is_required = true, .high = 65536 },
});
SW_BODY(bin_change, {
    { .name = "Name", .type = SW_TEXT, .high = REST_TEXT_MAX },
    { .name = "Contents", .type = SW_TEXT, .high = 65536 },
});

#define CALLING "calling"
#define ANY "calling messaging fax"
static const struct sw_endpoint endpoints[] = {
    { HTTP_GET, "/Accounts", "management", 200, sw_laml_account_list, NULL, "List accounts" },
    { HTTP_GET, ACCOUNT, "", 200, sw_laml_account_show, NULL, "Show an account" },
    { HTTP_GET, ACCOUNT "/Applications", ANY, 200, sw_laml_resource_list, NULL, "List applications" },
    { HTTP_POST, ACCOUNT "/Applications", ANY, 201, sw_laml_resource_add, &application,
      "Make an application" },
    { HTTP_GET, ACCOUNT "/Applications/:Sid", ANY, 200, sw_laml_resource_show, NULL,
      "Show an application" },
    { HTTP_POST, ACCOUNT "/Applications/:Sid", ANY, 200, sw_laml_resource_change, &application,
      "Change an application" },
    { HTTP_DELETE, ACCOUNT "/Applications/:Sid", ANY, 204, sw_laml_resource_remove, NULL,
      "Delete an application" },
    { HTTP_GET, ACCOUNT "/AvailablePhoneNumbers", "numbers", 200, sw_laml_available_countries,
      NULL, "List countries that have numbers to take" },
    { HTTP_GET, ACCOUNT "/AvailablePhoneNumbers/:IsoCountry", "numbers", 200,
      sw_laml_available_country, NULL, "Show a country that has numbers to take" },
    { HTTP_GET, ACCOUNT "/AvailablePhoneNumbers/:IsoCountry/Local", "numbers", 200,
      sw_laml_available_list, NULL, "List numbers to take" },
    { HTTP_GET, ACCOUNT "/AvailablePhoneNumbers/:IsoCountry/TollFree", "numbers", 200,
      sw_laml_available_list, NULL, "List free numbers to take" },
    { HTTP_GET, ACCOUNT "/Calls", CALLING, 200, sw_laml_call_list, NULL, "List calls" },
    { HTTP_POST, ACCOUNT "/Calls", CALLING, 200, sw_laml_call_add, &call_add, "Place a call" },
    { HTTP_GET, ACCOUNT "/Calls/:Sid", CALLING, 200, sw_laml_call_show, NULL, "Show a call" },
    { HTTP_POST, ACCOUNT "/Calls/:Sid", CALLING, 200, sw_laml_call_change, &call_change,
      "Redirect or end a call" },
    { HTTP_DELETE, ACCOUNT "/Calls/:Sid", CALLING, 204, sw_laml_call_remove, NULL,
      "Delete the record of a call" },
    { HTTP_GET, ACCOUNT "/Calls/:CallSid/Recordings", CALLING, 200, sw_laml_recording_list, NULL,
      "List a call's recordings" },
    { HTTP_POST, ACCOUNT "/Calls/:CallSid/Recordings", CALLING, 200, sw_laml_recording_add,
      &recording_add, "Record a call" },
    { HTTP_POST, ACCOUNT "/Calls/:CallSid/Recordings/:Sid", CALLING, 200,
      sw_laml_recording_change, &recording_change, "End a recording" },
    { HTTP_POST, ACCOUNT "/Calls/:CallSid/Streams", CALLING, 200, sw_laml_stream_add, &stream_add,
      "Send a call's audio to a WebSocket" },
    { HTTP_POST, ACCOUNT "/Calls/:CallSid/Streams/:Sid", CALLING, 200, sw_laml_stream_change,
      &stream_change, "End a stream" },
    { HTTP_GET, ACCOUNT "/Conferences", CALLING, 200, sw_laml_conference_list, NULL,
      "List conferences" },
    { HTTP_GET, ACCOUNT "/Conferences/:Sid", CALLING, 200, sw_laml_conference_show, NULL,
      "Show a conference" },
    { HTTP_POST, ACCOUNT "/Conferences/:Sid", CALLING, 200, sw_laml_conference_change,
      &conference_change, "End a conference" },
    { HTTP_GET, ACCOUNT "/Conferences/:ConferenceSid/Recordings", CALLING, 200,
      sw_laml_conference_recording_list, NULL, "List a conference's recordings" },
    { HTTP_GET, ACCOUNT "/Conferences/:ConferenceSid/Recordings/:Sid", CALLING, 200,
      sw_laml_conference_recording_show, NULL, "Show a conference's recording" },
    { HTTP_POST, ACCOUNT "/Conferences/:ConferenceSid/Recordings/:Sid", CALLING, 200,
      sw_laml_conference_recording_change, &recording_change,
      "Pause, resume or end a conference's recording" },
    { HTTP_DELETE, ACCOUNT "/Conferences/:ConferenceSid/Recordings/:Sid", CALLING, 204,
      sw_laml_conference_recording_remove, NULL, "Delete a conference's recording" },
    { HTTP_GET, ACCOUNT "/Conferences/:ConferenceSid/Participants", CALLING, 200,
      sw_laml_participant_list, NULL, "List who is in a conference" },
    { HTTP_POST, ACCOUNT "/Conferences/:ConferenceSid/Participants", CALLING, 201,
      sw_laml_participant_add, &participant_add, "Call somebody into a conference" },
    { HTTP_GET, ACCOUNT "/Conferences/:ConferenceSid/Participants/:CallSid", CALLING, 200,
      sw_laml_participant_show, NULL, "Show who is in a conference" },
    { HTTP_POST, ACCOUNT "/Conferences/:ConferenceSid/Participants/:CallSid", CALLING, 200,
      sw_laml_participant_change, &participant_change, "Mute or hold who is in a conference" },
    { HTTP_DELETE, ACCOUNT "/Conferences/:ConferenceSid/Participants/:CallSid", CALLING, 204,
      sw_laml_participant_remove, NULL, "Take somebody out of a conference" },
    { HTTP_GET, ACCOUNT "/Faxes", "fax", 200, sw_laml_fax_list, NULL, "List faxes" },
    { HTTP_POST, ACCOUNT "/Faxes", "fax", 200, sw_laml_fax_add, &fax_add, "Send a fax" },
    { HTTP_GET, ACCOUNT "/Faxes/:Sid", "fax", 200, sw_laml_fax_show, NULL, "Show a fax" },
    { HTTP_POST, ACCOUNT "/Faxes/:Sid", "fax", 200, sw_laml_fax_change, &fax_change,
      "Cancel a fax that is not being sent yet" },
    { HTTP_DELETE, ACCOUNT "/Faxes/:Sid", "fax", 204, sw_laml_fax_remove, NULL, "Delete a fax" },
    { HTTP_GET, ACCOUNT "/Faxes/:FaxSid/Media", "fax", 200, sw_laml_fax_media_list, NULL,
      "List a fax's media" },
    { HTTP_GET, ACCOUNT "/Faxes/:FaxSid/Media/:Sid", "fax", 200, sw_laml_fax_media_show, NULL,
      "Show a fax's media" },
    { HTTP_DELETE, ACCOUNT "/Faxes/:FaxSid/Media/:Sid", "fax", 204, sw_laml_fax_media_remove,
      NULL, "Delete a fax's document" },
    { HTTP_GET, ACCOUNT "/IncomingPhoneNumbers", "numbers", 200, sw_number_list, NULL,
      "List phone numbers" },
    { HTTP_POST, ACCOUNT "/IncomingPhoneNumbers", "numbers", 201, sw_laml_number_add, &number_add,
      "Take a phone number" },
    { HTTP_GET, ACCOUNT "/IncomingPhoneNumbers/Local", "numbers", 200, sw_number_list, NULL,
      "List phone numbers" },
    { HTTP_POST, ACCOUNT "/IncomingPhoneNumbers/Local", "numbers", 201, sw_laml_number_add,
      &number_add, "Take a phone number" },
    { HTTP_GET, ACCOUNT "/IncomingPhoneNumbers/:Sid", "numbers", 200, sw_number_show, NULL,
      "Show a phone number" },
    { HTTP_POST, ACCOUNT "/IncomingPhoneNumbers/:Sid", "numbers", 200, sw_laml_number_change,
      &number_change, "Say where a phone number leads" },
    { HTTP_DELETE, ACCOUNT "/IncomingPhoneNumbers/:Sid", "numbers", 204, sw_number_remove,
      NULL, "Give a phone number back" },
    { HTTP_GET, ACCOUNT "/LamlBins", ANY, 200, sw_laml_resource_list, NULL, "List documents" },
    { HTTP_POST, ACCOUNT "/LamlBins", ANY, 201, sw_laml_resource_add, &bin_add, "Keep a document" },
    { HTTP_GET, ACCOUNT "/LamlBins/:Sid", ANY, 200, sw_laml_resource_show, NULL, "Show a document" },
    { HTTP_POST, ACCOUNT "/LamlBins/:Sid", ANY, 200, sw_laml_resource_change, &bin_change,
      "Change a document" },
    { HTTP_DELETE, ACCOUNT "/LamlBins/:Sid", ANY, 204, sw_laml_resource_remove, NULL,
      "Delete a document" },
    { HTTP_GET, ACCOUNT "/Messages", "messaging", 200, sw_laml_message_list, NULL, "List messages" },
    { HTTP_POST, ACCOUNT "/Messages", "messaging", 201, sw_laml_message_add, &message_add,
      "Send a message" },
    { HTTP_GET, ACCOUNT "/Messages/:Sid", "messaging", 200, sw_laml_message_show, NULL,
      "Show a message" },
    { HTTP_POST, ACCOUNT "/Messages/:Sid", "messaging", 200, sw_laml_message_redact,
      &message_redact, "Redact a message" },
    { HTTP_DELETE, ACCOUNT "/Messages/:Sid", "messaging", 204, sw_laml_message_remove, NULL,
      "Delete a message" },
    { HTTP_GET, ACCOUNT "/Messages/:MessageSid/Media", "messaging", 200, sw_laml_media_list, NULL,
      "List a message's media" },
    { HTTP_GET, ACCOUNT "/Queues", CALLING, 200, sw_queue_list, NULL, "List queues" },
    { HTTP_POST, ACCOUNT "/Queues", CALLING, 201, sw_queue_add, &queue_add, "Make a queue" },
    { HTTP_GET, ACCOUNT "/Queues/:Sid", CALLING, 200, sw_queue_show, NULL, "Show a queue" },
    { HTTP_POST, ACCOUNT "/Queues/:Sid", CALLING, 200, sw_queue_change, &queue_change,
      "Change a queue" },
    { HTTP_DELETE, ACCOUNT "/Queues/:Sid", CALLING, 204, sw_queue_remove, NULL,
      "Delete a queue that is empty" },
    { HTTP_GET, ACCOUNT "/Queues/:QueueSid/Members", CALLING, 200, sw_queue_members, NULL,
      "List who waits" },
    { HTTP_GET, ACCOUNT "/Queues/:QueueSid/Members/:CallSid", CALLING, 200, sw_queue_member,
      NULL, "Show who waits" },
    { HTTP_POST, ACCOUNT "/Queues/:QueueSid/Members/:CallSid", CALLING, 200,
      sw_queue_dequeue, &member_change, "Send a caller who waits to a document" },
    { HTTP_GET, ACCOUNT "/Recordings", CALLING, 200, sw_laml_recording_list, NULL,
      "List recordings" },
    { HTTP_GET, ACCOUNT "/Recordings/:Sid", CALLING, 200, sw_laml_recording_show, NULL,
      "Show a recording, or the sound itself without .json" },
    { HTTP_DELETE, ACCOUNT "/Recordings/:Sid", CALLING, 204, sw_laml_recording_remove, NULL,
      "Delete a recording" },
    { HTTP_GET, ACCOUNT "/Recordings/:RecordingSid/Transcriptions", CALLING, 200,
      sw_laml_transcription_list, NULL, "List a recording's transcriptions" },
    { HTTP_GET, ACCOUNT "/Transcriptions", CALLING, 200, sw_laml_transcription_list, NULL,
      "List transcriptions" },
    { HTTP_GET, ACCOUNT "/Transcriptions/:Sid", CALLING, 200, sw_laml_transcription_show, NULL,
      "Show a transcription" },
    { HTTP_DELETE, ACCOUNT "/Transcriptions/:Sid", CALLING, 204, sw_laml_transcription_remove,
      NULL, "Delete a transcription" },
};
/* clang-format on */
const struct sw_table sw_laml_table = { endpoints, COUNT_OF(endpoints), "/api/laml/2010-04-01" };
