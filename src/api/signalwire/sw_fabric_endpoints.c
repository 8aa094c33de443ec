/* Every endpoint of Fabric, as sw_endpoints.c has the others. */
#include "api/signalwire/sw_domains.h"
#include "api/signalwire/sw_fabric.h"
#include "base/num.h"

#define BASE "/api/fabric/"
#define RESOURCES BASE "resources/"
#define SCOPES "calling messaging fax video"
#define WEB                                                             \
    .type = SW_TEXT, .check = sw_is_web_url, .code = "not_an_http_url", \
    .expected = "an http: or https: URL"
#define PRIMARY_URL .name = "primary_request_url", .low = 1, .high = 490, WEB
#define LINE .high = REST_TEXT_MAX, .check = sw_is_line, .expected = "one line of text"
#define TEXT(field)                          \
    {                                        \
        .name = field, .type = SW_TEXT, LINE \
    }
#define METHOD(field)                                         \
    {                                                         \
        .name = field, .type = SW_TEXT, .words = " GET POST " \
    }

static bool is_email(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] <= ' ' || strchr("<>\"/:;?%", value.ptr[i]))
            return false;
    return value.len > 0;
}

/* "user@example.com", with "sip:" or without. */
static bool is_sip_address(struct slice value)
{
    struct slice host = value;
    if (slice_istarts(value, SLICE("sip:")) || slice_istarts(value, SLICE("sips:")))
        (void)slice_cut(&host, ':');
    else if (slice_index(value, '@') == value.len)
        return false;
    return sw_is_party(value) && host.len && host.ptr[host.len - 1] != '@';
}

/* clang-format off */
SW_BODY(script_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, LINE },
    { .name = "contents", .type = SW_ANY, .is_required = true },
    { .name = "script_type", .type = SW_TEXT, .words = " calling messaging " },
    { .name = "status_callback_url", WEB },
});
SW_BODY(script_change, {
    TEXT("name"), { .name = "contents", .type = SW_ANY }, { .name = "status_callback_url", WEB },
});
SW_BODY(webhook_add, {
    TEXT("name"),
    { .name = "used_for", .type = SW_TEXT, .words = " calling messaging " },
    { PRIMARY_URL, .is_required = true }, METHOD("primary_request_method"),
    { .name = "fallback_request_url", WEB }, METHOD("fallback_request_method"),
    { .name = "status_callback_url", WEB }, METHOD("status_callback_method"),
});
SW_BODY(webhook_change, {
    TEXT("name"),
    { .name = "used_for", .type = SW_TEXT, .words = " calling messaging " },
    { PRIMARY_URL }, METHOD("primary_request_method"),
    { .name = "fallback_request_url", WEB }, METHOD("fallback_request_method"),
    { .name = "status_callback_url", WEB }, METHOD("status_callback_method"),
});
#define ENDPOINT_HANDLER                                                          \
    { .name = "call_handler", .type = SW_TEXT,                                     \
      .words = " default passthrough block-pstn resource " },                       \
    { .name = "calling_handler_resource_id", .type = SW_ANY }
SW_BODY(endpoint_add, {
    { SW_ENDPOINT_NAME, .is_required = true }, { SW_ENDPOINT_PASSWORD, .is_required = true },
    SW_ENDPOINT_FIELDS, ENDPOINT_HANDLER,
});
SW_BODY(endpoint_change, {
    { SW_ENDPOINT_NAME, .low = 1 }, { SW_ENDPOINT_PASSWORD }, SW_ENDPOINT_FIELDS, ENDPOINT_HANDLER,
});
SW_BODY(endpoint_route, {
    { .name = "sip_endpoint_id", .type = SW_TEXT, .is_required = true, .high = SW_ID - 1 },
});
#define SIP_URI .name = "uri", .type = SW_TEXT, .low = 1, .high = 400, .check = is_sip_address, \
    .expected = "a SIP address such as user@example.com"
