#include "legs/leg_users.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/leg_media.h"
#include "media/codecs.h"
#include "store/store_rows.h"

struct leg_users {
    struct store *store;
    struct map *by_name; /* name -> struct leg_user (heap) */
};

static const struct {
    const char *word;
    enum config_prefer prefer;
} prefers[] = {
    { "passthrough", CONFIG_PREFER_PASSTHROUGH },
    { "quality", CONFIG_PREFER_QUALITY },
    { "list", CONFIG_PREFER_LIST },
    { "auto", CONFIG_PREFER_AUTO },
    { "", CONFIG_PREFER_AUTO },
};

static bool parse_prefer(struct slice text, enum config_prefer *out)
{
    for (size_t i = 0; i < COUNT_OF(prefers); i++)
        if (slice_is(text, prefers[i].word)) {
            *out = prefers[i].prefer;
            return true;
        }
    return false;
}

static bool parse_codecs(struct slice text, struct leg_codecs *out)
{
    *out = (struct leg_codecs){ 0 };
    if (slice_is(text, "auto"))
        return true;
    while (text.len) {
        const struct codec *codec = codecs_named(slice_trim(slice_cut(&text, ',')));
        if (!codec)
            return false;
        leg_codecs_add(out, codec);
    }
    return true;
}

bool leg_user_is_prefer(struct slice text)
{
    enum config_prefer prefer;
    return parse_prefer(text, &prefer);
}

bool leg_user_are_codecs(struct slice text)
{
    struct leg_codecs codecs;
    return parse_codecs(text, &codecs);
}

static void forget_all(struct leg_users *users)
{
    size_t cursor = 0;
    void *value;
    while (map_next(users->by_name, &cursor, NULL, &value))
        mem_free(value);
    map_destroy(users->by_name);
}

/* What another version wrote, and this one does not know, is as if it were not there. */
static struct leg_user *read_row(const struct store_user *row)
{
    struct leg_user *user = mem_new(struct leg_user);
    user->prefer = CONFIG_PREFER_AUTO;
    if (!parse_prefer(slice_of(row->prefer), &user->prefer) ||
        !parse_codecs(slice_of(row->codecs), &user->codecs))
        log_warn(NULL, "user=%s has a codec policy that is not known prefer=%s codecs=%s",
                 row->name, row->prefer, row->codecs);
    return user;
}

static void on_users(void *owner, const struct store_answer *answer)
{
    struct leg_users *users = owner;
    if (answer->err)
        return;
    const struct store_user *rows = STORE_ROWS(answer, store_user);
    forget_all(users);
    users->by_name = map_create();
    for (size_t i = 0; i < answer->n; i++)
        mem_free(map_put(users->by_name, slice_of(rows[i].name), read_row(&rows[i])));
}

struct leg_users *leg_users_create(struct store *store)
{
    struct leg_users *users = mem_new(struct leg_users);
    users->store = store;
    users->by_name = map_create();
    return users;
}

void leg_users_destroy(struct leg_users *users)
{
    if (!users)
        return;
    store_forget(users->store, users);
    forget_all(users);
    mem_free(users);
}

void leg_users_reload(struct leg_users *users)
{
    store_user_list(users->store, (struct store_reply){ on_users, users });
}

const struct leg_user *leg_users_find(const struct leg_users *users, struct slice name)
{
    return map_find(users->by_name, name);
}
