#pragma once
/* The rows and what can be asked of them. Rows given in are copied before the call returns; a NULL
 * text is stored as "". Ids are the caller's (rand_uuid()), so are times: milliseconds since 1970,
 * 0 for "never". Every call ends in reply.fn with the rows of its own struct. Control thread. */

#include "base/slice.h"
#include "store/store.h"

struct store_project {
    const char *id, *name;
    const char *signing_key; /* sealed (base/seal.h) for STORE_PROJECT_SEAL, or plain in old rows */
    int64_t created_ms;
    const char *parent_id; /* "" for none */
    const char *options;   /* JSON object, or "" */
    int64_t updated_ms;
};
/** What a project's signing key is sealed for: printf with its id. */
#define STORE_PROJECT_SEAL "projects:%s"
void store_project_add(struct store *, const struct store_project *row, struct store_reply);
void store_project_find(struct store *, const char *id_or_name, struct store_reply);
void store_project_list(struct store *, struct store_reply);
/** Its users, tokens and devices go with it. */
void store_project_remove(struct store *, const char *id, struct store_reply);

struct store_user {
    const char *id, *project_id, *name; /* the name is unique */
    const char *display_name;
    int64_t created_ms;
    const char *prefer, *codecs; /* legs/leg_users.h; "": auto */
};
void store_user_add(struct store *, const struct store_user *row, struct store_reply);
void store_user_find(struct store *, const char *id_or_name, struct store_reply);
void store_user_list(struct store *, struct store_reply);
/** Changes display_name, prefer and codecs; the rest of the row is not looked at. */
void store_user_change(struct store *, const struct store_user *row, struct store_reply);
/** Its tokens, devices and bindings go with it. */
void store_user_remove(struct store *, const char *id, struct store_reply);

/** API tokens of a project and personal access tokens of a user: the text is shown once and only
 * its SHA-256 kept (token_hash()). */
struct store_token {
    const char *id, *project_id, *user_id; /* user_id "" for a project's */
    const char *name, *scopes;             /* "calling,messaging" */
    const char *hash;
    int64_t created_ms, expires_ms, revoked_ms, used_ms;
};
void store_token_add(struct store *, const struct store_token *row, struct store_reply);
/** By hash; ERR_NOT_FOUND also when revoked, or expired at `now_ms`. Notes the use. */
void store_token_check(struct store *, const char *hash, int64_t now_ms, struct store_reply);
/** Of one project, or of all ("" or NULL). PATs are those with a user_id. */
void store_token_list(struct store *, const char *project_id, struct store_reply);
void store_token_list_user(struct store *, const char *user_id, struct store_reply);
void store_token_revoke(struct store *, const char *id, int64_t now_ms, struct store_reply);

/** What one phone logs in with (RFC 3261 §22, RFC 8760): the HA1 of both algorithms for `realm`. */
struct store_device {
    const char *id, *user_id;           /* id is the device token */
    const char *description, *platform; /* "script", "webpage" … */
    const char *sip_username, *realm;   /* the name is unique */
    const char *ha1_md5, *ha1_sha256;   /* lower-case hex; never to be shown */
    const char *contact;                /* fixed Contact user */
    const char *user_name;              /* of its user; filled by find and list only */
    int64_t created_ms;
    const char *sip_password; /* sealed (base/seal.h) for STORE_DEVICE_SEAL; "": not kept */
    const char *mode;         /* "Proxy" or "WebSocket"; "" is written as "Proxy" */
    int64_t disabled_ms, rotated_ms;
};
/** What a device's password is sealed for: printf with its id. */
#define STORE_DEVICE_SEAL "devices:%s"
void store_device_add(struct store *, const struct store_device *row, struct store_reply);
void store_device_find(struct store *, const char *id, struct store_reply);
void store_device_find_sip(struct store *, const char *sip_username, struct store_reply);
/** Of one user's id, or all ("" or NULL). */
void store_device_list(struct store *, const char *user_id, struct store_reply);
void store_device_remove(struct store *, const char *id, struct store_reply);

struct store_number {
    const char *number, *to; /* "user:alice", "trunk:acme", "swml:https://…", "builtin:echo" */
    const char *project_id;  /* "" for none */
    int64_t created_ms;
    const char *body; /* JSON object of what programs set, or "" */
    int64_t updated_ms;
};
/** Adds, or changes where it leads. */
void store_number_set(struct store *, const struct store_number *row, struct store_reply);
void store_number_find(struct store *, const char *number, struct store_reply);
void store_number_list(struct store *, struct store_reply);
void store_number_remove(struct store *, const char *number, struct store_reply);

/** A registered contact (RFC 3261 §10.3), kept so that phones over UDP outlive a restart. */
struct store_binding {
    const char *aor, *contact; /* together unique: "alice", "sip:alice@10.0.0.7:5062" */
    const char *device_id, *transport, *received, *path, *instance, *user_agent, *call_id;
    int64_t cseq, reg_id, q_permille, expires_ms, updated_ms;
};
void store_binding_set(struct store *, const struct store_binding *row, struct store_reply);
void store_binding_remove(struct store *, const char *aor, const char *contact, struct store_reply);
/** Those that live at `now_ms`; the others are removed. */
void store_binding_list(struct store *, int64_t now_ms, struct store_reply);

/** One call's record. */
struct store_call {
    const char *id, *project_id;
    const char *direction, *face; /* "in", "out", "internal"; "bridge", "sip" */
    const char *from, *to, *trunk, *user;
    const char *state; /* "done" once it is over */
    const char *codec_a, *codec_b;
    const char *cause, *cause_text, *ended_by; /* "busy", a sentence, "remote" */
    const char *correlation;                   /* session id or Call-ID */
    const char *stats;                         /* JSON text */
    int64_t code, created_ms, answered_ms, ended_ms;
};
/** Adds or replaces. */
void store_call_set(struct store *, const struct store_call *row, struct store_reply);
void store_call_find(struct store *, const char *id, struct store_reply);
/** Newest first, created before `before_ms` (0: all), at most `limit` (0: 100). */
void store_call_list(struct store *, int64_t before_ms, size_t limit, struct store_reply);
/** Calls and their timelines that ended before `before_ms`: retention. */
void store_call_purge(struct store *, int64_t before_ms, struct store_reply);

struct store_event { /* one line of a call's timeline */
    const char *call_id, *kind, *text;
    int64_t at_ms, leg;
};
/** All rows or none; the call's row must exist. */
void store_event_add(struct store *, const struct store_event *rows, size_t n, struct store_reply);
/** In the order added. */
void store_event_list(struct store *, const char *call_id, struct store_reply);

/** Small things of the program: "dtls_key" … */
struct store_setting {
    const char *key, *value;
};
void store_setting_set(struct store *, const struct store_setting *row, struct store_reply);
void store_setting_find(struct store *, const char *key, struct store_reply);

extern const struct store_table store_project_table, store_user_table, store_token_table,
    store_device_table, store_number_table, store_binding_table, store_call_table,
    store_event_table, store_setting_table;
