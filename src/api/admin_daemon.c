/* What is asked of the daemon as a whole. */
#include "admin.h"
#include "base/num.h"

void admin_reload(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    struct fault fault = { 0 };
    char text[FAULT_TEXT_MAX + FAULT_WHERE_MAX + 16];
    json_t *answer = NULL;
    if (!rest_take(rest, NULL, 0))
        return;
    enum err err = config->live && config->live->reload
                       ? config->live->reload(config->owner, &answer, &fault)
                       : ERR_UNSUPPORTED;
    fault_print(&fault, text, sizeof text);
    if (err)
        rest_fail(rest, 422, "invalid", NULL, "nothing changed: %s", text);
    else
        rest_reply_take(rest, 200, answer);
}
