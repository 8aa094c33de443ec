#include "script/conference.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "media/media.h"
#include "media/media_room.h"
#include "script/conference_record.h"
#include "script/laml_form.h"
#include "script/line.h"
#include "script/script_priv.h"

enum { NAME_MAX_LEN = 200, CONFERENCE_MEMBERS_MAX = 100 };

struct conference {
    struct scripts *scripts;
    char key[NAME_MAX_LEN + SCRIPT_ID_TEXT], id[UUID_TEXT], *name;
    struct media_room *room;
    struct conference_record *record; /* NULL: nobody wants one */
    struct list members;
    size_t n;
    unsigned sequence;  /* of the forms that were told */
    int64_t created_ms; /* wall time, as a member's */
    bool started;
};
struct conference_member {
    struct conference *conference;
    struct list link;
    struct line *line;
    char call_id[SCRIPT_ID_TEXT], coach[SCRIPT_ID_TEXT], *callback, *events, *method;
    uint32_t id;  /* in the room */
    bool is_form; /* what the callback gets */
    bool muted, held, starts, beeps_on_exit, ends_on_exit;
    int64_t joined_ms;
    void (*fn)(void *owner);
    void (*on_started)(void *owner);
    void (*on_announce)(void *owner, const char *url, const char *method);
    void *owner;
    struct timer over;
};

static json_t *describe(const struct conference_member *member, const char *status)
{
    const struct conference *conference = member->conference;
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:b, s:I}", "name", conference->name,
                     "conference_id", conference->id, "status", status, "size",
                     (json_int_t)conference->n, "muted", member->muted, "hold", member->held,
                     "start_on_join", member->starts, "end_on_leave", member->ends_on_exit,
                     "coaching", member->coach[0] != '\0', "created_ms",
                     (json_int_t)conference->created_ms);
}

/* Everybody hears of everything, the URL of what it was given for. */
static void tell(const struct conference_member *member, const char *event, const char *status)
{
    struct conference *conference = member->conference;
    struct scripts *scripts = conference->scripts;
    const char *project = line_project(member->line);
    json_t *params = describe(member, status);
    bool is_wanted = member->callback[0] && strstr(member->events, event);
    json_t *form =
        is_wanted && member->is_form
            ? laml_form_of_conference(project, member->call_id, params, conference->sequence++,
                                      loop_wall_ms(scripts->config.loop))
            : NULL;
    const struct script_note note = { .type = "calling.conference",
                                      .url = is_wanted ? member->callback : NULL,
                                      .method = member->method,
                                      .form = form };
    scripts_tell(scripts, line_call(member->line), project, &note, params);
    json_decref(form);
}

static const struct conference_member *find_call(const struct conference *conference,
                                                 const char *call)
{
    LIST_EACH(link, (struct list *)(uintptr_t)&conference->members)
    {
        const struct conference_member *one = LIST_ITEM(link, struct conference_member, link);
        if (strcmp(one->call_id, call) == 0)
            return one;
    }
    return NULL;
}

/* Before somebody starts it, those who are there wait in silence. */
static void set_member(const struct conference_member *member)
{
    const struct conference *conference = member->conference;
    const struct conference_member *coached =
        member->coach[0] ? find_call(conference, member->coach) : NULL;
    const struct media_member settings = {
        .muted = member->muted || member->held || !conference->started,
        .deaf = member->held || !conference->started,
        .coaches = coached ? coached->id : 0,
    };
    media_room_set(conference->room, member->id, &settings);
}

static void start(struct conference *conference)
{
    conference->started = true;
    if (conference->record)
        conference_record_begin(conference->record, conference->room);
    LIST_EACH(link, &conference->members)
    {
        const struct conference_member *member = LIST_ITEM(link, struct conference_member, link);
        set_member(member);
        tell(member, "start", "conference-start");
        if (member->on_started)
            member->on_started(member->owner);
    }
}

static struct conference *open_conference(struct scripts *scripts, const char *key,
                                          const char *name)
{
    struct conference *conference = mem_new(struct conference);
    const struct media_room_config config = { .thread = media_pick_thread(scripts->config.media) };
    conference->scripts = scripts;
    conference->name = slice_dup(slice_of(name));
    snprintf(conference->key, sizeof conference->key, "%s", key);
    rand_uuid(conference->id);
    conference->created_ms = loop_wall_ms(scripts->config.loop);
    conference->room = media_room_create(scripts->config.media, &config);
    list_init(&conference->members);
    map_put(scripts->conferences, slice_of(key), conference);
    return conference;
}