#define GATEWAY_WORDS .type = SW_TEXT, .words = " required optional default "
SW_BODY(gateway_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, LINE },
    { SIP_URI, .is_required = true },
    { .name = "encryption", .is_required = true, GATEWAY_WORDS },
    { .name = "ciphers", .type = SW_LIST, .is_required = true, .high = 10 },
    { .name = "codecs", .type = SW_LIST, .is_required = true, .high = 20 },
});
SW_BODY(gateway_change, {
    TEXT("name"), { SIP_URI }, { .name = "encryption", GATEWAY_WORDS },
    { .name = "ciphers", .type = SW_LIST, .high = 10 },
    { .name = "codecs", .type = SW_LIST, .high = 20 },
});
SW_BODY(relay_add, {
    { .name = "name", .type = SW_TEXT, .is_required = true, LINE },
    { .name = "topic", .type = SW_TEXT, .is_required = true, LINE },
    { .name = "call_status_callback_url", WEB },
});
SW_BODY(relay_change, {
    TEXT("name"), TEXT("topic"), { .name = "call_status_callback_url", WEB },
});
SW_BODY(cxml_add, {
    { .name = "display_name", .type = SW_TEXT, .is_required = true, LINE },
    { .name = "contents", .type = SW_TEXT, .is_required = true },
    { .name = "status_callback_url", WEB }, METHOD("status_callback_method"),
});
SW_BODY(cxml_change, {
    TEXT("display_name"), { .name = "contents", .type = SW_TEXT },
    { .name = "status_callback_url", WEB }, METHOD("status_callback_method"),
});
SW_BODY(application_change, {
    TEXT("display_name"),
    { .name = "voice_url", WEB }, METHOD("voice_method"),
    { .name = "voice_fallback_url", WEB }, METHOD("voice_fallback_method"),
    { .name = "status_callback", WEB }, METHOD("status_callback_method"),
    { .name = "sms_url", WEB }, METHOD("sms_method"),
    { .name = "sms_fallback_url", WEB }, METHOD("sms_fallback_method"),
    { .name = "sms_status_callback", WEB }, METHOD("sms_status_callback_method"),
});
SW_BODY(resource_route, {
    { .name = "phone_route_id", .type = SW_TEXT, .is_required = true, .high = SW_ID - 1 },
    { .name = "handler", .type = SW_TEXT, .is_required = true, .words = " calling messaging " },
});
#define EMAIL .type = SW_TEXT, .is_required = true, .low = 1, .high = 63, .check = is_email, \
    .expected = "an address or name of at most 63 characters without spaces"
#define PASSWORD { .name = "password", .type = SW_TEXT, .low = 8, .high = 72, \
    .expected = "8 to 72 characters" }
#define ADDRESS_NAME .name = "name", .type = SW_TEXT, .low = 1, .high = 50, .check = sw_is_label, \
    .expected = "lower-case letters, digits and single -"
#define ADDRESS_FIELDS                                                                            \
    { .name = "user", .type = SW_TEXT, .low = 1, .high = 40, .check = sw_is_sip_user,             \
      .expected = "* or a user part" },                                                           \
    { .name = "ip_auth_enabled", .type = SW_BOOL },                                               \
    { .name = "ip_auth", .type = SW_LIST, .high = 256 },                                          \
    { .name = "codecs", .type = SW_LIST, .low = 1, .high = 10 },                                  \
    { .name = "ciphers", .type = SW_LIST, .low = 1, .high = 10 },                                 \
    { .name = "encryption", .type = SW_TEXT, .words = " required optional forbidden " }
SW_BODY(address_add, {
    { ADDRESS_NAME, .is_required = true }, ADDRESS_FIELDS,
    { .name = "calling_handler_resource_id", .type = SW_TEXT, .is_required = true,
      .high = SW_ID - 1 },
});
SW_BODY(address_change, {
    { ADDRESS_NAME }, ADDRESS_FIELDS,
    { .name = "calling_handler_resource_id", .type = SW_TEXT, .high = SW_ID - 1 },
});
SW_BODY(domain_route, {
    { .name = "domain_application_id", .type = SW_TEXT, .is_required = true, .high = SW_ID - 1 },
});
SW_BODY(subscriber, {
    { .name = "email", EMAIL }, PASSWORD, TEXT("first_name"), TEXT("last_name"),
    TEXT("display_name"), TEXT("job_title"), TEXT("timezone"), TEXT("country"),
    TEXT("company_name"),
});
SW_BODY(subscriber_token, {
    { .name = "reference", EMAIL }, PASSWORD, TEXT("first_name"), TEXT("last_name"),
    TEXT("display_name"), TEXT("job_title"), TEXT("time_zone"), TEXT("country"),
    TEXT("company_name"), TEXT("region"), TEXT("application_id"),
    { .name = "expire_at", .type = SW_NUMBER },
    { .name = "scope", .type = SW_TEXT, .words = " sat:refresh " },
    { .name = "fingerprint", .type = SW_TEXT, .low = 43, .high = 43 },
});
SW_BODY(refresh, {
    { .name = "refresh_token", .type = SW_TEXT, .is_required = true, .high = 4000 },
});
SW_BODY(guest, {
    { .name = "allowed_addresses", .type = SW_LIST, .is_required = true, .low = 1, .high = 10,
      .expected = "a list of 1 to 10 ids of addresses" },
    { .name = "expire_at", .type = SW_NUMBER }, TEXT("region"), TEXT("ch"),
});
SW_BODY(invite, {
    { .name = "address_id", .type = SW_TEXT, .is_required = true, .high = SW_ID - 1 },
    { .name = "expires_at", .type = SW_NUMBER },
});
SW_BODY(embed, {
    { .name = "token", .type = SW_TEXT, .is_required = true, .high = 4000 },
});

