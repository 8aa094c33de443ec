/* Who and what exists: projects, users, tokens, devices, numbers, bindings, settings. Calls and
 * their events are in store_calls.c. */
#include "store_rows.h"

#include "base/num.h"
#include "store_priv.h"
#include "store_table.h"

enum { USED_EVERY_MS = 60000 }; /* a token's last use is written at most this often */

static const struct store_column project_columns[] = {
    { TEXT(project, id), .key = true },
    { TEXT(project, name) },
    { TEXT(project, signing_key) },
    { NUMBER(project, created_ms) },
    { TEXT(project, parent_id), .nullable = true },
    { TEXT(project, options) },
    { NUMBER(project, updated_ms) },
};
TABLE(project, "projects", NULL);

static const struct store_column user_columns[] = {
    { TEXT(user, id), .key = true },
    { TEXT(user, project_id), .nullable = true },
    { TEXT(user, name) },
    { TEXT(user, display_name) },
    { NUMBER(user, created_ms) },
    { TEXT(user, prefer) },
    { TEXT(user, codecs) },
};
TABLE(user, "users", NULL);

static const struct store_column token_columns[] = {
    { TEXT(token, id), .key = true },
    { TEXT(token, project_id), .nullable = true },
    { TEXT(token, user_id), .nullable = true },
    { TEXT(token, name) },
    { TEXT(token, scopes) },
    { TEXT(token, hash) },
    { NUMBER(token, created_ms) },
    { NUMBER(token, expires_ms) },
    { NUMBER(token, revoked_ms) },
    { NUMBER(token, used_ms) },
};
TABLE(token, "tokens", NULL);

static const struct store_column device_columns[] = {
    { TEXT(device, id), .key = true },
    { TEXT(device, user_id) },
    { TEXT(device, description) },
    { TEXT(device, platform) },
    { TEXT(device, sip_username) },
    { TEXT(device, realm) },
    { TEXT(device, ha1_md5) },
    { TEXT(device, ha1_sha256) },
    { TEXT(device, contact) },
    { TEXT(device, user_name),
      .expr = "(SELECT name FROM users WHERE users.id = devices.user_id)" },
    { NUMBER(device, created_ms) },
    { TEXT(device, sip_password) },
    { TEXT(device, mode) },
    { NUMBER(device, disabled_ms) },
    { NUMBER(device, rotated_ms) },
};
TABLE(device, "devices", NULL);

static const struct store_column number_columns[] = {
    { TEXT(number, number), .key = true },
    { NAMED(number, to, "leads_to") },
    { TEXT(number, project_id), .nullable = true },
    { NUMBER(number, created_ms) },
    { TEXT(number, body) },
    { NUMBER(number, updated_ms) },
};
TABLE(number, "numbers", NULL);

static const struct store_column binding_columns[] = {
    { TEXT(binding, aor), .key = true },
    { TEXT(binding, contact), .key = true },
    { TEXT(binding, device_id), .nullable = true },
    { TEXT(binding, transport) },
    { TEXT(binding, received) },
    { TEXT(binding, path) },
    { TEXT(binding, instance) },
    { TEXT(binding, user_agent) },
    { TEXT(binding, call_id) },
    { NUMBER(binding, cseq) },
    { NUMBER(binding, reg_id) },
    { NUMBER(binding, q_permille) },
    { NUMBER(binding, expires_ms) },
    { NUMBER(binding, updated_ms) },
};
TABLE(binding, "bindings", NULL);

static const struct store_column setting_columns[] = {
    { TEXT(setting, key), .key = true },
    { TEXT(setting, value) },
};
TABLE(setting, "settings", NULL);

/* a name could be another row's id: the id wins */
#define BY_ID_OR_NAME \
    "WHERE id = $1 OR name = $1 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1"

void store_project_add(struct store *store, const struct store_project *row,
                       struct store_reply reply)
{
    store_add_row(store, &store_project_table, row, reply);
}

void store_project_find(struct store *store, const char *id_or_name, struct store_reply reply)
{
    store_find_row(store, &store_project_table, BY_ID_OR_NAME, id_or_name, reply);
}

void store_project_list(struct store *store, struct store_reply reply)
{
    store_list_rows(store, &store_project_table, "ORDER BY created_ms, id", reply);
}

void store_project_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM projects WHERE id = $1", id, reply);
}

void store_user_add(struct store *store, const struct store_user *row, struct store_reply reply)
{
    store_add_row(store, &store_user_table, row, reply);
}

void store_user_find(struct store *store, const char *id_or_name, struct store_reply reply)
{
    store_find_row(store, &store_user_table, BY_ID_OR_NAME, id_or_name, reply);
}

