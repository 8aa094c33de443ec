#pragma once
/* Rows of provisioning: sessions, access log, what happened to devices, settings, sealed texts. The
 * rules of store_rows.h hold. Control thread. */

#include "store/store_rows.h"

enum {
    STORE_SESSIONS_PER_USER = 100, /* the oldest make room */
    STORE_ACCESSES_PER_TOKEN = 1000,
    STORE_EVENTS_PER_DEVICE = 1000, /* of one kind */
};

/** By hash, in whatever state it is: the caller looks at expires_ms and revoked_ms. */
void store_token_find(struct store *, const char *id, struct store_reply);
void store_token_find_hash(struct store *, const char *hash, struct store_reply);

/** Another text for the same token: hash, created_ms and expires_ms of `row`. Its sessions end. */
void store_token_rotate(struct store *, const struct store_token *row, struct store_reply);

/** What a web phone got for its personal access token. Only the hash of the text is kept
 * (token_hash()); it ends with its token. */
struct store_session {
    const char *hash, *user_id, *token_id;
    int64_t created_ms, expires_ms;
    /* filled by check only */
    const char *user_name, *project_id, *scopes, *token_name;
};
void store_session_add(struct store *, const struct store_session *row, struct store_reply);
/** ERR_NOT_FOUND also when it or its token is expired at `now_ms`, or the token revoked. */
void store_session_check(struct store *, const char *hash, int64_t now_ms, struct store_reply);

void store_session_remove(struct store *, const char *hash, struct store_reply);

struct store_access {
    const char *token_id, *action, *address, *agent;
    int64_t at_ms, status;
    const char *token_name, *user_id; /* filled by list only */
};
/** Also notes the token's last use. */
void store_access_add(struct store *, const struct store_access *row, struct store_reply);
/** Newest first, of one token or, with `token_id` NULL, all tokens of a user. */
void store_access_list(struct store *, const char *token_id, const char *user_id, int64_t limit,
                       struct store_reply);

struct store_device_event {
    const char *device_id, *kind, *text; /* "register", "latency" */
    int64_t at_ms, value;                /* milliseconds of a round trip … */
};
/** The device by its SIP user name; nothing happens when there is none of that name. */
void store_device_event_add(struct store *, const char *sip_username,
                            const struct store_device_event *row, struct store_reply);
/** Newest first, from `from_ms` to before `to_ms` (0: no end). */
void store_device_event_list(struct store *, const char *device_id, const char *kind,
                             int64_t from_ms, int64_t to_ms, int64_t limit, struct store_reply);

/** Changes description, platform, mode, disabled_ms; the rest of the row is not looked at. */
void store_device_change(struct store *, const struct store_device *row, struct store_reply);
/** New credentials: sip_password, ha1_md5, ha1_sha256, realm and rotated_ms. */
void store_device_rotate(struct store *, const struct store_device *row, struct store_reply);
void store_user_rename(struct store *, const char *id, const char *display_name,
                       struct store_reply);

/** The settings that hold for one device, each a JSON object or "". */
struct store_cascade {
    const char *device, *user, *domain;
    const char *user_name, *display_name;
};
void store_cascade_find(struct store *, const char *device_id, struct store_reply);
enum store_level { STORE_OF_DEVICE, STORE_OF_USER, STORE_OF_DOMAIN };
/** One row of store_setting: the id and the settings there. */
void store_settings_find(struct store *, enum store_level, const char *id, struct store_reply);
void store_settings_set(struct store *, enum store_level, const char *id, const char *json,
                        struct store_reply);

/** What a user keeps of a trunk or a feature code. */
struct store_connection {
    const char *id, *user_id;
    const char *body; /* sealed for "connections:ID" */
    int64_t created_ms, updated_ms;
};
/** Adds, or replaces. */
void store_connection_set(struct store *, const struct store_connection *row, struct store_reply);
void store_connection_find(struct store *, const char *id, struct store_reply);
/** Of one user, oldest first. */
void store_connection_list(struct store *, const char *user_id, struct store_reply);
void store_connection_remove(struct store *, const char *id, struct store_reply);

/** Every sealed text of the database, wherever it stands, so that a new key can be used for it. It
 * is sealed for "place:id". */
struct store_sealed {
    const char *place, *id, *text; /* "devices" */
};
void store_sealed_list(struct store *, struct store_reply);
/** Replace `row->text`, if `was` still stands there. */
void store_sealed_set(struct store *, const struct store_sealed *row, const char *was,
                      struct store_reply);

extern const struct store_table store_session_table, store_access_table, store_device_event_table,
    store_cascade_table, store_connection_table, store_sealed_table;