/* What every type of resource has; how one is made differs. */
#define HANDLERS(segment, changes_by, change_body, one, many)                                     \
    { HTTP_GET, RESOURCES segment, SCOPES, 200, sw_resource_list, NULL, "List " many },           \
    { HTTP_GET, RESOURCES segment "/:id", SCOPES, 200, sw_resource_show, NULL, "Show " one },     \
    { changes_by, RESOURCES segment "/:id", SCOPES, 200, sw_resource_change, &change_body,        \
      "Change " one },                                                                            \
    { HTTP_DELETE, RESOURCES segment "/:id", SCOPES, 204, sw_resource_remove, NULL,               \
      "Delete " one },                                                                            \
    { HTTP_GET, RESOURCES segment "/:id/addresses", SCOPES, 200, sw_address_list_of, NULL,        \
      "List the addresses of " one }
#define SUBSCRIBERS(path)                                                                         \
    { HTTP_GET, path, SCOPES, 200, sw_subscriber_list, NULL, "List subscribers" },                \
    { HTTP_POST, path, SCOPES, 201, sw_subscriber_add, &subscriber, "Make a subscriber" },        \
    { HTTP_GET, path "/:id", SCOPES, 200, sw_subscriber_show, NULL, "Show a subscriber" },        \
    { HTTP_PUT, path "/:id", SCOPES, 200, sw_subscriber_change, &subscriber,                      \
      "Change a subscriber" },                                                                    \
    { HTTP_DELETE, path "/:id", SCOPES, 204, sw_subscriber_remove, NULL, "Delete a subscriber" }

