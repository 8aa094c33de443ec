#include "api/prov_object.h"

#include "api/prov.h"
#include "base/mem.h"
#include "base/num.h"

enum { NAMES_MAX = 100 };

/* Settings that phones know, with what holds unless device, user or domain say otherwise. Others
 * are handed through as they are. */
static const struct {
    const char *name, *type, *value; /* JSON */
    const char *help;
} known[] = {
    { "EnableCallRecording", "bool", "true", "may calls be recorded?" },
    { "EnableConferenceCall", "bool", "false", "conference calls" },
    { "EnableVideoCalling", "bool", "false", "video calls" },
    { "IceServers", "array", "[]", "STUN and TURN servers, as RTCPeerConnection takes them" },
    { "RecordAllCalls", "bool", "false", "record every call" },
    { "RecordOnlyAudioInVideoCall", "bool", "true", "leave the video out of recordings" },
    { "RecordingLayout", "string", "\"them-pnp\"", "how recorded pictures are laid out" },
    { "RecordingPosterJpegQuality", "number", "0.5", "of the first picture" },
    { "RecordingVideoFps", "number", "12", "pictures a second" },
    { "RecordingVideoSize", "string", "\"HD\"", "size of recorded video" },
    { "RegisterExpires", "number", "600", "seconds of a registration" },
    { "TransportConnectionTimeout", "number", "15", "seconds until a connection is given up" },
    { "UiCustomConfigMenu", "bool", "false", "a settings menu in the phone" },
    { "UiMaxWidth", "number", "1024", "pixels" },
    { "VideoResampleSize", "number", "0",
      "height of video that is sent; 0: as the camera gives it" },
};

/* Each value stands under both names. */
static const struct {
    const char *name, *alias;
} twins[] = {
    { "SipContact", "ContactUserName" },     { "SipPassword", "SIPPassword" },
    { "SipServerPath", "ServerPath" },       { "SipUsername", "SIPUsername" },
    { "SipWebsocketPort", "WebSocketPort" }, { "SipWssServer", "wssServer" },
    { "profileName", "ProfileUserName" },
};

/* What only the device's own row says. Where its SIP server is may be a setting: that counts in
 * WebSocket mode, in which the phone talks to a PBX. */
static const char *const reserved[] = {
    "RegistrationMode",
    "SIPPassword",
    "SipJwt",
    "SipPassword",
};

json_t *prov_settings_parse(const char *settings)
{
    json_t *value = settings && settings[0] ? json_loads(settings, 0, NULL) : NULL;
    if (json_is_object(value))
        return value;
    json_decref(value);
    return json_object();
}

static void put_text(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(object, name, value ? value : json_string("?"));
}

static void put_defaults(json_t *object)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        json_object_set_new(object, known[i].name,
                            json_loads(known[i].value, JSON_DECODE_ANY, NULL));
}

/* The nearer one wins: device over user over domain. */
static void put_level(json_t *object, const char *settings)
{
    json_t *level = prov_settings_parse(settings);
    json_object_update(object, level);
    json_decref(level);
}

static const char *profile_name(const struct prov_source *source)
{
    const struct store_cascade *cascade = source->cascade;
    if (cascade->display_name[0])
        return cascade->display_name;
    return source->device->description[0] ? source->device->description : cascade->user_name;
}

static void put_if_absent(json_t *object, const char *name, const char *text, bool keep)
{
    if (!keep || !json_object_get(object, name))
        put_text(object, name, text);
}

static void put_account(json_t *object, const struct prov_source *source)
{
    const struct store_device *device = source->device;
    bool direct = strcmp(device->mode, "WebSocket") == 0;
    char host[REST_TEXT_MAX];
    char port[8];
    if (!slice_copy(source->host, host, sizeof host))
        host[0] = '\0';
    snprintf(port, sizeof port, "%u", source->port & 0xffff);
    put_if_absent(object, "SipUsername", device->sip_username, direct);
    put_if_absent(object, "SipDomain", source->domain, direct);
    put_if_absent(object, "SipWssServer", host, direct);
    put_if_absent(object, "SipWebsocketPort", port, direct); /* a text, as clients expect */
    put_if_absent(object, "SipServerPath", source->path, direct);
    put_if_absent(object, "SipContact", device->contact, direct);
    put_text(object, "RegistrationMode", device->mode);
    put_if_absent(object, "profileName", profile_name(source), true);
    if (!slice_empty(source->password))
        json_object_set_new(object, "SipPassword",
                            json_stringn(source->password.ptr, source->password.len));
    if (source->jwt && !direct)
        put_text(object, "SipJwt", source->jwt);
}

