#pragma once
/* Domain applications: a SIP domain of one's own, IDENTIFIER.our-domain, whose calls a program
 * answers, those of everybody or of some addresses only. Control thread. */

#include "api/signalwire/sw.h"

struct store_resource;

void sw_domain_list(struct rest *rest);
void sw_domain_add(struct rest *rest);
void sw_domain_show(struct rest *rest);
void sw_domain_change(struct rest *rest);
void sw_domain_remove(struct rest *rest);
/** The domain application of the body's domain_application_id is answered by that resource from now
 * on. */
void sw_domain_route(struct rest *rest, const struct store_resource *row);
