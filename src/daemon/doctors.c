/* Examinations that run in the daemon, and their reports until they are fetched. A trunk may be
 * removed by a reload meanwhile, so each has a copy of it, and the configuration must stay: a
 * reload gives them up. */
#include <string.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cli/doctor.h"
#include "config/config.h"
#include "config/config_diff.h"
#include "daemon/daemon_priv.h"
#include "legs/trunks.h"

enum { REPORT_KEEP_MS = 60000, DOCTORS_MAX = 16 };

struct examination {
    struct list link;
    struct daemon *daemon;
    uint32_t id;
    struct config_trunk *trunk;
    struct doctor *doctor; /* NULL once it is over */
    json_t *report;
    struct timer timer;
};

static void drop(void *owner)
{
    struct examination *examination = owner;
    loop_timer_stop(examination->daemon->env.loop, &examination->timer);
    list_remove(&examination->link);
    examination->daemon->n_doctors--;
    doctor_destroy(examination->doctor);
    config_trunk_destroy(examination->trunk);
    json_decref(examination->report);
    mem_free(examination);
}

static void on_report(void *owner, const json_t *report)
{
    struct examination *examination = owner;
    examination->doctor = NULL;
    examination->report = json_deep_copy(report);
    loop_timer_start(examination->daemon->env.loop, &examination->timer, REPORT_KEEP_MS, drop,
                     examination);
}

static bool is_connected(const struct daemon *daemon, const char *name)
{
    json_t *rows = trunks_json(daemon->trunks);
    size_t i;
    json_t *row;
    bool found = false;
    json_array_foreach(rows, i, row) found |=
        strcmp(json_string_value(json_object_get(row, "name")), name) == 0 &&
        strcmp(json_string_value(json_object_get(row, "state")), "connected") == 0;
    json_decref(rows);
    return found;
}

uint32_t daemon_doctor_start(struct daemon *daemon, const char *trunk, const char *dry_invite,
                             bool try_forms)
{
    const struct config *config = daemon->config;
    const struct config_trunk *found =
        config_trunk_find(config, slice_of(trunk[0] ? trunk : "default"));
    if (!found && !trunk[0] && config->n_trunks == 1)
        found = &config->trunks[0];
    if (!found || daemon->n_doctors == DOCTORS_MAX)
        return 0;
    struct examination *examination = mem_new(struct examination);
    examination->daemon = daemon;
    examination->id = ++daemon->last_doctor;
    examination->trunk = config_trunk_copy(found);
    struct doctor_config given = { .loop = daemon->env.loop,
                                   .dns = daemon->env.dns,
                                   .agent = daemon->env.agent,
                                   .config = config,
                                   .trunk = examination->trunk,
                                   .dry_invite = dry_invite,
                                   .try_forms = try_forms,
                                   .is_connected = is_connected(daemon, found->name) };
    examination->doctor = doctor_create(&given, on_report, examination);
    list_append(&daemon->doctors, &examination->link);
    daemon->n_doctors++;
    return examination->id;
}

json_t *daemon_doctor_report(struct daemon *daemon, uint32_t id, bool *is_known)
{
    *is_known = false;
    LIST_EACH(link, &daemon->doctors)
    {
        struct examination *examination = LIST_ITEM(link, struct examination, link);
        if (examination->id != id)
            continue;
        *is_known = true;
        json_t *report = json_incref(examination->report);
        if (report)
            drop(examination);
        return report;
    }
    return NULL;
}

void daemon_drop_doctors(struct daemon *daemon)
{
    LIST_EACH(link, &daemon->doctors)
    drop(LIST_ITEM(link, struct examination, link));
}
