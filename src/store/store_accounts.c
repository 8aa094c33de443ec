#include "store_accounts.h"

#include "base/buf.h"
#include "base/num.h"
#include "store_table.h"

enum { SQL_MAX = 1024 };

static const struct store_column session_columns[] = {
    { TEXT(session, hash), .key = true },
    { TEXT(session, user_id) },
    { TEXT(session, token_id) },
    { NUMBER(session, created_ms) },
    { NUMBER(session, expires_ms) },
    { TEXT(session, user_name),
      .expr = "(SELECT name FROM users WHERE users.id = sessions.user_id)" },
    { TEXT(session, project_id),
      .expr = "(SELECT project_id FROM users WHERE users.id = sessions.user_id)" },
    { TEXT(session, scopes),
      .expr = "(SELECT scopes FROM tokens WHERE tokens.id = sessions.token_id)" },
    { TEXT(session, token_name),
      .expr = "(SELECT name FROM tokens WHERE tokens.id = sessions.token_id)" },
};
TABLE(session, "sessions", NULL);

static const struct store_column access_columns[] = {
    { TEXT(access, token_id) },
    { NUMBER(access, at_ms) },
    { TEXT(access, action) },
    { NUMBER(access, status) },
    { TEXT(access, address) },
    { TEXT(access, agent) },
    { TEXT(access, token_name),
      .expr = "(SELECT name FROM tokens WHERE tokens.id = accesses.token_id)" },
    { TEXT(access, user_id),
      .expr = "(SELECT user_id FROM tokens WHERE tokens.id = accesses.token_id)" },
};
TABLE(access, "accesses", NULL);

static const struct store_column device_event_columns[] = {
    { TEXT(device_event, device_id) }, { NUMBER(device_event, at_ms) },
    { TEXT(device_event, kind) },      { NUMBER(device_event, value) },
    { TEXT(device_event, text) },
};
TABLE(device_event, "device_events", NULL);

static const struct store_column cascade_columns[] = {
    { TEXT(cascade, device), .expr = "devices.settings" },
    { TEXT(cascade, user), .expr = "users.settings" },
    { TEXT(cascade, domain), .expr = "projects.settings" },
    { TEXT(cascade, user_name), .expr = "users.name" },
    { TEXT(cascade, display_name), .expr = "users.display_name" },
};
TABLE(cascade, "devices",
      "devices JOIN users ON users.id = devices.user_id "
      "LEFT JOIN projects ON projects.id = users.project_id");

static const struct store_column connection_columns[] = {
    { TEXT(connection, id), .key = true },
    { TEXT(connection, user_id) },
    { TEXT(connection, body) },
    { NUMBER(connection, created_ms) },
    { NUMBER(connection, updated_ms) },
};
TABLE(connection, "connections", NULL);

static const struct store_column sealed_columns[] = {
    { TEXT(sealed, place) },
    { TEXT(sealed, id) },
    { TEXT(sealed, text) },
};
/* Whatever holds sealed texts has a branch here and a row in sealed_places[]. */
TABLE(sealed, "sealed",
      "(SELECT 'devices' AS place, id, sip_password AS text FROM devices UNION ALL "
      "SELECT 'connections', id, body FROM connections UNION ALL "
      "SELECT 'faxes', id, document FROM faxes UNION ALL "
      "SELECT 'projects', id, signing_key FROM projects WHERE signing_key LIKE 's1:%' UNION ALL "
      "SELECT 'settings', key, value FROM settings WHERE value LIKE 's1:%') AS sealed");

static const struct {
    const char *place, *set;
} sealed_places[] = {
    { "connections", "UPDATE connections SET body = $1 WHERE id = $2 AND body = $3" },
    { "devices", "UPDATE devices SET sip_password = $1 WHERE id = $2 AND sip_password = $3" },
    { "faxes", "UPDATE faxes SET document = $1 WHERE id = $2 AND document = $3" },
    { "projects", "UPDATE projects SET signing_key = $1 WHERE id = $2 AND signing_key = $3" },
    { "settings", "UPDATE settings SET value = $1 WHERE key = $2 AND value = $3" },
};

