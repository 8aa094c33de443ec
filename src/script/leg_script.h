#pragma once
/* The script as a leg of a call: for a call that comes in it is the far end that was dialled, for
 * one that it places it is the caller. It has no media of its own: it acts on the other leg's. */

#include "script/script_priv.h"

struct leg_script;

/** The script of a live call, or NULL. */
struct script *leg_script_of(const struct scripts *scripts, struct slice call_id);
/** What leg_kind.dial does. */
void leg_script_dial(struct scripts *scripts, struct call *call, const struct route_target *target,
                     struct cause *why);
MUST_CHECK enum err leg_script_dial_out(struct scripts *scripts, const struct script_dial *dial,
                                        json_t *take_document, const struct route_plan *plan,
                                        struct call **out);