static const struct sw_endpoint endpoints[] = {
    { HTTP_GET, BASE "addresses", SCOPES " subscriber guest", 200, sw_address_list, NULL,
      "List addresses" },
    { HTTP_GET, BASE "addresses/:id", SCOPES " subscriber guest", 200, sw_address_show, NULL,
      "Show an address" },
    { HTTP_POST, BASE "embeds/tokens", "", 201, sw_embed_token, &embed,
      "A guest's token for an invitation" },
    { HTTP_POST, BASE "guests/tokens", SCOPES " subscriber", 201, sw_guest_token, &guest,
      "A token for some addresses" },
    { HTTP_GET, BASE "resources", SCOPES, 200, sw_resource_list, NULL, "List resources" },
    HANDLERS("cxml_applications", HTTP_PUT, application_change, "an application", "applications"),
    { HTTP_POST, RESOURCES "cxml_scripts", SCOPES, 200, sw_resource_add, &cxml_add,
      "Keep a LaML document" },
    HANDLERS("cxml_scripts", HTTP_PUT, cxml_change, "a LaML document", "LaML documents"),
    { HTTP_POST, RESOURCES "cxml_webhooks", SCOPES, 201, sw_resource_add, &webhook_add,
      "Name a web server that has LaML" },
    HANDLERS("cxml_webhooks", HTTP_PATCH, webhook_change, "one", "web servers that have LaML"),
    { HTTP_POST, RESOURCES "relay_applications", SCOPES, 200, sw_resource_add, &relay_add,
      "Name a topic of programs" },
    HANDLERS("relay_applications", HTTP_PUT, relay_change, "one", "topics of programs"),
    { HTTP_GET, RESOURCES "sip_endpoints", SCOPES, 200, sw_resource_list, NULL,
      "List SIP endpoints" },
    { HTTP_POST, RESOURCES "sip_endpoints", SCOPES, 200, sw_endpoint_add, &endpoint_add,
      "Make a SIP endpoint" },
    { HTTP_GET, RESOURCES "sip_endpoints/:id", SCOPES, 200, sw_endpoint_show, NULL,
      "Show a SIP endpoint" },
    { HTTP_PUT, RESOURCES "sip_endpoints/:id", SCOPES, 200, sw_endpoint_change, &endpoint_change,
      "Change a SIP endpoint" },
    { HTTP_DELETE, RESOURCES "sip_endpoints/:id", SCOPES, 204, sw_endpoint_remove, NULL,
      "Delete a SIP endpoint" },
    { HTTP_GET, RESOURCES "sip_endpoints/:id/addresses", SCOPES, 200, sw_address_list_of, NULL,
      "List the addresses of a SIP endpoint: none, it is called by its name" },
    { HTTP_POST, RESOURCES "sip_gateways", SCOPES, 201, sw_resource_add, &gateway_add,
      "Name a SIP address that can be called" },
    HANDLERS("sip_gateways", HTTP_PATCH, gateway_change, "a SIP gateway", "SIP gateways"),
    SUBSCRIBERS(RESOURCES "subscribers"),
    { HTTP_GET, RESOURCES "subscribers/:id/addresses", SCOPES, 200, sw_address_list_of, NULL,
      "List the addresses of a subscriber" },
    { HTTP_GET, RESOURCES "subscribers/:id/sip_endpoints", SCOPES, 200, sw_endpoint_list, NULL,
      "List the SIP endpoints of a subscriber" },
    { HTTP_POST, RESOURCES "subscribers/:id/sip_endpoints", SCOPES, 201, sw_endpoint_add,
      &sw_endpoint_new, "Make a SIP endpoint of a subscriber" },
    { HTTP_GET, RESOURCES "subscribers/:id/sip_endpoints/:endpoint", SCOPES, 200, sw_endpoint_show,
      NULL, "Show a SIP endpoint of a subscriber" },
    { HTTP_PATCH, RESOURCES "subscribers/:id/sip_endpoints/:endpoint", SCOPES, 200,
      sw_endpoint_change, &sw_endpoint_changed, "Change a SIP endpoint of a subscriber" },
    { HTTP_DELETE, RESOURCES "subscribers/:id/sip_endpoints/:endpoint", SCOPES, 204,
      sw_endpoint_remove, NULL, "Delete a SIP endpoint of a subscriber" },
    { HTTP_POST, RESOURCES "swml_scripts", SCOPES, 200, sw_resource_add, &script_add,
      "Keep a script" },
    HANDLERS("swml_scripts", HTTP_PUT, script_change, "a script", "scripts"),
    { HTTP_POST, RESOURCES "swml_webhooks", SCOPES, 201, sw_resource_add, &webhook_add,
      "Name a web server that has a script" },
    HANDLERS("swml_webhooks", HTTP_PATCH, webhook_change, "one", "web servers that have scripts"),
    { HTTP_GET, RESOURCES ":id", SCOPES, 200, sw_resource_show, NULL, "Show a resource" },
    { HTTP_DELETE, RESOURCES ":id", SCOPES, 204, sw_resource_remove, NULL, "Delete a resource" },
    { HTTP_GET, RESOURCES ":id/addresses", SCOPES, 200, sw_address_list_of, NULL,
      "List the addresses of a resource" },
    { HTTP_POST, RESOURCES ":id/domain_applications", SCOPES, 200, sw_resource_route, &domain_route,
      "Have a resource answer a SIP domain" },
    { HTTP_POST, RESOURCES ":id/phone_routes", SCOPES, 200, sw_resource_route, &resource_route,
      "Have a resource answer a phone number" },
    { HTTP_POST, RESOURCES ":id/sip_endpoints", SCOPES, 200, sw_resource_route, &endpoint_route,
      "Have a resource handle the calls of a SIP endpoint" },
    { HTTP_GET, BASE "sip_addresses", SCOPES, 200, sw_domain_list, NULL, "List SIP addresses" },
    { HTTP_POST, BASE "sip_addresses", SCOPES, 201, sw_domain_add, &address_add,
      "Make a SIP address that a resource answers" },
    { HTTP_GET, BASE "sip_addresses/:id", SCOPES, 200, sw_domain_show, NULL, "Show a SIP address" },
    { HTTP_PATCH, BASE "sip_addresses/:id", SCOPES, 200, sw_domain_change, &address_change,
      "Change a SIP address" },
    { HTTP_DELETE, BASE "sip_addresses/:id", SCOPES, 204, sw_domain_remove, NULL,
      "Delete a SIP address" },
    { HTTP_GET, BASE "subscriber/info", "subscriber", 200, sw_subscriber_info, NULL,
      "Show the subscriber whose token it is" },
    { HTTP_POST, BASE "subscriber/invites", "subscriber", 201, sw_invite_token, &invite,
      "An invitation to an address" },
    { HTTP_POST, BASE "subscribers/tokens", SCOPES, 200, sw_subscriber_token, &subscriber_token,
      "A token for a subscriber, who is made if he is new" },
    { HTTP_POST, BASE "subscribers/tokens/refresh", SCOPES, 201, sw_token_refresh, &refresh,
      "Another token for one that ends" },
    SUBSCRIBERS(BASE "subscribers"),
};
/* clang-format on */
const struct sw_table sw_fabric_table = { endpoints, COUNT_OF(endpoints), "" };

void sw_fabric_serve(struct rest *rest)
{
    sw_serve_from(rest, &sw_fabric_table, rest->asked.path);
}