void store_token_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_token_table, "WHERE id = $1", id, reply);
}

void store_token_find_hash(struct store *store, const char *hash, struct store_reply reply)
{
    store_find_row(store, &store_token_table, "WHERE hash = $1", hash, reply);
}

void store_token_rotate(struct store *store, const struct store_token *row,
                        struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    struct store_token unused = *row;
    unused.used_ms = 0;
    job->need = STORE_NEED_CHANGE;
    store_job_change(job, &store_token_table, &unused, "hash created_ms expires_ms used_ms",
                     UNREVOKED);
    store_job_step(job, "DELETE FROM sessions WHERE token_id = $1");
    store_job_text(job, row->id);
    store_post(job);
}

void store_session_add(struct store *store, const struct store_session *row,
                       struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM sessions WHERE expires_ms <= $1");
    store_job_number(job, row->created_ms);
    store_job_step(job, "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE "
                        "user_id = $1 ORDER BY created_ms DESC, hash LIMIT 1000000 OFFSET $2)");
    store_job_text(job, row->user_id);
    store_job_number(job, STORE_SESSIONS_PER_USER - 1);
    store_job_put(job, &store_session_table, row, false);
    store_post(job);
}

void store_session_check(struct store *store, const char *hash, int64_t now_ms,
                         struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_ROW;
    store_job_select(job, &store_session_table,
                     "WHERE hash = $1 AND expires_ms > $2 AND EXISTS (SELECT 1 FROM tokens WHERE "
                     "tokens.id = sessions.token_id AND tokens.revoked_ms = 0 AND "
                     "(tokens.expires_ms = 0 OR tokens.expires_ms > $2))");
    store_job_text(job, hash);
    store_job_number(job, now_ms);
    store_post(job);
}

void store_session_remove(struct store *store, const char *hash, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM sessions WHERE hash = $1", hash, reply);
}

void store_access_add(struct store *store, const struct store_access *row, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_put(job, &store_access_table, row, false);
    store_job_step(job, "UPDATE tokens SET used_ms = $1 WHERE id = $2 AND used_ms < $1");
    store_job_number(job, row->at_ms);
    store_job_text(job, row->token_id);
    store_job_step(job, "DELETE FROM accesses WHERE token_id = $1 AND at_ms < (SELECT MIN(at_ms) "
                        "FROM (SELECT at_ms FROM accesses WHERE token_id = $1 ORDER BY at_ms DESC "
                        "LIMIT $2) AS newest)");
    store_job_text(job, row->token_id);
    store_job_number(job, STORE_ACCESSES_PER_TOKEN);
    store_post(job);
}

void store_access_list(struct store *store, const char *token_id, const char *user_id,
                       int64_t limit, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_access_table,
                     token_id ? "WHERE token_id = $1 ORDER BY at_ms DESC LIMIT $2"
                              : "WHERE token_id IN (SELECT id FROM tokens WHERE user_id = $1) "
                                "ORDER BY at_ms DESC LIMIT $2");
    store_job_text(job, token_id ? token_id : user_id);
    store_job_number(job, limit);
    store_post(job);
}

void store_device_event_add(struct store *store, const char *sip_username,
                            const struct store_device_event *row, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "INSERT INTO device_events (device_id, at_ms, kind, value, text) "
                        "SELECT id, $2, $3, $4, $5 FROM devices WHERE sip_username = $1");
    store_job_text(job, sip_username);
    store_job_number(job, row->at_ms);
    store_job_text(job, row->kind);
    store_job_number(job, row->value);
    store_job_text(job, row->text);
    store_job_step(job,
                   "DELETE FROM device_events WHERE kind = $2 AND device_id = (SELECT id FROM "
                   "devices WHERE sip_username = $1) AND at_ms < (SELECT MIN(at_ms) FROM (SELECT "
                   "at_ms FROM device_events WHERE kind = $2 AND device_id = (SELECT id FROM "
                   "devices WHERE sip_username = $1) ORDER BY at_ms DESC LIMIT $3) AS newest)");
    store_job_text(job, sip_username);
    store_job_text(job, row->kind);
    store_job_number(job, STORE_EVENTS_PER_DEVICE);
    store_post(job);
}

