/* Tokens for video rooms: a JWS that says which room, who and what may be done there. The rooms
 * themselves are another story. */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "api/signalwire/sw.h"
#include "base/jwt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/seal.h"

enum { META_MAX = 2000, REMOVE_AFTER_MAX = 200000 };

static const char *const defaults[] = {
    "room.self.audio_mute",
    "room.self.audio_unmute",
    "room.self.video_mute",
    "room.self.video_unmute",
    "room.self.deaf",
    "room.self.undeaf",
    "room.self.set_input_volume",
    "room.self.set_output_volume",
    "room.self.set_input_sensitivity",
    "room.self.screenshare",
    "room.self.additional_source",
};

static const char *const others[] = {
    "room.member.audio_mute",
    "room.member.audio_unmute",
    "room.member.video_mute",
    "room.member.video_unmute",
    "room.member.deaf",
    "room.member.undeaf",
    "room.member.set_input_volume",
    "room.member.set_output_volume",
    "room.member.set_input_sensitivity",
    "room.member.set_position",
    "room.member.set_meta",
    "room.member.raisehand",
    "room.member.lowerhand",
    "room.member.remove",
    "room.member.promote",
    "room.member.demote",
    "room.hide_video_muted",
    "room.list_available_layouts",
    "room.lock",
    "room.playback",
    "room.playback_seek",
    "room.prioritize_handraise",
    "room.recording",
    "room.set_layout",
    "room.set_position",
    "room.set_meta",
    "room.show_video_muted",
    "room.stream",
    "room.stream.start",
    "room.unlock",
    "room.self.set_position",
    "room.self.set_meta",
    "room.self.raisehand",
    "room.self.lowerhand",
};

/* Names that guides use for permissions of another name. */
static const struct {
    const char *name, *means;
} aliases[] = {
    { "room.screen_share", "room.self.screenshare" },
    { "room.layout_change", "room.set_layout" },
};

static const char *known(const char *name)
{
    for (size_t i = 0; name && i < COUNT_OF(aliases); i++)
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].means;
    for (size_t i = 0; name && i < COUNT_OF(defaults); i++)
        if (strcmp(defaults[i], name) == 0)
            return defaults[i];
    for (size_t i = 0; name && i < COUNT_OF(others); i++)
        if (strcmp(others[i], name) == 0)
            return others[i];
    return NULL;
}

static void add_all(json_t *list, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(names[i]));
}

static json_t *permissions_of(const json_t *body)
{
    const json_t *given = json_object_get(body, "permissions");
    json_t *list = json_array();
    const json_t *one;
    size_t i;
    if (strcmp(sw_text(body, "join_as"), "audience") == 0)
        return list;
    if (json_is_true(json_object_get(body, "mod_permissions"))) {
        add_all(list, defaults, COUNT_OF(defaults));
        add_all(list, others, COUNT_OF(others));
    } else if (!json_is_array(given)) {
        add_all(list, defaults, COUNT_OF(defaults));
    } else {
        json_array_foreach(given, i, one)
        {
            const char *name = known(json_string_value(one));
            if (name)
                json_array_append_new(list, json_string(name));
            else
                log_warn(NULL, "room token without the unknown permission number=%zu", i + 1);
        }
    }
    return list;
}

/* RFC 3339, or a date alone, as epoch seconds; absent: nothing is set. */
static bool set_time(const json_t *body, const char *name, json_t *claims, const char *claim)
{
    const char *text = sw_text(body, name);
    struct tm tm = { 0 };
    if (!text[0])
        return true;
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (end && (*end == 'T' || *end == ' '))
        end = strptime(end + 1, "%H:%M:%S", &tm);
    if (!end)
        return false;
    int64_t at_s = (int64_t)timegm(&tm);
    if (*end == '.')
        for (end++; isdigit((unsigned char)*end);)
            end++;
    int hours, minutes, used = 0;
    if ((*end == '+' || *end == '-') &&
        sscanf(end + 1, "%2d:%2d%n", &hours, &minutes, &used) == 2 && used == 5) {
        at_s -= (*end == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
        end += 6;
    } else if (*end == 'Z' || *end == 'z') {
        end++;
    }
    if (*end)
        return false;
    json_object_set_new(claims, claim, json_integer(at_s));
    return true;
}

static void set_times(struct rest *rest, json_t *claims)
{
    static const struct {
        const char *name, *claim, *code;
    } times[] = {
        { "join_from", "jf", "not_a_datetime" },
        { "join_until", "ju", "invalid_join_until_date" },
        { "remove_at", "rat", "not_a_datetime" },
    };
    for (size_t i = 0; i < COUNT_OF(times); i++)
        if (!set_time(rest->body, times[i].name, claims, times[i].claim))
            sw_wrong(rest, times[i].code, times[i].name,
                     "%s must be a time such as "
                     "2026-01-31T12:00:00Z",
                     times[i].name);
    json_t *after = json_object_get(rest->body, "remove_after_seconds_elapsed");
    if (json_is_integer(after))
        json_object_set(claims, "rse", after);
}

static void check_meta(struct rest *rest, const char *name)
{
    const json_t *meta = json_object_get(rest->body, name);
    char *text = meta ? json_dumps(meta, JSON_COMPACT) : NULL;
    if (text && strlen(text) > META_MAX)
        sw_wrong(rest, "character_limit_exceeded", name, "%s is longer than %d characters", name,
                 META_MAX);
    free(text);
}

static json_t *claims_of(struct rest *rest)
{
    char id[UUID_TEXT];
    const json_t *body = rest->body;
    const json_t *create = json_object_get(body, "auto_create_room");
    rand_uuid(id);
    json_t *claims = json_pack("{s:I, s:s, s:s, s:s, s:o, s:b, s:s*}", "iat",
                               (json_int_t)(rest_now_ms(rest) / 1000), "jti", id, "sub",
                               sw_of(rest)->project_id, "r", sw_text(body, "room_name"), "s",
                               permissions_of(body), "acr", !json_is_false(create), "u",
                               sw_text(body, "user_name")[0] ? sw_text(body, "user_name") : NULL);
    /* what has no short name in the published form is carried under its own */
    static const char *const kept[] = { "room_display_name", "join_as",
                                        "media_allowed",     "join_audio_muted",
                                        "join_video_muted",  "enable_room_previews",
                                        "sync_audio_video",  "end_room_session_on_leave",
                                        "room_meta",         "meta" };
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (json_object_get(body, kept[i]))
            json_object_set(claims, kept[i], json_object_get(body, kept[i]));
    set_times(rest, claims);
    return claims;
}

void sw_room_token_add(struct rest *rest)
{
    uint8_t key[SEAL_KEY_LEN];
    char *token = NULL;
    check_meta(rest, "meta");
    check_meta(rest, "room_meta");
    json_t *claims = claims_of(rest);
    struct slice host = rest_header(rest, "Host");
    json_t *header = json_pack("{s:s, s:s%, s:s}", "typ", "VRT", "ch", host.ptr ? host.ptr : "",
                               host.len, "kid", seal_key_id(rest->api->config.seal, 0));
    if (!sw_refused(rest)) {
        seal_derive(rest->api->config.seal, 0, SLICE("room_token"), key);
        enum err err =
            jwt_print_with(&token, header, claims, JWT_HS512, slice_make(key, sizeof key));
        mem_wipe(key, sizeof key);
        if (err)
            sw_refuse(rest, "character_limit_exceeded", NULL, "the token would be too long");
        else
            rest_reply_take(rest, 200, json_pack("{s:s}", "token", token));
    }
    mem_free(token);
    json_decref(header);
    json_decref(claims);
}
