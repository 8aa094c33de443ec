/* Which elements there are, where they may stand, and what their attributes may be. An element
 * that is unknown or misplaced is an error; an attribute that is unknown a warning, as with the
 * original. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "script/laml_priv.h"

#define METHOD "GET|POST"

struct attribute {
    const char *name;
    const char *words; /* "a|b"; "#": a number from min to max; "bool"; NULL: any text */
    double min, max;
};
enum { ATTRIBUTES_MAX = 24 };
struct element {
    const char *name;
    const char *parents; /* "Response|Gather" */
    bool any_children;   /* marks of speech: taken as text */
    struct attribute attributes[ATTRIBUTES_MAX];
};

#define CALLBACK                                                                       \
    { .name = "statusCallback" }, { .name = "statusCallbackMethod", .words = METHOD }, \
    {                                                                                  \
        .name = "statusCallbackEvent"                                                  \
    }
#define RECORDING                                                     \
    { .name = "recordingStatusCallback" },                            \
        { .name = "recordingStatusCallbackMethod", .words = METHOD }, \
        { .name = "recordingStatusCallbackEvent" },                   \
    {                                                                 \
        .name = "trim", .words = "trim-silence|do-not-trim"           \
    }

static const struct element elements[] = {
    { .name = "Body", .parents = "Message" },
    { .name = "Client",
      .parents = "Dial",
      .any_children = true,
      .attributes = { { .name = "url" }, { .name = "method", .words = METHOD }, CALLBACK } },
    { .name = "Conference",
      .parents = "Dial",
      .attributes = { { .name = "muted", .words = "bool" },
                      { .name = "beep", .words = "true|false|onEnter|onExit" },
                      { .name = "startConferenceOnEnter", .words = "bool" },
                      { .name = "endConferenceOnExit", .words = "bool" },
                      { .name = "participantLabel" },
                      { .name = "waitUrl" },
                      { .name = "waitMethod", .words = METHOD },
                      { .name = "maxParticipants", .words = "#", .min = 2, .max = 100000 },
                      { .name = "record", .words = "do-not-record|record-from-start" },
                      { .name = "region" },
                      { .name = "coach" },
                      { .name = "jitterBufferSize" },
                      { .name = "eventCallbackUrl" },
                      CALLBACK,
                      RECORDING } },
    { .name = "Connect",
      .parents = "Response",
      .attributes = { { .name = "action" }, { .name = "method", .words = METHOD } } },
    { .name = "Dial",
      .parents = "Response",
      .attributes = { { .name = "action" },
                      { .name = "method", .words = METHOD },
                      { .name = "timeout", .words = "#", .min = 1, .max = 600 },
                      { .name = "timeLimit", .words = "#", .min = 1, .max = 86400 },
                      { .name = "callerId" },
                      { .name = "hangupOnStar", .words = "bool" },
                      { .name = "answerOnBridge", .words = "bool" },
                      { .name = "ringTone" },
                      { .name = "sequential", .words = "bool" },
                      { .name = "referUrl" },
                      { .name = "referMethod", .words = METHOD },
                      { .name = "record",
                        .words = "do-not-record|record-from-answer|record-from-ringing|"
                                 "record-from-answer-dual|record-from-ringing-dual|true|false" },
                      { .name = "recordingTrack", .words = "both|inbound|outbound" },
                      RECORDING } },
    { .name = "Enqueue",
      .parents = "Response",
      .attributes = { { .name = "action" },
                      { .name = "method", .words = METHOD },
                      { .name = "waitUrl" },
                      { .name = "waitUrlMethod", .words = METHOD },
                      { .name = "maxQueueSize", .words = "#", .min = 1, .max = 100000 },
                      { .name = "workflowSid" } } },
    { .name = "Gather",
      .parents = "Response",
      .attributes = { { .name = "action" },
                      { .name = "method", .words = METHOD },
                      { .name = "input", .words = "dtmf|speech|dtmf speech|speech dtmf" },
                      { .name = "timeout" },
                      { .name = "numDigits", .words = "#", .min = 1, .max = 256 },
                      { .name = "finishOnKey" },
                      { .name = "actionOnEmptyResult", .words = "bool" },
                      { .name = "language" },
                      { .name = "hints" },
                      { .name = "speechTimeout" },
                      { .name = "speechModel" },
                      { .name = "profanityFilter" },
                      { .name = "enhanced", .words = "bool" },
                      { .name = "bargeIn", .words = "bool" },
                      { .name = "debug" },
                      { .name = "partialResultCallback" },
                      { .name = "partialResultCallbackMethod", .words = METHOD } } },
    { .name = "Hangup", .parents = "Response" },
    { .name = "Leave", .parents = "Response" },
    { .name = "Media", .parents = "Message" },
    { .name = "Message",
      .parents = "Response",
      .attributes = { { .name = "to" },
                      { .name = "from" },
                      { .name = "action" },
                      { .name = "method", .words = METHOD },
                      { .name = "statusCallback" } } },
    { .name = "Number",
      .parents = "Dial",
      .attributes = { { .name = "sendDigits" },
                      { .name = "url" },
                      { .name = "method", .words = METHOD },
                      { .name = "byoc" },
                      CALLBACK } },
    { .name = "Parameter",
      .parents = "Stream|Client|Sip",
      .attributes = { { .name = "name" }, { .name = "value" } } },
    { .name = "Pause",
      .parents = "Response|Gather",
      .attributes = { { .name = "length", .words = "#", .min = 0, .max = 86400 } } },
    { .name = "Play",
      .parents = "Response|Gather",
      .attributes = { { .name = "loop", .words = "#", .min = 0, .max = 1000 },
                      { .name = "digits" } } },
    { .name = "Queue",
      .parents = "Dial",
      .attributes = { { .name = "url" },
                      { .name = "method", .words = METHOD },
                      { .name = "reservationSid" },
                      { .name = "postWorkActivitySid" } } },
    { .name = "Record",
      .parents = "Response",
      .attributes = { { .name = "action" },
                      { .name = "method", .words = METHOD },
                      { .name = "timeout", .words = "#", .min = 0, .max = 86400 },
                      { .name = "finishOnKey" },
                      { .name = "maxLength", .words = "#", .min = 1, .max = 86400 },
                      { .name = "playBeep", .words = "bool" },
                      { .name = "transcribe", .words = "bool" },
                      { .name = "transcribeCallback" },
                      RECORDING } },
    { .name = "Redirect",
      .parents = "Response",
      .attributes = { { .name = "method", .words = METHOD } } },
    { .name = "Refer",
      .parents = "Response",
      .attributes = { { .name = "action" }, { .name = "method", .words = METHOD } } },
    { .name = "Reject",
      .parents = "Response",
      .attributes = { { .name = "reason", .words = "rejected|busy" } } },
    { .name = "Response", .parents = "" },
    { .name = "Say",
      .parents = "Response|Gather",
      .any_children = true,
      .attributes = { { .name = "voice" },
                      { .name = "language" },
                      { .name = "loop", .words = "#", .min = 0, .max = 1000 } } },
    { .name = "Sip",
      .parents = "Dial|Refer",
      .attributes = { { .name = "username" },
                      { .name = "password" },
                      { .name = "url" },
                      { .name = "method", .words = METHOD },
                      { .name = "codecs" },
                      { .name = "sessionTimeout" },
                      CALLBACK } },
    { .name = "Sms",
      .parents = "Response",
      .attributes = { { .name = "to" },
                      { .name = "from" },
                      { .name = "action" },
                      { .name = "method", .words = METHOD },
                      { .name = "statusCallback" } } },
    { .name = "Start",
      .parents = "Response",
      .attributes = { { .name = "action" }, { .name = "method", .words = METHOD } } },
    { .name = "Stop", .parents = "Response" },
    { .name = "Stream",
      .parents = "Start|Stop|Connect",
      .attributes = { { .name = "url" },
                      { .name = "name" },
                      { .name = "track", .words = "inbound_track|outbound_track|both_tracks" },
                      { .name = "codec" },
                      { .name = "realtime", .words = "bool" },
                      { .name = "authBearerToken" },
                      { .name = "statusCallback" },
                      { .name = "statusCallbackMethod", .words = METHOD } } },
};

