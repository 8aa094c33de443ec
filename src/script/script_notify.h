#pragma once
/* Status callbacks by HTTP: a reader of the source of events. Control thread. */

#include "script/script_priv.h"

struct notifier;

struct notifier *notifier_create(struct scripts *scripts);
/** What has not been sent yet is lost. NULL is fine. */
void notifier_destroy(struct notifier *notifier);
/** Post the event to its URL, if it has one, behind those of the same call. */
void notifier_add(struct notifier *notifier, const struct script_event *event, int64_t now_ms);
/** Keep what that call has to tell until notifier_release(); each hold needs one. */
void notifier_hold(struct notifier *notifier, const char *call_id);
void notifier_release(struct notifier *notifier, const char *call_id);
