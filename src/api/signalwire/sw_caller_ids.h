#pragma once
/* Numbers that a project has proved to hold without having them here: a call says a code, which is
 * given back. Control thread. */

#include "api/signalwire/sw.h"

void sw_caller_id_list(struct rest *rest);
void sw_caller_id_add(struct rest *rest);
void sw_caller_id_show(struct rest *rest);
void sw_caller_id_change(struct rest *rest);
void sw_caller_id_remove(struct rest *rest);
/** Another call with another code. */
void sw_caller_id_call(struct rest *rest);
void sw_caller_id_verify(struct rest *rest);