static void put_twins(json_t *object)
{
    for (size_t i = 0; i < COUNT_OF(twins); i++) {
        json_t *value = json_object_get(object, twins[i].name);
        if (value)
            json_object_set(object, twins[i].alias, value);
    }
}

static const char *level_of(const struct prov_source *source, const char *name)
{
    static const char *const names[] = { "device", "user", "domain" };
    const char *const texts[] = { source->cascade->device, source->cascade->user,
                                  source->cascade->domain };
    const char *found = "default";
    for (size_t i = COUNT_OF(texts); i-- > 0;) {
        json_t *level = prov_settings_parse(texts[i]);
        if (json_object_get(level, name))
            found = names[i];
        json_decref(level);
    }
    return found;
}

/* Settings with what can be said of them, for programs that edit them. */
static void expand(json_t *object, const struct prov_source *source)
{
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        json_t *value = json_object_get(object, known[i].name);
        json_object_set_new(object, known[i].name,
                            json_pack("{s:O, s:o, s:s, s:s, s:s}", "value", value, "default",
                                      json_loads(known[i].value, JSON_DECODE_ANY, NULL), "type",
                                      known[i].type, "level", level_of(source, known[i].name),
                                      "help", known[i].help));
    }
}

json_t *prov_object(const struct prov_source *source)
{
    json_t *object = json_object();
    put_defaults(object);
    put_level(object, source->cascade->domain);
    put_level(object, source->cascade->user);
    put_level(object, source->cascade->device);
    put_account(object, source);
    put_twins(object);
    if (source->is_expanded)
        expand(object, source);
    return object;
}

void prov_object_lift(const json_t *object, json_t *device)
{
    for (size_t i = 0; i < COUNT_OF(twins); i++) {
        json_t *value = json_object_get(object, twins[i].name);
        if (!value)
            continue;
        json_object_set(device, twins[i].name, value);
        json_object_set(device, twins[i].alias, value);
    }
    json_object_set(device, "SipDomain", json_object_get(object, "SipDomain"));
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

static const char *type_of(const json_t *value)
{
    if (json_is_boolean(value))
        return "bool";
    if (json_is_number(value))
        return "number";
    if (json_is_array(value))
        return "array";
    return json_is_string(value) ? "string" : "object";
}

static enum err check(const char *name, const json_t *value, struct fault *fault)
{
    if (is_reserved(name))
        return fault_set(fault, ERR_INVALID, name, 0, "is not a setting: it is the device's own");
    if (!name[0] || strlen(name) > NAMES_MAX)
        return fault_set(fault, ERR_INVALID, name, 0, "expected a name of 1 to %d bytes",
                         NAMES_MAX);
    if (json_is_null(value))
        return OK;
    if (json_is_string(value) && json_string_length(value) > PROV_TEXT_MAX)
        return fault_set(fault, ERR_LIMIT, name, 0, "expected at most %d bytes", PROV_TEXT_MAX);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(known[i].name, name) == 0 && strcmp(known[i].type, type_of(value)) != 0)
            return fault_set(fault, ERR_INVALID, name, 0, "expected a value of type %s",
                             known[i].type);
    return OK;
}

char *prov_settings_merge(const char *settings, const json_t *changes, struct fault *fault)
{
    const char *name;
    json_t *value;
    json_t *merged = prov_settings_parse(settings);
    enum err err = OK;
    json_object_foreach((json_t *)(uintptr_t)changes, name, value) /* read only */
    {
        if (!err)
            err = check(name, value, fault);
        if (!err && json_is_null(value))
            json_object_del(merged, name);
        else if (!err)
            json_object_set(merged, name, value);
    }
    char *text = json_dumps(merged, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(merged);
    if (!err && slice_of(text).len > PROV_SETTINGS_MAX)
        err = fault_set(fault, ERR_LIMIT, "Settings_json", 0, "more than %d bytes of settings",
                        PROV_SETTINGS_MAX);
    char *out = err ? NULL : slice_dup(slice_of(text));
    free(text);
    return out;
}