void store_device_event_list(struct store *store, const char *device_id, const char *kind,
                             int64_t from_ms, int64_t to_ms, int64_t limit,
                             struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_device_event_table,
                     "WHERE device_id = $1 AND kind = $2 AND at_ms >= $3 AND ($4 = 0 OR at_ms < "
                     "$4) ORDER BY at_ms DESC LIMIT $5");
    store_job_text(job, device_id);
    store_job_text(job, kind);
    store_job_number(job, from_ms);
    store_job_number(job, to_ms);
    store_job_number(job, limit);
    store_post(job);
}

void store_device_change(struct store *store, const struct store_device *row,
                         struct store_reply reply)
{
    store_change_row(store, &store_device_table, row, "description platform mode disabled_ms", "",
                     reply);
}

void store_device_rotate(struct store *store, const struct store_device *row,
                         struct store_reply reply)
{
    store_change_row(store, &store_device_table, row,
                     "sip_password ha1_md5 ha1_sha256 realm rotated_ms", "", reply);
}

void store_user_rename(struct store *store, const char *id, const char *display_name,
                       struct store_reply reply)
{
    const struct store_user row = { .id = id, .display_name = display_name };
    store_change_row(store, &store_user_table, &row, "display_name", "", reply);
}

void store_cascade_find(struct store *store, const char *device_id, struct store_reply reply)
{
    store_find_row(store, &store_cascade_table, "WHERE devices.id = $1", device_id, reply);
}

static const char *const level_tables[] = { "devices", "users", "projects" };

void store_settings_find(struct store *store, enum store_level level, const char *id,
                         struct store_reply reply)
{
    char tail[SQL_MAX];
    /* the columns of a setting, out of another table */
    snprintf(tail, sizeof tail, "WHERE FALSE UNION ALL SELECT id, settings FROM %s WHERE id = $1",
             level_tables[level]);
    store_find_row(store, &store_setting_table, tail, id, reply);
}

void store_settings_set(struct store *store, enum store_level level, const char *id,
                        const char *json, struct store_reply reply)
{
    char sql[SQL_MAX];
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    snprintf(sql, sizeof sql, "UPDATE %s SET settings = $1 WHERE id = $2", level_tables[level]);
    store_job_step(job, sql);
    store_job_text(job, json);
    store_job_text(job, id);
    store_post(job);
}

void store_sealed_list(struct store *store, struct store_reply reply)
{
    store_list_rows(store, &store_sealed_table, "WHERE text <> '' ORDER BY place, id", reply);
}

void store_sealed_set(struct store *store, const struct store_sealed *row, const char *was,
                      struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    for (size_t i = 0; i < COUNT_OF(sealed_places); i++)
        if (slice_is(slice_of(row->place), sealed_places[i].place))
            store_job_step(job, sealed_places[i].set);
    store_job_text(job, row->text);
    store_job_text(job, row->id);
    store_job_text(job, was);
    store_post(job);
}

void store_connection_set(struct store *store, const struct store_connection *row,
                          struct store_reply reply)
{
    store_set_row(store, &store_connection_table, row, reply);
}

void store_connection_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_connection_table, "WHERE id = $1", id, reply);
}

void store_connection_list(struct store *store, const char *user_id, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_connection_table, "WHERE user_id = $1 ORDER BY created_ms, id");
    store_job_text(job, user_id);
    store_post(job);
}

void store_connection_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM connections WHERE id = $1", id, reply);
}
