/* What a page does with a call that is up: transfer it, record it. */
#include "call/recording.h"
#include "call/transfer.h"
#include "legs/bridge_priv.h"

static void tell_transfer(struct leg_bridge *self, const char *type, const struct cause *cause)
{
    json_t *text = json_string(cause->text);
    leg_bridge_tell(self, json_pack("{s:s, s:i, s:s, s:o}", "type", type, "code", cause->code,
                                    "reason", cause->token, "text", text ? text : json_string("")));
}

void leg_bridge_report(struct leg *leg, int status, const char *text)
{
    struct leg_bridge *self = (struct leg_bridge *)leg; /* the leg is its first member */
    struct cause cause = cause_of_status(status, CAUSE_BY_REMOTE, text);
    if (status < 200)
        leg_bridge_tell(self, json_pack("{s:s, s:i}", "type", "transfer-progress", "code", status));
    else if (status < 300)
        leg_bridge_tell(self, json_pack("{s:s, s:i}", "type", "transferred", "code", status));
    else
        tell_transfer(self, "transfer-failed", &cause);
}

void leg_bridge_on_transfer(struct leg_bridge *self, const struct bridge_msg *msg)
{
    struct cause why;
    enum err err;
    if (msg->replaces.len) {
        struct leg_bridge *with = bridge_session_leg(self->session, msg->replaces);
        why = cause_of_status(481, CAUSE_BY_SYSTEM, "There is no call of that callId.");
        err = with ? transfer_attended(&self->leg, &with->leg, SLICE_NONE, &why) : ERR_NOT_FOUND;
    } else {
        struct transfer_request request = { .by = &self->leg, .to = msg->destination };
        err = transfer_blind(&request, &why);
    }
    if (err)
        tell_transfer(self, "transfer-failed", &why);
}

static void tell_recording(struct leg_bridge *self, const char *state, const char *id,
                           const char *text)
{
    leg_bridge_tell(self, json_pack("{s:s, s:s, s:s?, s:s?}", "type", "recording", "state", state,
                                    "id", id, "text", text));
}

void leg_bridge_on_record(struct leg_bridge *self, const struct bridge_msg *msg)
{
    struct call *call = self->leg.call;
    struct fault fault = { .text = "the call is over" };
    if (msg->type == BRIDGE_RECORD_START) {
        bool ok = call && !recording_start(call, msg->stereo, &fault);
        tell_recording(self, ok ? "started" : "failed", ok ? recording_id(call) : NULL,
                       ok ? NULL : fault.text);
        return;
    }
    const char *running = call ? recording_id(call) : NULL;
    char id[64] = "";
    (void)slice_copy(slice_of(running), id, sizeof id);
    if (call && recording_stop(call))
        tell_recording(self, "stopped", id, NULL);
    else
        tell_recording(self, "failed", NULL, "the call is not being recorded");
}
