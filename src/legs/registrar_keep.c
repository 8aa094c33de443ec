/* Bindings that outlive a restart: those by UDP, which need no connection. Phones on TCP, TLS and
 * WebSockets come back by themselves. */
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "legs/registrar_priv.h"
#include "sip/sip_uri.h"
#include "store/store_rows.h"

enum { PATHS_TEXT = 4096 };

static void keep(struct registrar *registrar, const struct sip_binding *binding)
{
    char received[ADDR_TEXT], paths[PATHS_TEXT];
    struct buf path = BUF_ON(paths);
    for (size_t i = 0; i < binding->n_paths; i++)
        buf_printf(&path, "%s%.*s", i ? " " : "", SLICE_ARG(binding->path[i]));
    if (path.overflow)
        return; /* the phone registers again within its time */
    char *texts[] = { slice_dup(binding->aor), slice_dup(binding->contact),
                      slice_dup(binding->instance), slice_dup(binding->user_agent),
                      slice_dup(binding->call_id) };
    struct store_binding row = {
        .aor = texts[0],
        .contact = texts[1],
        .instance = texts[2],
        .user_agent = texts[3],
        .call_id = texts[4],
        .transport = sip_kind_name(binding->flow.kind),
        .received = addr_print(&binding->flow.remote, received),
        .path = buf_cstr(&path),
        .cseq = binding->cseq,
        .reg_id = binding->reg_id,
        .q_permille = binding->q,
        .expires_ms = binding->expires_wall_ms,
        .updated_ms = loop_wall_ms(registrar->env->loop),
    };
    store_binding_set(registrar->env->store, &row, (struct store_reply){ 0 });
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(texts[i]);
}

static void drop(struct registrar *registrar, const struct sip_binding *binding)
{
    char *aor = slice_dup(binding->aor);
    char *contact = slice_dup(binding->contact);
    store_binding_remove(registrar->env->store, aor, contact, (struct store_reply){ 0 });
    mem_free(aor);
    mem_free(contact);
}

void registrar_keep_binding(struct registrar *registrar, enum sip_binding_change change,
                            const struct sip_binding *binding)
{
    if (binding->flow.kind != SIP_UDP)
        return;
    if (change == SIP_BINDING_ADDED || change == SIP_BINDING_REFRESHED)
        keep(registrar, binding);
    else
        drop(registrar, binding);
}

static bool read_row(const struct store_binding *row, struct sip_binding *out)
{
    *out = (struct sip_binding){ .aor = slice_of(row->aor),
                                 .contact = slice_of(row->contact),
                                 .call_id = slice_of(row->call_id),
                                 .cseq = (uint32_t)row->cseq,
                                 .q = (unsigned)row->q_permille,
                                 .instance = slice_of(row->instance),
                                 .reg_id = (uint32_t)row->reg_id,
                                 .user_agent = slice_of(row->user_agent),
                                 .expires_wall_ms = row->expires_ms,
                                 .since_wall_ms = row->updated_ms };
    struct slice rest = slice_of(row->path);
    while (rest.len && out->n_paths < SIP_PATHS_MAX)
        out->path[out->n_paths++] = slice_cut(&rest, ' ');
    return sip_kind_parse(slice_of(row->transport), &out->flow.kind) == OK &&
           addr_parse(slice_of(row->received), sip_kind_port(out->flow.kind), &out->flow.remote) ==
               OK;
}

/* It registered anew before the store answered. */
static bool is_there(const struct registrar *registrar, const struct sip_binding *binding)
{
    const struct sip_binding *list[SIP_BINDINGS_PER_AOR];
    size_t n = sip_registrar_lookup(registrar->rules, binding->aor, list, COUNT_OF(list));
    for (size_t i = 0; i < n; i++)
        if (slice_eq(list[i]->contact, binding->contact) ||
            (binding->instance.len && slice_eq(list[i]->instance, binding->instance) &&
             list[i]->reg_id == binding->reg_id))
            return true;
    return false;
}

static void on_device(void *owner, const struct store_answer *answer)
{
    if (!answer->err && answer->n)
        registrar_learn_device(owner, STORE_ROWS(answer, store_device));
}

static void on_bindings(void *owner, const struct store_answer *answer)
{
    struct registrar *registrar = owner;
    const struct store_binding *rows = STORE_ROWS(answer, store_binding);
    size_t n = 0;
    for (size_t i = 0; !answer->err && i < answer->n; i++) {
        struct sip_binding binding;
        if (!read_row(&rows[i], &binding) || is_there(registrar, &binding) ||
            sip_registrar_load(registrar->rules, &binding))
            continue;
        struct slice rest = binding.aor;
        char *sip_user = slice_dup(slice_cut(&rest, '@'));
        registrar_learn_config_user(registrar, slice_of(sip_user));
        store_device_find_sip(registrar->env->store, sip_user,
                              (struct store_reply){ on_device, registrar });
        mem_free(sip_user);
        n++;
    }
    if (n)
        log_info(NULL, "phones known from before the start bindings=%zu", n);
}

void registrar_load_bindings(struct registrar *registrar)
{
    store_binding_list(registrar->env->store, loop_wall_ms(registrar->env->loop),
                       (struct store_reply){ on_bindings, registrar });
}
