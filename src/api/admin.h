#pragma once
/* The handlers of the admin API, by file; see api/routes.c for their paths. */

#include "api/rest.h"

/* admin_projects.c */
void admin_project_list(struct rest *rest);
void admin_project_add(struct rest *rest);
void admin_project_remove(struct rest *rest);
/* admin_users.c */
void admin_user_list(struct rest *rest);
void admin_user_add(struct rest *rest);
void admin_user_show(struct rest *rest);
void admin_user_change(struct rest *rest);
void admin_user_remove(struct rest *rest);
/* admin_tokens.c: of projects and of users (PATs) */
void admin_token_list(struct rest *rest);
void admin_token_add(struct rest *rest);
void admin_token_remove(struct rest *rest);
void admin_pat_list(struct rest *rest);
void admin_pat_add(struct rest *rest);
void admin_token_show(struct rest *rest);   /* of either kind */
void admin_token_rotate(struct rest *rest); /* the same */
/* admin_devices.c */
void admin_device_list(struct rest *rest);
void admin_device_add(struct rest *rest);
void admin_device_show(struct rest *rest);
void admin_device_change(struct rest *rest);
void admin_device_rotate(struct rest *rest);
void admin_device_remove(struct rest *rest);
/* admin_numbers.c */
void admin_number_list(struct rest *rest);
void admin_number_set(struct rest *rest);
void admin_number_remove(struct rest *rest);
/* admin_calls.c, and what else lives in the daemon */
void admin_call_list(struct rest *rest);
void admin_call_show(struct rest *rest);
void admin_call_end(struct rest *rest);
void admin_call_record(struct rest *rest);
void admin_call_record_stop(struct rest *rest);
void admin_registration_list(struct rest *rest);
void admin_trunk_list(struct rest *rest);
void admin_ban_list(struct rest *rest);
void admin_ban_lift(struct rest *rest);
/* admin_recordings.c: their files */
void admin_recording_list(struct rest *rest);
void admin_recording_show(struct rest *rest);
void admin_recording_remove(struct rest *rest);
/* admin_daemon.c: what is asked of the daemon as a whole */
void admin_doctor(struct rest *rest);
void admin_route(struct rest *rest);
void admin_reload(struct rest *rest);
/* admin_keys.c */
void admin_key_list(struct rest *rest);
void admin_key_rotate(struct rest *rest);
/* admin_log.c */
void admin_log_read(struct rest *rest);
/* admin_trace.c */
void admin_trace_read(struct rest *rest);
