/* The trunks as tables. */
#include "legs/trunks_priv.h"

json_t *trunks_json(const struct trunks *trunks)
{
    static const char *const names[] = { "unknown", "alive", "unreachable" };
    json_t *rows = json_array();
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        char addr[ADDR_TEXT] = "";
        if (trunk->n_hops)
            addr_print(&trunk->hops[0].addr, addr);
        json_array_append_new(
            rows,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:o, s:s}", "name",
                      trunk->config->name, "state", names[trunk->health], "host",
                      trunk->config->host, "address", addr, "transport",
                      sip_kind_name(trunk_kind(trunk->config)), "registration",
                      trunk->registration
                          ? sip_register_state_name(sip_register_state(trunk->registration))
                          : "none",
                      "calls", (int)trunk->calls, "total_calls", (json_int_t)trunk->total_calls,
                      "rtt_ms", trunk->rtt_ms < 0 ? json_null() : json_integer(trunk->rtt_ms),
                      "last_error", trunk->last_error));
    }
    return rows;
}

void trunks_add_registrations(const struct trunks *trunks, json_t *rows)
{
    for (size_t i = 0; i < trunks->n; i++) {
        const struct trunk *trunk = trunks->list[i];
        const struct sip_register *reg = trunk->registration;
        if (!reg)
            continue;
        struct slice contact = sip_register_contact(reg);
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s%, s:s, s:I, s:s, s:i}", "kind", "trunk", "user",
                            trunk->config->username, "trunk", trunk->config->name, "contact",
                            contact.ptr ? contact.ptr : "", contact.len, "transport",
                            sip_kind_name(trunk_kind(trunk->config)), "expires_s",
                            (json_int_t)(sip_register_expires_in_ms(reg) / 1000), "state",
                            sip_register_state_name(sip_register_state(reg)), "last_status",
                            sip_register_status(reg)));
    }
}