static void close_conference(struct conference *conference)
{
    map_remove(conference->scripts->conferences, slice_of(conference->key));
    conference_record_end_take(conference->record, conference->room);
    media_room_destroy(conference->room);
    mem_free(conference->name);
    mem_free(conference);
}

/* As the first member wants that wants one. */
static void set_record(struct conference *conference, const struct conference_member *member,
                       const struct conference_join *join)
{
    const struct conference_record_of of = { .project_id = join->project_id,
                                             .conference_id = conference->id,
                                             .name = conference->name,
                                             .call_id = member->call_id };
    if (conference->record || !join->record)
        return;
    conference->record = conference_record_create(conference->scripts, join->record, &of);
    if (conference->started)
        conference_record_begin(conference->record, conference->room);
}

enum err conference_enter(struct conference_member **out, struct scripts *scripts,
                          const struct conference_join *join, void (*fn)(void *owner), void *owner)
{
    char key[NAME_MAX_LEN + SCRIPT_ID_TEXT];
    struct media_stream *stream = line_stream(join->line);
    if (!scripts->config.media || !stream)
        return ERR_UNSUPPORTED;
    if (snprintf(key, sizeof key, "%s/%s", join->project_id, join->name) >= (int)sizeof key)
        return ERR_LIMIT;
    struct conference *conference = map_find(scripts->conferences, slice_of(key));
    size_t most =
        join->max_members < CONFERENCE_MEMBERS_MAX ? join->max_members : CONFERENCE_MEMBERS_MAX;
    if (conference && conference->n >= most)
        return ERR_LIMIT;
    if (!line_has_room(join->line, "conference"))
        return ERR_LIMIT;
    if (!conference)
        conference = open_conference(scripts, key, join->name);
    struct conference_member *member = mem_new(struct conference_member);
    member->conference = conference;
    member->line = join->line;
    member->muted = join->muted;
    member->starts = join->starts;
    member->joined_ms = loop_wall_ms(scripts->config.loop);
    member->beeps_on_exit = join->beeps_on_exit;
    member->ends_on_exit = join->ends_on_exit;
    member->callback = slice_dup(slice_of(join->callback ? join->callback : ""));
    member->events = slice_dup(slice_of(join->callback_events ? join->callback_events : ""));
    member->method = slice_dup(slice_of(join->callback_method ? join->callback_method : "POST"));
    member->is_form = join->is_form;
    member->fn = fn;
    member->owner = owner;
    snprintf(member->call_id, sizeof member->call_id, "%s", call_id(line_call(join->line)));
    snprintf(member->coach, sizeof member->coach, "%s", join->coach ? join->coach : "");
    member->on_started = join->on_started;
    member->on_announce = join->on_announce;
    list_append(&conference->members, &member->link);
    conference->n++;
    member->id = media_room_add(conference->room, stream, NULL);
    set_record(conference, member, join);
    if (join->starts && !conference->started)
        start(conference);
    set_member(member);
    if (join->beeps_on_enter)
        media_room_beep(conference->room, MEDIA_ROOM_JOINED);
    tell(member, "join", "participant-join");
    *out = member;
    return OK;
}

static void remove_member(struct conference_member *member)
{
    struct conference *conference = member->conference;
    loop_timer_stop(conference->scripts->config.loop, &member->over);
    media_room_remove(conference->room, member->id);
    list_remove(&member->link);
    conference->n--;
    tell(member, "leave", "participant-leave");
    if (!conference->n)
        tell(member, "end", "conference-end");
    mem_free(member->callback);
    mem_free(member->events);
    mem_free(member->method);
    mem_free(member);
}

static void on_over(void *owner)
{
    struct conference_member *member = owner;
    void (*fn)(void *) = member->fn;
    void *to = member->owner;
    struct conference *conference = member->conference;
    remove_member(member);
    if (!conference->n)
        close_conference(conference);
    fn(to);
}

