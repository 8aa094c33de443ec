/* Video that joins a call later, changes or leaves it: what one far end offers in the middle of a
 * call the other one is asked to have (RFC 3264 §8), and what that says decides the answer. */
#include "base/loop.h"
#include "base/mem.h"
#include "legs/leg_sip_priv.h"

/* A person may have to say yes to the camera; timer B of who waits is no matter after our 100. */
enum { OTHER_SIDE_MS = 10000 };

static struct leg *other_of(const struct leg_sip *self)
{
    return self->leg.call ? call_other(self->leg.call, &self->leg) : NULL;
}

void leg_sip_video_clear(struct leg_sip *self)
{
    loop_timer_stop(self->env->loop, &self->video_wait);
    mem_free(self->waiting_offer);
    self->waiting_offer = NULL;
}

static void answer_now(void *owner)
{
    struct leg_sip *self = owner;
    char *offer = self->waiting_offer;
    self->waiting_offer = NULL;
    leg_sip_video_clear(self);
    if (offer && !leg_is_over(&self->leg))
        leg_sip_answer_offer(self, slice_of(offer));
    mem_free(offer);
}

bool leg_sip_waits_for_video(struct leg_sip *self, struct slice offer)
{
    struct leg *leg = &self->leg;
    const struct leg *other = other_of(self);
    if (!offer.len || leg->state != LEG_UP || !self->media.passes_video || self->media.has_video)
        return false;
    if (!other || other->state != LEG_UP || !other->ops->video || other->video ||
        other->refused_video)
        return false;
    leg_media_note_video(&self->media, leg, offer);
    if (!leg->video)
        return false;
    self->waiting_offer = slice_dup(offer);
    loop_timer_start(self->env->loop, &self->video_wait, OTHER_SIDE_MS, answer_now, self);
    leg_on_event(leg, "video", "offered, the other side is asked");
    leg_on_video(leg);
    return true;
}

bool leg_sip_video_is_late(const struct leg_sip *self)
{
    const struct leg *other = other_of(self);
    return self->media.offers_video && other && !other->video;
}

/* What was agreed before holds (RFC 3261 §14.2, RFC 6141 §3.2): no video, or it had not waited. */
void leg_sip_on_withdrawn(void *owner, struct sip_session *session)
{
    struct leg_sip *self = owner;
    (void)session;
    leg_on_event(&self->leg, "sip", "re-INVITE cancelled");
    if (!self->waiting_offer)
        return;
    leg_sip_video_clear(self);
    leg_media_forget_video(&self->leg);
    leg_on_video(&self->leg);
}

void leg_sip_video(struct leg *leg)
{
    struct leg_sip *self = leg_sip_of(leg);
    const struct leg *other = other_of(self);
    if (self->waiting_offer) {
        answer_now(self);
        return;
    }
    if (leg_sip_video_is_late(self))
        sip_session_cancel_reoffer(self->session); /* nobody needs to say yes any more */
    if (!other || leg_media_has_same_video(leg, other))
        return;
    bool may = leg->state == LEG_UP && self->media.passes_video;
    if (may && (leg->video || !leg->refused_video))
        leg_sip_reoffer(self);
    else if (other->state == LEG_UP) /* it waits, or has pictures for nobody */
        leg_on_video(leg);
}

void leg_sip_tell_video(struct leg_sip *self, bool had_video)
{
    const struct leg *other = other_of(self);
    bool is_refused = other && other->video && !self->media.has_video;
    if (had_video != self->media.has_video || is_refused)
        leg_on_video(&self->leg);
}
