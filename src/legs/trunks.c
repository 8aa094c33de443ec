#include "legs/trunks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "config/config_diff.h"
#include "legs/kandy/trunk_kandy.h"
#include "legs/leg_media.h"
#include "legs/trunk_sip.h"
#include "legs/trunks_priv.h"
#include "sip/sip_flow.h"

/* what a goodbye to the far end may take: perhaps a challenge comes back */
enum { TRUNK_LEAVE_MS = 5000 };

static const struct trunk_kind *const kinds[] = { &trunk_sip, &trunk_kandy };

static const struct trunk_kind *kind_of(const struct config_trunk *config)
{
    size_t i = 0;
    while (kinds[i]->type != config->type)
        i++; /* every type has its row */
    return kinds[i];
}

static struct leg_codecs codecs_of(const struct leg_env *env, const struct config_trunk *config)
{
    struct leg_codecs out = leg_codecs_named(&config->codecs);
    return out.n ? out : env->sip_codecs;
}

static struct trunk *make(struct trunks *trunks, const struct config_trunk *config)
{
    const struct trunk_kind *kind = kind_of(config);
    struct trunk *trunk = mem_alloc(kind->size);
    trunk->kind = kind;
    trunk->trunks = trunks;
    trunk->config = config_trunk_copy(config);
    trunk->rtt_ms = -1;
    trunk->codecs = codecs_of(trunks->env, trunk->config);
    log_tag_set(&trunk->log, "trunk=%s", trunk->config->name);
    kind->init(trunk);
    return trunk;
}

static void destroy(struct trunk *trunk)
{
    loop_timer_stop(trunk->trunks->env->loop, &trunk->leave_timer);
    trunk->kind->clear(trunk);
    config_trunk_destroy(trunk->config);
    mem_free(trunk);
}

struct trunks *trunks_create(const struct leg_env *env)
{
    struct trunks *trunks = mem_new(struct trunks);
    rand_bytes(trunks->line_key, sizeof trunks->line_key);
    trunks->env = env;
    trunks->n = env->config->n_trunks;
    trunks->list = mem_array(trunks->n, sizeof *trunks->list);
    for (size_t i = 0; i < trunks->n; i++)
        trunks->list[i] = make(trunks, &env->config->trunks[i]);
    return trunks;
}

void trunks_destroy(struct trunks *trunks)
{
    if (!trunks)
        return;
    for (size_t i = 0; i < trunks->n; i++)
        destroy(trunks->list[i]);
    for (size_t i = 0; i < trunks->n_retired; i++)
        destroy(trunks->retired[i]);
    mem_free(trunks->list);
    mem_free(trunks->retired);
    mem_free(trunks);
}

const char *trunk_health_name(enum trunk_health health)
{
    static const char *const names[] = {
        [TRUNK_UNKNOWN] = "unknown", [TRUNK_ALIVE] = "alive", [TRUNK_DEAD] = "unreachable"
    };
    return names[health];
}

void trunk_set_health(struct trunk *trunk, enum trunk_health health, const char *text)
{
    if (trunk->health != health) {
        if (health == TRUNK_ALIVE)
            log_info(&trunk->log, "alive rtt_ms=%" PRId64, trunk->rtt_ms);
        else
            log_warn(&trunk->log, "unreachable reason=\"%s\"", text);
    }
    trunk->health = health;
    if (health == TRUNK_DEAD)
        snprintf(trunk->last_error, sizeof trunk->last_error, "%s", text);
}

void trunks_set_news(struct trunks *trunks, const struct trunks_news *news, void *owner)
{
    trunks->news = news;
    trunks->news_owner = owner;
}

void trunks_start(struct trunks *trunks)
{
    for (size_t i = 0; i < trunks->n; i++)
        trunks->list[i]->kind->start(trunks->list[i]);
}

void trunks_stop(struct trunks *trunks)
{
    for (size_t i = 0; i < trunks->n; i++)
        trunks->list[i]->kind->stop(trunks->list[i]);
}

