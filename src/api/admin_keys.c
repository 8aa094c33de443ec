/* The keys that seal secrets at rest: their ids, and replacing them. */
#include "admin.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/seal.h"
#include "store/store_accounts.h"

enum { PASS_MAX = 1000 }; /* texts at a time, so that the store has room for others */

struct rotation {
    int64_t resealed, unreadable, failed;
    size_t waiting; /* of this pass */
    bool has_more;  /* another pass is needed */
};

static json_t *ids_json(const struct seal *seal)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < seal_keys(seal); i++)
        json_array_append_new(ids, json_string(seal_key_id(seal, i)));
    return ids;
}

void admin_key_list(struct rest *rest)
{
    const struct seal *seal = rest->api->config.seal;
    json_t *rows = json_array();
    for (size_t i = 0; i < seal_keys(seal); i++)
        json_array_append_new(
            rows, json_pack("{s:s, s:b}", "key_id", seal_key_id(seal, i), "seals", i == 0));
    rest_reply_take(rest, 200, rows);
}

static void conclude(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    const struct rotation *rotation = rest->state;
    struct fault fault = { 0 };
    if (rotation->failed) {
        rest_fail(rest, 500, "internal", NULL,
                  "some secrets could not be written; all keys are kept: try again");
        return;
    }
    if (!rotation->unreadable && config->live && config->live->keep_first_key &&
        config->live->keep_first_key(config->owner, &fault)) {
        rest_fail(rest, 500, "internal", NULL, "%s %s", fault.where, fault.text);
        return;
    }
    log_info(NULL, "key rotated key=%s resealed=%lld unreadable=%lld", seal_key_id(config->seal, 0),
             (long long)rotation->resealed, (long long)rotation->unreadable);
    rest_reply_take(rest, 200,
                    json_pack("{s:s, s:I, s:I, s:o}", "key_id", seal_key_id(config->seal, 0),
                              "resealed", (json_int_t)rotation->resealed, "unreadable",
                              (json_int_t)rotation->unreadable, "keys", ids_json(config->seal)));
}

static void on_sealed(void *owner, const struct store_answer *answer);

static void on_set(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    struct rotation *rotation = rest->state;
    if (answer->err)
        rotation->failed++;
    if (--rotation->waiting)
        return;
    if (rotation->has_more && !rotation->failed)
        store_sealed_list(rest_store(rest), rest_then(rest, on_sealed));
    else
        conclude(rest);
}

/* What was sealed by another program's key stays as it is. */
static void reseal(struct rest *rest, const struct store_sealed *row)
{
    struct rotation *rotation = rest->state;
    const struct seal *seal = rest->api->config.seal;
    struct secret secret = { 0 };
    char context[REST_TEXT_MAX];
    struct slice was = slice_of(row->text);
    if (seal_is_current(seal, was))
        return;
    if (rotation->waiting == PASS_MAX) {
        rotation->has_more = true;
        return;
    }
    snprintf(context, sizeof context, "%s:%s", row->place, row->id);
    if (seal_open(seal, was, slice_of(context), &secret)) {
        rotation->unreadable++;
        return;
    }
    char *text = seal_text(seal, secret_reveal(&secret), slice_of(context));
    struct store_sealed fresh = { row->place, row->id, text };
    rotation->resealed++;
    rotation->waiting++;
    store_sealed_set(rest_store(rest), &fresh, row->text, rest_then(rest, on_set));
    secret_clear(&secret);
    mem_free(text);
}

static void on_sealed(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    if (!rest_has(rest, answer, "key"))
        return;
    const struct store_sealed *rows = STORE_ROWS(answer, store_sealed);
    if (!rest->state)
        rest->state = mem_new(struct rotation);
    struct rotation *rotation = rest->state;
    rotation->has_more = false;
    rotation->unreadable = 0;
    for (size_t i = 0; i < answer->n; i++)
        reseal(rest, &rows[i]);
    if (!rotation->waiting)
        conclude(rest);
}

void admin_key_rotate(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    struct fault fault = { 0 };
    if (!rest_take(rest, NULL, 0))
        return;
    enum err err = config->live && config->live->renew_key
                       ? config->live->renew_key(config->owner, &fault)
                       : ERR_UNSUPPORTED;
    /* given by the configuration: its first key is the new one already */
    if (err && (err != ERR_UNSUPPORTED || seal_keys(config->seal) == 1))
        rest_fail(rest, err == ERR_UNSUPPORTED ? 409 : 500, "key", NULL, "%s %s", fault.where,
                  fault.text);
    else
        store_sealed_list(rest_store(rest), rest_then(rest, on_sealed));
}
