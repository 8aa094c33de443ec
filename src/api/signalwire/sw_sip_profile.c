/* The SIP profile of a project: what its endpoints have unless they say otherwise. */
#include <string.h>

#include "api/signalwire/sw.h"
#include "base/num.h"
#include "store/store_programs.h"

static const char type[] = "sip_profile";
static const char *const kept[] = { "domain_identifier", "default_codecs", "default_ciphers",
                                    "default_encryption", "default_send_as" };

static json_t *profile_json(const struct rest *rest, const char *text)
{
    const char *domain = rest->api->sip_domain ? rest->api->sip_domain : "";
    json_t *body = json_loads(text, 0, NULL), *given;
    json_t *profile =
        json_pack("{s:s, s:s, s:[s, s, s, s], s:[s, s], s:s, s:s}", "domain", domain,
                  "domain_identifier", domain, "default_codecs", "OPUS", "G722", "PCMU", "PCMA",
                  "default_ciphers", "AEAD_AES_256_GCM_8", "AES_CM_128_HMAC_SHA1_80",
                  "default_encryption", "optional", "default_send_as", "random");
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if ((given = json_object_get(body, kept[i])) != NULL)
            json_object_set(profile, kept[i], given);
    json_decref(body);
    return profile;
}

static void on_found(void *owner, const struct store_answer *answer)
{
    struct rest *rest = owner;
    const struct store_resource *row = answer->err ? NULL : STORE_ROWS(answer, store_resource);
    if (answer->err && answer->err != ERR_NOT_FOUND) {
        sw_fail_store(rest, answer->err, NULL);
        return;
    }
    if (sw_of(rest)->endpoint->handle == sw_profile_show) {
        rest_reply_take(rest, 200, profile_json(rest, row ? row->body : ""));
        return;
    }
    char *body = sw_merge(rest, row ? row->body : "", kept, COUNT_OF(kept));
    const struct store_resource fresh = { .id = sw_of(rest)->target_id,
                                          .project_id = sw_of(rest)->project_id,
                                          .type = type,
                                          .name = type,
                                          .body = body,
                                          .created_ms = row ? row->created_ms : rest_now_ms(rest),
                                          .updated_ms = rest_now_ms(rest) };
    rest->answer = profile_json(rest, body);
    store_resource_set(rest_store(rest), &fresh, rest_then(rest, sw_on_written));
    free(body);
}

static void find(struct rest *rest)
{
    struct sw *sw = sw_of(rest);
    sw_derived_id(type, sw->project_id, "", sw->target_id);
    store_resource_find(rest_store(rest), sw->target_id, rest_then(rest, on_found));
}

void sw_profile_show(struct rest *rest)
{
    find(rest);
}

void sw_profile_change(struct rest *rest)
{
    find(rest);
}
