/* A fax at a SIP call goes on by T.38 (T.38 annex D): their re-INVITE with an image line is taken
 * while one runs, and whoever receives offers it. Refused or not, the fax goes on. */
#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"
#include "legs/leg_sip_priv.h"
#include "media/fax.h"
#include "sdp/sdp_t38.h"
#include "sip/sip_msg.h"

/* Audio comes back when the fax is over, unless the far end hangs up or asks for that first. */
enum { AUDIO_AGAIN_MS = 1000 };

/* UDPTL has no encryption: what is secured stays audio. */
static bool may_have_t38(const struct leg_sip *self)
{
    const struct leg *leg = &self->leg;
    return leg->fax && leg->state == LEG_UP && self->media.kind == LEG_MEDIA_RTP &&
           self->env->config->t38;
}

static enum err describe_us(struct leg_sip *self, struct sdp_t38 *ours, struct fault *fault)
{
    char text[ADDR_TEXT];
    struct addr local;
    enum err err = fax_open_t38(self->leg.fax, &local, fault);
    if (err)
        return err;
    *ours = (struct sdp_t38){ .port = addr_port(&local) };
    BUG_IF(!slice_copy(slice_of(addr_print_ip(&self->media.address, text)), ours->address,
                       sizeof ours->address));
    return OK;
}

static void leave_wish(struct leg_sip *self)
{
    if (self->t38 == LEG_SIP_T38_WANTED)
        loop_timer_stop(self->env->loop, &self->reoffer);
    self->t38 = LEG_SIP_T38_OFF;
}

/* Both sides have it now. */
static enum err begin(struct leg_sip *self, const struct sdp_t38 *theirs, struct fault *fault)
{
    char text[ADDR_TEXT];
    struct fax_remote remote = { .repeats = theirs->repeats,
                                 .is_local_tcf = theirs->is_local_tcf,
                                 .max_datagram = theirs->max_datagram };
    enum err err = leg_media_find_remote(&self->media, slice_of(theirs->address), theirs->port,
                                         &remote.rtp, fault);
    if (err)
        return err;
    leave_wish(self);
    self->t38 = LEG_SIP_T38_ON;
    leg_media_pause(&self->media);
    fax_go_t38(self->leg.fax, &remote);
    log_info(&self->leg.log, "fax goes by=t38 with=%s", addr_print(&remote.rtp.rtp, text));
    leg_on_event(&self->leg, "fax", "by T.38 with %s", addr_print(&remote.rtp.rtp, text));
    return OK;
}

static void stay_audio(struct leg_sip *self, const char *why)
{
    self->t38 = LEG_SIP_T38_OFF;
    if (self->leg.fax)
        fax_close_t38(self->leg.fax);
    log_info(&self->leg.log, "fax stays by=audio reason=\"%s\"", why);
    leg_on_event(&self->leg, "fax", "stays audio: %s", why);
}

bool leg_sip_takes_t38(struct leg_sip *self, struct slice offer)
{
    struct fault fault = { 0 };
    struct sdp_t38 ours, theirs;
    char mem[LEG_SDP_MAX];
    struct buf sdp = BUF_ON(mem);
    if (!offer.len || !may_have_t38(self) || !sdp_t38_is_in(offer))
        return false;
    enum err err = describe_us(self, &ours, &fault);
    if (!err)
        err = sdp_t38_answer(&self->media.sdp, &ours, offer, &sdp, &theirs, &fault);
    if (!err)
        err = begin(self, &theirs, &fault);
    if (err) {
        stay_audio(self, fault.text);
        return false;
    }
    mem_free(self->sdp);
    self->sdp = slice_dup(buf_slice(&sdp));
    struct sip_reply yes = { .status = 200, .body = leg_sip_body(self) };
    (void)!sip_session_answer(self->session, &yes);
    return true;
}

enum err leg_sip_offer_t38(struct leg_sip *self, struct buf *out)
{
    struct fault fault = { 0 };
    struct sdp_t38 ours;
    enum err err = may_have_t38(self) ? describe_us(self, &ours, &fault) : ERR_MISUSE;
    if (!err)
        err = sdp_t38_offer(&self->media.sdp, &ours, out);
    if (err)
        stay_audio(self, fault.text);
    return err;
}

void leg_sip_take_t38_answer(struct leg_sip *self, const struct sip_outcome *outcome)
{
    struct fault fault = { .text = "the offer was refused" };
    struct sdp_t38 theirs;
    bool is_ok = outcome->status < 300 && outcome->msg;
    if (self->t38 == LEG_SIP_T38_ON && !is_ok) /* their offer crossed ours, and was taken */
        return;
    if (self->leg.fax && is_ok &&
        sdp_t38_feed_answer(sip_msg_sdp(outcome->msg), &theirs, &fault) == OK &&
        begin(self, &theirs, &fault) == OK)
        return;
    stay_audio(self, self->leg.fax ? fault.text : "it is over");
    if (is_ok || self->media.is_paused) /* the last description has none */
        leg_sip_reoffer(self);
}

void leg_sip_fax(struct leg *leg, bool wants_t38)
{
    struct leg_sip *self = leg_sip_of(leg);
    if (wants_t38) {
        if (!may_have_t38(self))
            return;
        self->t38 = LEG_SIP_T38_WANTED;
        leg_sip_reoffer(self);
        return;
    }
    if (self->t38 == LEG_SIP_T38_OFFERED) /* its answer comes yet */
        return;
    leave_wish(self);
    if (self->media.is_paused)
        leg_sip_reoffer_later(self, AUDIO_AGAIN_MS);
}
