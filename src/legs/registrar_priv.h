#pragma once
/* What the registrar's files share. */

#include "legs/registrar.h"
#include "sip/sip_registrar.h"

struct map;
struct registrar_alive;
struct registrar_log;
struct sip_ban;
struct store_device;

struct registrar {
    const struct leg_env *env;
    struct sip_auth *auth, *invite_auth; /* 401, and 407 */
    struct sip_ban *ban;                 /* NULL: nobody is banned */
    struct sip_registrar *rules;
    struct map *owners;  /* SIP user name -> struct account */
    struct list lookups; /* struct lookup: questions to the store */
    struct registrar_tokens tokens;
    struct registrar_log *log;
    bool devices_asked, devices_again; /* registrar_devices.c: a list is on its way, one more */
    struct registrar_alive *alive;
    struct {
        void (*fn)(void *owner, struct slice user);
        void *owner;
    } watchers[REGISTRAR_WATCHERS];
};

/* registrar_accounts.c: who may log in, and as whom */
void registrar_open_accounts(struct registrar *registrar);
void registrar_close_accounts(struct registrar *registrar);
/** Whose phone it is, learnt from the store. */
void registrar_learn_config_user(struct registrar *registrar, struct slice name);
void registrar_learn_device(struct registrar *registrar, const struct store_device *device);
/** The user that a binding belongs to; "" when that is not known. */
const char *registrar_owner_of(const struct registrar *registrar,
                               const struct sip_binding *binding);
/** The binding is of that SIP account. */
bool registrar_is_of(const struct sip_binding *binding, struct slice sip_username);
/* registrar_keep.c: bindings that outlive a restart */
void registrar_load_bindings(struct registrar *registrar);
void registrar_keep_binding(struct registrar *registrar, enum sip_binding_change change,
                            const struct sip_binding *binding);
/* registrar_log.c: what happened to phones, for provisioning's logs */
struct registrar_log *registrar_log_create(const struct leg_env *env);
void registrar_log_destroy(struct registrar_log *log);
void registrar_log_change(struct registrar_log *log, enum sip_binding_change change,
                          const struct sip_binding *binding);
/** Milliseconds of the last round trip to the phone, or null; the caller's. */
json_t *registrar_log_latency(const struct registrar_log *log, struct slice aor);
/* registrar_alive.c: keep-alives */
struct registrar_alive *registrar_alive_create(struct registrar *registrar);
void registrar_alive_destroy(struct registrar_alive *alive);
/** It was asked several times and did not answer. `*rtt_ms`: of its last answer, -1: none. */
bool registrar_alive_is_lost(const struct registrar_alive *alive, const struct sip_binding *binding,
                             int64_t *rtt_ms);
