#pragma once
/* The STUN and TURN servers of a cloud: from the configuration or as the cloud lists them, their
 * names resolved beforehand, so that a call need not wait for DNS. Control thread. */

#include <jansson.h>

#include "config/config.h"
#include "rtc/rtc_transport.h"

struct dns;
struct kandy_granted;
struct kandy_ice;
struct loop;

struct kandy_ice *kandy_ice_create(struct loop *loop, struct dns *dns, const struct log_tag *log);
void kandy_ice_destroy(struct kandy_ice *ice); /* NULL is fine */

/**
 * Use these from now on. `listed` are the cloud's own [{urls, username, credential}] (section 1.3),
 * which win; else `configured`, whose TURN servers all take the credentials of the subscription
 * (section 4.2). What cannot be used is logged once and left out.
 */
void kandy_ice_set(struct kandy_ice *ice, const struct config_list *configured,
                   const json_t *listed, const struct kandy_granted *granted);
/** Those whose addresses are known: at most RTC_ICE_SERVERS_MAX, borrowed until the next set. */
size_t kandy_ice_fill(const struct kandy_ice *ice, struct rtc_ice_server *out);
/** Is a TURN server among them? */
bool kandy_ice_has_turn(const struct kandy_ice *ice);
