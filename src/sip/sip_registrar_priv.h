#pragma once
/* What the registrar's files share: sip_registrar.c takes REGISTER, sip_registrar_find.c is asked.
 */

#include "base/list.h"
#include "sip_bindings.h"
#include "sip_gruu.h"
#include "sip_registrar.h"

enum { SIP_AOR_MAX = 512, SIP_CONTACTS_MAX = 32 };

struct sip_registrar {
    struct loop *loop;
    struct sip_registrar_config config;
    const struct sip_registrar_events *events;
    void *owner;
    struct sip_bindings *bindings;
    uint8_t gruu_key[SIP_GRUU_KEY];
    struct list waiting; /* struct waiting: for the store's answer */
};
