/* Every endpoint of Fabric, as sw_endpoints.c has the others. */
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