void store_user_list(struct store *store, struct store_reply reply)
{
    store_list_rows(store, &store_user_table, "ORDER BY name", reply);
}

void store_user_change(struct store *store, const struct store_user *row, struct store_reply reply)
{
    store_change_row(store, &store_user_table, row, "display_name prefer codecs", "", reply);
}

void store_user_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM users WHERE id = $1", id, reply);
}

void store_token_add(struct store *store, const struct store_token *row, struct store_reply reply)
{
    store_add_row(store, &store_token_table, row, reply);
}

void store_token_check(struct store *store, const char *hash, int64_t now_ms,
                       struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_ROW;
    store_job_step(job, "UPDATE tokens SET used_ms = $1 WHERE hash = $2 AND used_ms < $3 AND "
                        "revoked_ms = 0 AND (expires_ms = 0 OR expires_ms > $1)");
    store_job_number(job, now_ms);
    store_job_text(job, hash);
    store_job_number(job, now_ms - USED_EVERY_MS);
    store_job_select(job, &store_token_table,
                     "WHERE hash = $1 AND revoked_ms = 0 AND (expires_ms = 0 OR expires_ms > $2)");
    store_job_text(job, hash);
    store_job_number(job, now_ms);
    store_post(job);
}

void store_token_list(struct store *store, const char *project_id, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_token_table,
                     "WHERE $1 = '' OR project_id = $1 ORDER BY created_ms, id");
    store_job_text(job, project_id);
    store_post(job);
}

void store_token_list_user(struct store *store, const char *user_id, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_token_table, "WHERE user_id = $1 ORDER BY created_ms, id");
    store_job_text(job, user_id);
    store_post(job);
}

void store_token_revoke(struct store *store, const char *id, int64_t now_ms,
                        struct store_reply reply)
{
    const struct store_token row = { .id = id, .revoked_ms = now_ms };
    store_change_row(store, &store_token_table, &row, "revoked_ms", UNREVOKED, reply);
}

void store_device_add(struct store *store, const struct store_device *row, struct store_reply reply)
{
    struct store_device full = *row;
    if (!full.mode || !full.mode[0])
        full.mode = "Proxy";
    store_add_row(store, &store_device_table, &full, reply);
}

void store_device_find(struct store *store, const char *id, struct store_reply reply)
{
    store_find_row(store, &store_device_table, "WHERE id = $1", id, reply);
}

void store_device_find_sip(struct store *store, const char *sip_username, struct store_reply reply)
{
    store_find_row(store, &store_device_table, "WHERE sip_username = $1", sip_username, reply);
}

void store_device_list(struct store *store, const char *user_id, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_select(job, &store_device_table,
                     "WHERE $1 = '' OR user_id = $1 ORDER BY created_ms, id");
    store_job_text(job, user_id);
    store_post(job);
}

void store_device_remove(struct store *store, const char *id, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM devices WHERE id = $1", id, reply);
}

void store_number_set(struct store *store, const struct store_number *row, struct store_reply reply)
{
    store_set_row(store, &store_number_table, row, reply);
}

void store_number_find(struct store *store, const char *number, struct store_reply reply)
{
    store_find_row(store, &store_number_table, "WHERE number = $1", number, reply);
}

void store_number_list(struct store *store, struct store_reply reply)
{
    store_list_rows(store, &store_number_table, "ORDER BY number", reply);
}

void store_number_remove(struct store *store, const char *number, struct store_reply reply)
{
    store_remove_row(store, "DELETE FROM numbers WHERE number = $1", number, reply);
}

void store_binding_set(struct store *store, const struct store_binding *row,
                       struct store_reply reply)
{
    store_set_row(store, &store_binding_table, row, reply);
}

void store_binding_remove(struct store *store, const char *aor, const char *contact,
                          struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    job->need = STORE_NEED_CHANGE;
    store_job_step(job, "DELETE FROM bindings WHERE aor = $1 AND contact = $2");
    store_job_text(job, aor);
    store_job_text(job, contact);
    store_post(job);
}

void store_binding_list(struct store *store, int64_t now_ms, struct store_reply reply)
{
    struct store_job *job = store_job_create(store, reply);
    store_job_step(job, "DELETE FROM bindings WHERE expires_ms <= $1");
    store_job_number(job, now_ms);
    store_job_select(job, &store_binding_table, "ORDER BY aor, updated_ms, contact");
    store_post(job);
}

void store_setting_set(struct store *store, const struct store_setting *row,
                       struct store_reply reply)
{
    store_set_row(store, &store_setting_table, row, reply);
}

void store_setting_find(struct store *store, const char *key, struct store_reply reply)
{
    store_find_row(store, &store_setting_table, "WHERE key = $1", key, reply);
}
