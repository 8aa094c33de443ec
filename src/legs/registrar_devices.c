/* Devices that were disabled or removed are not reachable any more: their bindings end at once, not
 * when they expire. */
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/registrar_priv.h"
#include "store/store_rows.h"

struct doomed {
    struct list link;
    char *aor, *contact;
};

/* What the registrar holds must not change while it is walked. */
static void collect(const struct registrar *registrar, const struct map *good, struct list *out)
{
    size_t cursor = 0;
    const struct sip_binding *binding;
    while ((binding = sip_registrar_next(registrar->rules, &cursor))) {
        struct slice rest = binding->aor;
        struct slice name = slice_cut(&rest, '@');
        if (map_find(good, name) || config_user_find(registrar->env->config, name))
            continue;
        struct doomed *doomed = mem_new(struct doomed);
        doomed->aor = slice_dup(binding->aor);
        doomed->contact = slice_dup(binding->contact);
        list_append(out, &doomed->link);
    }
}

static void on_devices(void *owner, const struct store_answer *answer)
{
    struct registrar *registrar = owner;
    struct list list;
    bool again = registrar->devices_again;
    registrar->devices_asked = registrar->devices_again = false;
    if (answer->err)
        return;
    const struct store_device *rows = STORE_ROWS(answer, store_device);
    struct map *good = map_create();
    for (size_t i = 0; i < answer->n; i++)
        if (!rows[i].disabled_ms)
            map_put(good, slice_of(rows[i].sip_username), registrar);
    list_init(&list);
    collect(registrar, good, &list);
    map_destroy(good);
    LIST_EACH(link, &list)
    {
        struct doomed *doomed = LIST_ITEM(link, struct doomed, link);
        sip_registrar_remove(registrar->rules, slice_of(doomed->aor), slice_of(doomed->contact));
        mem_free(doomed->aor);
        mem_free(doomed->contact);
        mem_free(doomed);
    }
    if (again)
        registrar_reload_devices(registrar);
}

/* A list at a time, however many devices change. */
void registrar_reload_devices(struct registrar *registrar)
{
    registrar->devices_again = registrar->devices_asked;
    if (registrar->devices_asked || !sip_registrar_count(registrar->rules))
        return;
    registrar->devices_asked = true;
    store_device_list(registrar->env->store, NULL, (struct store_reply){ on_devices, registrar });
}