static void forget(void *owner)
{
    struct trunk *trunk = owner;
    struct trunks *trunks = trunk->trunks;
    if (trunk->calls)
        return; /* the last one's end comes back here */
    size_t i = 0;
    while (trunks->retired[i] != trunk)
        i++;
    trunks->retired[i] = trunks->retired[--trunks->n_retired];
    log_info(&trunk->log, "gone");
    destroy(trunk);
}

const struct config_trunk *trunk_successor(const struct trunk *trunk)
{
    return config_trunk_find(trunk->trunks->env->config, slice_of(trunk->config->name));
}

static void retire(struct trunk *trunk)
{
    struct trunks *trunks = trunk->trunks;
    log_info(&trunk->log, "retired calls=%u", trunk->calls);
    trunk->retired = true;
    trunk->kind->retire(trunk);
    trunks->retired =
        mem_resize(trunks->retired, (trunks->n_retired + 1) * sizeof *trunks->retired);
    trunks->retired[trunks->n_retired++] = trunk;
    loop_timer_start(trunks->env->loop, &trunk->leave_timer, TRUNK_LEAVE_MS, forget, trunk);
}

/* The trunk that stays as it is, or NULL. */
static struct trunk *take_same(struct trunks *trunks, const struct config_trunk *config)
{
    for (size_t i = 0; i < trunks->n; i++)
        if (trunks->list[i] && config_trunk_same(trunks->list[i]->config, config)) {
            struct trunk *trunk = trunks->list[i];
            trunks->list[i] = NULL;
            return trunk;
        }
    return NULL;
}

void trunks_reload(struct trunks *trunks)
{
    const struct config *config = trunks->env->config;
    struct trunk **list = mem_array(config->n_trunks, sizeof(struct trunk *));
    bool *is_new = mem_array(config->n_trunks, sizeof *is_new);
    for (size_t i = 0; i < config->n_trunks; i++) {
        list[i] = take_same(trunks, &config->trunks[i]);
        is_new[i] = !list[i];
        if (is_new[i])
            list[i] = make(trunks, &config->trunks[i]);
        else
            list[i]->codecs = codecs_of(trunks->env, list[i]->config);
    }
    for (size_t i = 0; i < trunks->n; i++)
        if (trunks->list[i])
            retire(trunks->list[i]);
    mem_free(trunks->list);
    trunks->list = list;
    trunks->n = config->n_trunks;
    for (size_t i = 0; i < trunks->n; i++)
        if (is_new[i])
            list[i]->kind->start(list[i]);
    mem_free(is_new);
}

void trunk_on_call_over(void *owner)
{
    struct trunk *trunk = owner;
    trunk->calls--;
    if (trunk->retired && !trunk->calls && !timer_is_running(&trunk->leave_timer))
        loop_timer_start(trunk->trunks->env->loop, &trunk->leave_timer, 0, forget, trunk);
}

void trunk_add_leg(struct trunk *trunk, struct call *call, struct leg *take)
{
    trunk->calls++;
    trunk->total_calls++;
    call_add_leg(call, take);
}

static bool is_full(const struct trunk *trunk, const struct call *call)
{
    return trunk->config->max_calls && trunk->calls >= (unsigned)trunk->config->max_calls &&
           !call_is_emergency(call);
}

/* Nobody waits for a trunk that is known to be silent while another one is left; the last of a
 * route is tried all the same, for it may be back. */
static bool is_passed_over(const struct trunk *trunk, const struct call *call)
{
    return trunk->health == TRUNK_DEAD && call_has_next(call);
}

enum err trunks_send_text(const struct trunks *trunks, const char *name,
                          const struct trunk_text *text, sip_outcome_fn fn, void *owner,
                          struct sip_request **out)
{
    for (size_t i = 0; i < trunks->n; i++) {
        struct trunk *trunk = trunks->list[i];
        if (strcmp(trunk->config->name, name) == 0)
            return trunk->kind->send_text ? trunk->kind->send_text(trunk, text, fn, owner, out)
                                          : ERR_NOT_FOUND;
    }
    return ERR_NOT_FOUND;
}

