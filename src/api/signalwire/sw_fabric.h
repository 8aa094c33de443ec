#pragma once
/* Fabric: what can be called by a name. Resources (scripts, web servers that have one,
 * applications, SIP gateways, subscribers) have addresses, "/public/front-desk" and, for people,
 * "/private/ann"; subscribers get tokens of their own, with which they see addresses. All of them
 * are rows of store_resource. Control thread. */

#include "api/signalwire/sw.h"

enum { SW_ADDRESS = 64, SW_TARGET = 520 };

/* sw_fabric_endpoints.c: what the family's rows in routes.c need; its table is sw_fabric_table */
void sw_fabric_serve(struct rest *rest);
/* sw_subscriber_tokens.c */
/** A project's token (Basic) or a subscriber's (Bearer): the latter has the scope "subscriber". */
void sw_fabric_guard(struct rest *rest);
/** Anybody: what is asked carries its token in the body. */
void sw_fabric_guard_open(struct rest *rest);

/* sw_addresses.c */
/** The address of a resource, as it is answered. */
json_t *sw_address_json(const struct rest *rest, const void *row);
/** The last segment of a resource's address; `out` holds SW_ADDRESS. */
void sw_address_name(const struct store_resource *row, char out[SW_ADDRESS]);
/** Where a new resource of that name begins: a body that holds an address which none of these rows
 * has, "Front desk" being "front-desk"; free(). */
char *sw_address_body(const struct store_answer *rows, const char *name);
void sw_address_id(const struct store_resource *row, char out[SW_ID]);
/** Has it one, and may the asker see it? */
bool sw_address_is_visible(const struct rest *rest, const struct store_resource *row);
void sw_address_list(struct rest *rest);
void sw_address_show(struct rest *rest);
/** The addresses of the path's resource. */
void sw_address_list_of(struct rest *rest);

/* sw_resources.c */
void sw_resource_list(struct rest *rest);
void sw_resource_add(struct rest *rest);
void sw_resource_show(struct rest *rest);
void sw_resource_change(struct rest *rest);
void sw_resource_remove(struct rest *rest);
void sw_resource_route(struct rest *rest);
/** As a number's or a domain's handler: "swml:URL", "user:NAME"; false: it answers no calls. `out`
 * holds SW_TARGET. */
bool sw_resource_target(const struct store_resource *row, char out[SW_TARGET]);
/** {id, project_id, display_name, type, …, TYPE: what it takes}. */
json_t *sw_resource_frame(const struct store_resource *row, json_t *take_inner);

/* sw_sip_endpoints.c */
/** A SIP endpoint as Fabric shows it; `body` is the row's. */
json_t *sw_endpoint_inner(const struct store_resource *row, const json_t *body);
/** The endpoint of the body's sip_endpoint_id has its calls handled by that resource from now on;
 * answered with the latter's address. */
void sw_endpoint_route(struct rest *rest, const struct store_resource *row);

/* sw_subscribers.c */
json_t *sw_subscriber_json(const struct store_resource *row);
void sw_subscriber_list(struct rest *rest);
void sw_subscriber_add(struct rest *rest);
void sw_subscriber_show(struct rest *rest);
void sw_subscriber_change(struct rest *rest);
void sw_subscriber_remove(struct rest *rest);
/** His token, and he himself when he is new. */
void sw_subscriber_token(struct rest *rest);
void sw_subscriber_info(struct rest *rest);

/* sw_subscriber_tokens.c */
/** {token, refresh_token} of that subscriber of the asker's project. */
json_t *sw_token_pair(const struct rest *rest, const char *subscriber_id, int64_t expire_at);
/** When the body's field says that a token ends, 0: it does not say; false: refused. */
bool sw_token_end(struct rest *rest, const char *field, int64_t *out);
void sw_token_refresh(struct rest *rest);
void sw_guest_token(struct rest *rest);
void sw_invite_token(struct rest *rest);
void sw_embed_token(struct rest *rest);
