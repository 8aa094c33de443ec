/* The newest log lines, for the dashboard. */
#include "admin.h"

#include "base/log_tail.h"

void admin_log_read(struct rest *rest)
{
    const struct api_config *config = &rest->api->config;
    uint64_t after = 0;
    uint64_t max = LOG_TAIL_LINES;
    if (!rest_param_number(rest, "after", INT64_MAX, &after) ||
        !rest_param_number(rest, "limit", LOG_TAIL_LINES, &max))
        return;
    rest_reply_take(rest, 200,
                    config->live && config->live->log
                        ? config->live->log(config->owner, after, (size_t)max)
                        : json_pack("{s:i, s:[]}", "next", 0, "lines"));
}