static const struct element *find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(elements); i++)
        if (strcmp(elements[i].name, name) == 0)
            return &elements[i];
    return NULL;
}

static bool is_word(const char *words, const char *text)
{
    struct slice rest = slice_of(words);
    while (rest.len)
        if (slice_is(slice_cut(&rest, '|'), text))
            return true;
    return false;
}

static enum err check_value(struct laml *laml, const json_t *node, const struct attribute *row,
                            const char *text)
{
    char *end;
    if (!row->words)
        return OK;
    if (strcmp(row->words, "#") == 0) {
        double number = strtod(text, &end);
        bool is_number = strspn(text, "0123456789") == strlen(text) && *text;
        return is_number && number >= row->min && number <= row->max
                   ? OK
                   : laml_fail(laml, node, "'%s' is a number from %.0f to %.0f, not '%.40s'",
                               row->name, row->min, row->max, text);
    }
    bool is_bool = strcmp(row->words, "bool") == 0;
    if (is_word(is_bool ? "true|false" : row->words, text))
        return OK;
    return laml_fail(laml, node, "'%s' is %s, not '%.40s'", row->name,
                     is_bool ? "true or false" : row->words, text);
}

static enum err check_attributes(struct laml *laml, const json_t *node, const struct element *row)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(node, "at"), name, value)
    {
        const struct attribute *one = row->attributes;
        while (one < row->attributes + ATTRIBUTES_MAX && one->name && strcmp(one->name, name) != 0)
            one++;
        if (one == row->attributes + ATTRIBUTES_MAX || !one->name) {
            if (strncmp(name, "xml", 3) != 0) /* xmlns, xml:lang, xsi is theirs */
                laml_warn(laml, node, "there is no attribute '%s'", name);
            continue;
        }
        enum err err = check_value(laml, node, one, json_string_value(value));
        if (err)
            return err;
    }
    return OK;
}

/* `parent` is NULL for the root. */
static enum err check(struct laml *laml, const json_t *node, const char *parent)
{
    const struct element *row = find(laml_name(node));
    const json_t *child;
    size_t i;
    if (!row)
        return laml_fail(laml, node, "there is no such verb");
    if (parent && !is_word(row->parents, parent))
        return laml_fail(laml, node, "it cannot stand within <%s>", parent);
    enum err err = check_attributes(laml, node, row);
    json_array_foreach(json_object_get(node, "in"), i, child)
    {
        if (!err && json_is_object(child) && !row->any_children)
            err = check(laml, child, row->name);
    }
    return err;
}

enum err laml_check(struct laml *laml, const json_t *root)
{
    if (strcmp(laml_name(root), "Response") != 0)
        return laml_fail(laml, root, "a document is a <Response>");
    return check(laml, root, NULL);
}