void conference_leave(struct conference_member *member)
{
    if (!member)
        return;
    struct conference *conference = member->conference;
    bool beeps = member->beeps_on_exit, ends = member->ends_on_exit;
    remove_member(member);
    if (!conference->n) {
        close_conference(conference);
        return;
    }
    if (beeps)
        media_room_beep(conference->room, MEDIA_ROOM_LEFT);
    LIST_EACH(link, &conference->members)
    {
        struct conference_member *other = LIST_ITEM(link, struct conference_member, link);
        if (ends)
            loop_timer_start(conference->scripts->config.loop, &other->over, 0, on_over, other);
    }
}

bool conference_is_started(const struct conference_member *member)
{
    return member->conference->started;
}

/* --- from outside --- */

static json_t *member_json(const struct conference_member *member)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:I}", "call_id", member->call_id, "coach",
                     member->coach, "muted", member->muted, "held", member->held, "starts",
                     member->starts, "ends_on_exit", member->ends_on_exit, "joined_ms",
                     (json_int_t)member->joined_ms);
}

static bool is_of(const struct conference *conference, const char *project_id)
{
    struct slice key = slice_of(conference->key);
    return slice_is(slice_cut(&key, '/'), project_id);
}

json_t *conferences_json(const struct scripts *scripts, const char *project_id)
{
    json_t *list = json_array();
    size_t cursor = 0;
    void *value;
    struct slice key;
    while (map_next(scripts->conferences, &cursor, &key, &value)) {
        struct conference *conference = value;
        if (!is_of(conference, project_id))
            continue;
        json_t *members = json_array();
        LIST_EACH(link, &conference->members)
        {
            json_array_append_new(members,
                                  member_json(LIST_ITEM(link, struct conference_member, link)));
        }
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:I, s:o}", "id", conference->id, "name",
                            conference->name, "started", conference->started, "created_ms",
                            (json_int_t)conference->created_ms, "members", members));
    }
    return list;
}

static struct conference *find_own(const struct scripts *scripts, const char *project_id,
                                   const char *id)
{
    size_t cursor = 0;
    void *value;
    struct slice key;
    while (map_next(scripts->conferences, &cursor, &key, &value)) {
        struct conference *conference = value;
        if (is_of(conference, project_id) && strcmp(conference->id, id) == 0)
            return conference;
    }
    return NULL;
}

static void follow(struct conference_member *member, const struct conference_order *order)
{
    bool was_muted = member->muted, was_held = member->held;
    if (order->muted)
        member->muted = *order->muted;
    if (order->held)
        member->held = *order->held;
    set_member(member);
    if (member->muted != was_muted)
        tell(member, "mute", member->muted ? "participant-mute" : "participant-unmute");
    if (member->held != was_held)
        tell(member, "hold", member->held ? "participant-hold" : "participant-unhold");
    if (order->announce_url)
        member->on_announce(member->owner, order->announce_url, order->announce_method);
}

enum err conference_order(struct scripts *scripts, const char *project_id,
                          const struct conference_order *order)
{
    struct conference *conference = find_own(scripts, project_id, order->conference_id);
    enum err err = ERR_NOT_FOUND;
    if (!conference)
        return err;
    LIST_EACH(link, &conference->members)
    {
        struct conference_member *member = LIST_ITEM(link, struct conference_member, link);
        if (order->call_id && strcmp(member->call_id, order->call_id) != 0)
            continue;
        err = OK;
        follow(member, order);
        if (order->leaves)
            loop_timer_start(scripts->config.loop, &member->over, 0, on_over, member);
    }
    return err;
}

enum err conference_order_record(struct scripts *scripts, const char *project_id,
                                 const char *conference_id, const char *recording_id,
                                 enum conference_record_order order)
{
    static const enum media_record_pause pauses[] = {
        [CONFERENCE_RECORD_PAUSE] = MEDIA_RECORD_SKIP,
        [CONFERENCE_RECORD_SILENCE] = MEDIA_RECORD_SILENCE,
        [CONFERENCE_RECORD_RESUME] = MEDIA_RECORD_ON,
    };
    struct conference *conference = find_own(scripts, project_id, conference_id);
    struct conference_record *record = conference ? conference->record : NULL;
    if (!record || strcmp(conference_record_id(record), recording_id) != 0)
        return ERR_NOT_FOUND;
    if (order != CONFERENCE_RECORD_STOP)
        return conference_record_pause(record, conference->room, pauses[order]);
    if (conference_record_state(record) == CONFERENCE_RECORD_WAITS)
        return ERR_MISUSE;
    conference->record = NULL;
    conference_record_end_take(record, conference->room);
    return OK;
}
