/* Methods that documents may have and nothing here can do yet: loaded, then told as failed. */
#include "script/verb_rows.h"

static const struct verb_param action_params[] = {
    { .name = "action", .types = VERB_TEXT | VERB_OBJECT, .required = true },
    { 0 },
};
static const struct verb_param room_params[] = {
    { .name = "name", .types = VERB_TEXT, .required = true },
    { 0 },
};

static const char later[] = "comes with AI agents";

/* their values are the model's business, not looked at here */
const struct verb verb_ai = { .name = "ai", .keeps_all = true, .note = later };
const struct verb verb_ai_sidecar = { .name = "ai_sidecar", .keeps_all = true, .note = later };
const struct verb verb_amazon_bedrock = { .name = "amazon_bedrock",
                                          .keeps_all = true,
                                          .note = later };
const struct verb verb_join_room = {
    .name = "join_room", .params = room_params, .bare = "name", .note = "comes with video rooms"
};
const struct verb verb_live_translate = { .name = "live_translate",
                                          .params = action_params,
                                          .note = later };
