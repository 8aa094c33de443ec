#include "sip_bindings.h"

#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "sip_uri.h"

struct record { /* one address of record */
    char *aor;
    struct list bindings; /* struct node by in_record; longest ago refreshed first */
    size_t n;
};

struct node {
    struct list in_record;
    struct list in_all;
    struct sip_bindings *owner;
    struct record *record;
    struct timer timer;
    struct sip_binding binding; /* its slices point to `text` */
    char *text;
    uint64_t number;
};

struct sip_bindings {
    struct loop *loop;
    sip_bindings_fn fn;
    void *owner;
    struct map *records;
    struct map *by_number; /* struct node */
    uint64_t last_number;
    struct list all;
    size_t n;
};

enum { AOR_MAX = 512 };

struct sip_bindings *sip_bindings_create(struct loop *loop, sip_bindings_fn fn, void *owner)
{
    struct sip_bindings *bindings = mem_new(struct sip_bindings);
    bindings->loop = loop;
    bindings->fn = fn;
    bindings->owner = owner;
    bindings->records = map_create();
    bindings->by_number = map_create();
    list_init(&bindings->all);
    return bindings;
}

bool sip_bindings_aor(struct slice aor, char *out, size_t cap)
{
    if (!slice_copy(aor, out, cap))
        return false;
    char *at = strrchr(out, '@');
    for (char *c = at ? at : out; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return true;
}

static struct record *find_record(const struct sip_bindings *bindings, struct slice aor)
{
    char text[AOR_MAX];
    return sip_bindings_aor(aor, text, sizeof text) ? map_find(bindings->records, slice_of(text))
                                                    : NULL;
}

static void put(struct slice *to, char **at, struct slice from)
{
    *to = (struct slice){ *at, from.len };
    if (from.len)
        memcpy(*at, from.ptr, from.len);
    *at += from.len;
}

static void copy_binding(struct node *node, const struct sip_binding *from, struct slice aor)
{
    size_t len =
        aor.len + from->contact.len + from->call_id.len + from->instance.len + from->user_agent.len;
    for (size_t i = 0; i < from->n_paths; i++)
        len += from->path[i].len;
    struct sip_binding *to = &node->binding;
    char *text = mem_alloc(len + 1);
    char *at = text;
    *to = *from;
    put(&to->aor, &at, aor);
    put(&to->contact, &at, from->contact);
    put(&to->call_id, &at, from->call_id);
    put(&to->instance, &at, from->instance);
    put(&to->user_agent, &at, from->user_agent);
    for (size_t i = 0; i < from->n_paths; i++)
        put(&to->path[i], &at, from->path[i]);
    mem_free(node->text);
    node->text = text;
}

static struct slice number_key(const uint64_t *number)
{
    return slice_make(number, sizeof *number);
}

static void free_node(struct node *node)
{
    struct sip_bindings *bindings = node->owner;
    struct record *record = node->record;
    loop_timer_stop(bindings->loop, &node->timer);
    list_remove(&node->in_record);
    list_remove(&node->in_all);
    map_remove(bindings->by_number, number_key(&node->number));
    bindings->n--;
    if (--record->n == 0) {
        map_remove(bindings->records, slice_of(record->aor));
        mem_free(record->aor);
        mem_free(record);
    }
    mem_free(node->text);
    mem_free(node);
}

void sip_bindings_destroy(struct sip_bindings *bindings)
{
    if (!bindings)
        return;
    LIST_EACH(link, &bindings->all)
    free_node(LIST_ITEM(link, struct node, in_all));
    map_destroy(bindings->records);
    map_destroy(bindings->by_number);
    mem_free(bindings);
}

static void drop(struct node *node, enum sip_binding_change change)
{
    struct sip_bindings *bindings = node->owner;
    bindings->fn(bindings->owner, change, &node->binding);
    free_node(node);
}

static void on_expired(void *arg)
{
    drop(arg, SIP_BINDING_EXPIRED);
}

/* RFC 5626 §6: an instance with a reg-id is one place, whatever its Contact is today; else the URI
 * says which one it is (RFC 3261 §10.3 step 7). */
static bool is_same(const struct sip_binding *b, struct slice contact, struct slice instance,
                    uint32_t reg_id)
{
    struct sip_uri mine;
    struct sip_uri other;
    if (instance.len && reg_id)
        return slice_eq(b->instance, instance) && b->reg_id == reg_id;
    if (slice_eq(b->contact, contact))
        return true;
    return sip_uri_parse(b->contact, &mine) == OK && sip_uri_parse(contact, &other) == OK &&
           sip_uri_eq(&mine, &other);
}

static struct node *find_node(const struct record *record, struct slice contact,
                              struct slice instance, uint32_t reg_id)
{
    LIST_EACH(link, &record->bindings)
    {
        struct node *node = LIST_ITEM(link, struct node, in_record);
        if (is_same(&node->binding, contact, instance, reg_id))
            return node;
    }
    return NULL;
}

const struct sip_binding *sip_bindings_find(const struct sip_bindings *bindings, struct slice aor,
                                            struct slice contact, struct slice instance,
                                            uint32_t reg_id)
{
    const struct record *record = find_record(bindings, aor);
    const struct node *node = record ? find_node(record, contact, instance, reg_id) : NULL;
    return node ? &node->binding : NULL;
}

const struct sip_binding *sip_bindings_numbered(const struct sip_bindings *bindings,
                                                uint64_t number)
{
    const struct node *node = map_find(bindings->by_number, number_key(&number));
    return node ? &node->binding : NULL;
}

static struct record *make_record(struct sip_bindings *bindings, const char *aor)
{
    struct record *record = mem_new(struct record);
    record->aor = mem_copy_text(aor, strlen(aor));
    list_init(&record->bindings);
    map_put(bindings->records, slice_of(aor), record);
    return record;
}

static struct node *make_node(struct sip_bindings *bindings, struct record *record)
{
    struct node *node = mem_new(struct node);
    node->owner = bindings;
    node->record = record;
    list_init(&node->in_record);
    list_append(&bindings->all, &node->in_all);
    node->number = ++bindings->last_number;
    map_put(bindings->by_number, number_key(&node->number), node);
    bindings->n++;
    record->n++;
    return node;
}

enum err sip_bindings_put(struct sip_bindings *bindings, const struct sip_binding *binding,
                          size_t max, bool quiet)
{
    char aor[AOR_MAX];
    int64_t left_ms = binding->expires_wall_ms - loop_wall_ms(bindings->loop);
    if (!sip_bindings_aor(binding->aor, aor, sizeof aor) || binding->n_paths > SIP_PATHS_MAX)
        return ERR_LIMIT;
    struct record *record = map_find(bindings->records, slice_of(aor));
    if (!record && map_count(bindings->records) >= SIP_REGISTRAR_AORS_MAX)
        return ERR_LIMIT;
    if (!record)
        record = make_record(bindings, aor);
    struct node *node = find_node(record, binding->contact, binding->instance, binding->reg_id);
    enum sip_binding_change change = node ? SIP_BINDING_REFRESHED : SIP_BINDING_ADDED;
    int64_t since_ms = node ? node->binding.since_wall_ms : binding->since_wall_ms;
    if (!node)
        node = make_node(bindings, record);
    copy_binding(node, binding, slice_of(aor));
    node->binding.since_wall_ms = since_ms;
    node->binding.number = node->number;
    list_remove(&node->in_record);
    list_append(&record->bindings, &node->in_record);
    loop_timer_start(bindings->loop, &node->timer, left_ms, on_expired, node);
    while (record->n > max)
        drop(LIST_ITEM(record->bindings.next, struct node, in_record), SIP_BINDING_REMOVED);
    if (!quiet)
        bindings->fn(bindings->owner, change, &node->binding);
    return OK;
}

void sip_bindings_remove(struct sip_bindings *bindings, const struct sip_binding *binding)
{
    struct record *record = find_record(bindings, binding->aor);
    LIST_EACH(link, &record->bindings)
    {
        struct node *node = LIST_ITEM(link, struct node, in_record);
        if (&node->binding != binding)
            continue;
        drop(node, SIP_BINDING_REMOVED);
        return;
    }
}

static bool is_by_websocket(const struct sip_binding *b)
{
    return b->flow.kind == SIP_WS || b->flow.kind == SIP_WSS;
}

static struct slice contact_user(const struct sip_binding *b)
{
    struct sip_uri uri;
    return sip_uri_parse(b->contact, &uri) ? SLICE_NONE : uri.user;
}

/* A web phone that was given a Contact user of its own comes back by a new connection, often with a
 * new instance and host, before the old one is known to be dead: it is one phone all the same, and
 * the newest counts. Several flows of one instance are meant (RFC 5626 §4.2). */
static bool is_same_phone(const struct sip_binding *old, const struct sip_binding *new)
{
    struct slice aor = new->aor;
    struct slice user = contact_user(new);
    bool is_flow =
        old->instance.len && slice_eq(old->instance, new->instance) && old->reg_id != new->reg_id;
    return is_by_websocket(old) && is_by_websocket(new) && user.len && !is_flow &&
           !slice_eq(user, slice_cut(&aor, '@')) && slice_eq(user, contact_user(old));
}

void sip_bindings_retire(struct sip_bindings *bindings, const struct sip_binding *wanted)
{
    struct record *record = find_record(bindings, wanted->aor);
    const struct node *kept =
        record ? find_node(record, wanted->contact, wanted->instance, wanted->reg_id) : NULL;
    if (!kept)
        return;
    /* the record lives as long as `kept` is in it */
    LIST_EACH(link, &record->bindings)
    {
        struct node *node = LIST_ITEM(link, struct node, in_record);
        if (node != kept && is_same_phone(&node->binding, &kept->binding))
            drop(node, SIP_BINDING_REMOVED);
    }
}

size_t sip_bindings_list(const struct sip_bindings *bindings, struct slice aor,
                         const struct sip_binding **out, size_t max)
{
    const struct record *record = find_record(bindings, aor);
    size_t n = 0;
    if (!record)
        return 0;
    /* newest first, then by q: an insertion that keeps equals in their order */
    for (const struct list *link = record->bindings.prev; link != &record->bindings && n < max;
         link = link->prev) {
        const struct node *node =
            (const struct node *)((const char *)link - offsetof(struct node, in_record));
        size_t at = n++;
        for (; at > 0 && out[at - 1]->q < node->binding.q; at--)
            out[at] = out[at - 1];
        out[at] = &node->binding;
    }
    return record->n;
}

/* the cursor is the link that was given out last */
const struct sip_binding *sip_bindings_next(const struct sip_bindings *bindings, size_t *cursor)
{
    const struct list *last = *cursor ? (const struct list *)*cursor : &bindings->all;
    if (last->next == &bindings->all)
        return NULL;
    *cursor = (size_t)last->next;
    return &LIST_ITEM(last->next, struct node, in_all)->binding;
}

size_t sip_bindings_count(const struct sip_bindings *bindings)
{
    return bindings->n;
}
