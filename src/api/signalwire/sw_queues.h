#pragma once
/* Queues that callers wait in: rows of what programs set, and who waits, which the scripts know. A
 * queue is there by its name as soon as somebody waits in it, row or not. Both APIs have them,
 * under names of their own. Control thread. */

#include "api/signalwire/sw.h"

void sw_queue_list(struct rest *rest);
void sw_queue_add(struct rest *rest);
void sw_queue_show(struct rest *rest);
void sw_queue_change(struct rest *rest);
void sw_queue_remove(struct rest *rest);
void sw_queue_members(struct rest *rest);
/** The path's call, or who is next: "Front" and "next". */
void sw_queue_member(struct rest *rest);
/** LaML: send who waits to a document. */
void sw_queue_dequeue(struct rest *rest);