static void forget_texts(struct trunk *const *list, size_t n, const void *owner)
{
    for (size_t i = 0; i < n; i++)
        if (list[i]->kind->forget_text)
            list[i]->kind->forget_text(list[i], owner);
}

void trunks_forget_text(const struct trunks *trunks, const void *owner)
{
    forget_texts(trunks->list, trunks->n, owner);
    forget_texts(trunks->retired, trunks->n_retired, owner);
}

void trunks_dial(void *owner, struct call *call, const struct route_target *target,
                 struct cause *why)
{
    struct trunks *trunks = owner;
    for (size_t i = 0; i < trunks->n; i++) {
        struct trunk *trunk = trunks->list[i];
        if (!slice_is(slice_of(target->name), trunk->config->name))
            continue;
        if (is_full(trunk, call))
            *why = cause_of_token("overload", CAUSE_BY_SYSTEM, "The trunk carries all its calls.");
        else if (is_passed_over(trunk, call))
            *why = cause_of_token("service_unavailable", CAUSE_BY_SYSTEM,
                                  "The trunk does not answer; the next one is tried.");
        else
            trunk->kind->dial(trunk, call, target, why);
        return;
    }
    *why =
        cause_of_token("no_route", CAUSE_BY_SYSTEM, "The route names a trunk that is not there.");
}

const char *trunks_match(const struct trunks *trunks, const struct sip_flow *flow)
{
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        if (trunk->kind->sends_from && trunk->kind->sends_from(trunk, &flow->remote))
            return trunk->config->name;
    }
    return NULL;
}

const char *trunks_match_call(const struct trunks *trunks, const struct sip_flow *flow,
                              const struct sip_uri *uri)
{
    const char *name = trunks_match(trunks, flow);
    for (size_t i = 0; i < trunks->n && !name; i++) {
        const struct trunk *trunk = trunks->list[i];
        if (trunk->kind->is_called && trunk->kind->is_called(trunk, &flow->remote, uri))
            name = trunk->config->name;
    }
    return name;
}

void trunks_preview(const struct trunks *trunks, const struct route_target *target, json_t *row)
{
    char mem[ROUTE_NUMBER_MAX + 300];
    struct buf uri = BUF_ON(mem);
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        if (!slice_is(slice_of(target->name), trunk->config->name))
            continue;
        if (trunk->kind->print_called)
            trunk->kind->print_called(trunk, target->number, &uri);
        json_t *text = json_string(buf_cstr(&uri));
        json_object_set_new(row, "uri", text ? text : json_string("?"));
        json_object_set_new(row, "state", json_string(trunk_health_name(trunk->health)));
    }
}

void trunks_policy(const struct trunks *trunks, const char *name, struct leg_sip_policy *out)
{
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        if (trunk->kind->policy && strcmp(trunk->config->name, name) == 0)
            trunk->kind->policy(trunk, out);
    }
}

json_t *trunks_json(const struct trunks *trunks)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:o, s:s}", "name",
                      trunk->config->name, "state", "", "host", trunk->config->host, "address", "",
                      "transport", "", "registration", "none", "calls", (int)trunk->calls,
                      "total_calls", (json_int_t)trunk->total_calls, "rtt_ms",
                      trunk->rtt_ms < 0 ? json_null() : json_integer(trunk->rtt_ms), "last_error",
                      trunk->last_error);
        trunk->kind->view(trunk, row);
        json_array_append_new(rows, row);
    }
    return rows;
}

void trunks_add_registrations(const struct trunks *trunks, json_t *rows)
{
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        if (trunk->kind->add_registration)
            trunk->kind->add_registration(trunk, rows);
    }
}
