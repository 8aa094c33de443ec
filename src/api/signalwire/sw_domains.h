#pragma once
/* Domain applications: a SIP domain of one's own, IDENTIFIER.our-domain, whose calls a program
 * answers, those of everybody or of some addresses only. Fabric's SIP addresses are the same,
 * NAME.our-domain, bound to a resource; each handler serves both paths. Control thread. */

#include "api/signalwire/sw.h"

struct store_resource;

/** A part of a domain name; a user part of a SIP address, or "*". */
bool sw_is_label(struct slice value);
bool sw_is_sip_user(struct slice value);
void sw_domain_list(struct rest *rest);
void sw_domain_add(struct rest *rest);
void sw_domain_show(struct rest *rest);
void sw_domain_change(struct rest *rest);
void sw_domain_remove(struct rest *rest);
/** The domain application of the body's domain_application_id is answered by that resource from now
 * on. */
void sw_domain_route(struct rest *rest, const struct store_resource *row);
/** Note what is wrong with the call_handler of that object, and with what it needs. */
void sw_check_handler(struct rest *rest, const json_t *body);
