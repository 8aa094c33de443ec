/* The browsers: a controlling ICE end that nominates at once, a DTLS client, SRTP keys; one
 * certificate and one set of credentials for all of them. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "bench/bench.h"
#include "media/srtp.h"
#include "rtc/cert.h"
#include "rtc/dtls.h"
#include "rtc/rtc_candidate.h"
#include "rtc/stun.h"

enum { RETRY_NS = 200000000 };
#define CONSENT_NS 5000000000 /* RFC 7675 §5.1 */

struct end {
    struct browser *browser;
    size_t index;
    struct offer offer;
    struct dtls *dtls;
    struct srtp_session *tx, *rx;
    bool checked, up;
    int64_t asked_ns;
};
struct browser {
    browser_send_fn send;
    void *owner;
    struct dtls_context *context;
    char *cert, *key;
    char fingerprint[CERT_FINGERPRINT_TEXT], ufrag[8], pwd[32];
    struct end *ends;
    size_t max_calls;
};

static void on_send(void *owner, struct slice datagram)
{
    const struct end *end = owner;
    end->browser->send(end->browser->owner, end->index, datagram.ptr, datagram.len);
}

static void on_up(void *owner, const struct dtls_keys *keys)
{
    struct end *end = owner;
    BUG_IF(srtp_create(&end->tx, keys->profile, SRTP_PROTECT, keys->tx_key, keys->tx_salt));
    BUG_IF(srtp_create(&end->rx, keys->profile, SRTP_UNPROTECT, keys->rx_key, keys->rx_salt));
    end->up = true;
}

static void on_failed(void *owner, enum err err, const char *text)
{
    (void)owner;
    (void)err;
    (void)text; /* it never comes up: the generator says so */
}

struct browser *browser_create(size_t max_calls, browser_send_fn send, void *owner)
{
    struct browser *browser = mem_new(struct browser);
    browser->send = send;
    browser->owner = owner;
    browser->max_calls = max_calls;
    browser->ends = mem_array(max_calls, sizeof *browser->ends);
    rand_token(browser->ufrag, 6);
    rand_token(browser->pwd, 24);
    BUG_IF(cert_make_ecdsa(&browser->cert, &browser->key, "bench", NULL, NULL));
    BUG_IF(cert_fingerprint(slice_of(browser->cert), "sha-256", browser->fingerprint));
    BUG_IF(dtls_context_create(&browser->context, slice_of(browser->cert), slice_of(browser->key),
                               NULL));
    return browser;
}

void browser_destroy(struct browser *browser)
{
    for (size_t i = 0; i < browser->max_calls; i++) {
        dtls_destroy(browser->ends[i].dtls);
        srtp_destroy(browser->ends[i].tx);
        srtp_destroy(browser->ends[i].rx);
    }
    dtls_context_destroy(browser->context);
    mem_free(browser->cert);
    mem_free(browser->key);
    mem_free(browser->ends);
    mem_free(browser);
}

const char *browser_fingerprint(const struct browser *browser)
{
    return browser->fingerprint;
}

const char *browser_ufrag(const struct browser *browser)
{
    return browser->ufrag;
}

const char *browser_pwd(const struct browser *browser)
{
    return browser->pwd;
}

/* A check that nominates (RFC 8445 §7.2.2). */
static void check(struct end *end)
{
    char mem[STUN_SEND_MAX], username[2 * CREDENTIAL_MAX];
    struct buf buf = BUF_ON(mem);
    uint8_t id[STUN_ID_LEN];
    rand_bytes(id, sizeof id);
    snprintf(username, sizeof username, "%s:%s", end->offer.ufrag, end->browser->ufrag);
    stun_begin(&buf, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&buf, STUN_USERNAME, slice_of(username));
    stun_put_u64(&buf, STUN_ICE_CONTROLLING, 42);
    stun_put_u32(&buf, STUN_PRIORITY, rtc_candidate_priority(RTC_CANDIDATE_PRFLX, 65535, 1));
    stun_put(&buf, STUN_USE_CANDIDATE, SLICE_NONE);
    stun_put_integrity(&buf, slice_of(end->offer.pwd));
    stun_put_fingerprint(&buf);
    end->asked_ns = now_ns();
    end->browser->send(end->browser->owner, end->index, buf.ptr, buf.len);
}

void browser_call(struct browser *browser, size_t index, const struct offer *offer)
{
    static const struct dtls_events events = { on_send, on_up, on_failed };
    struct end *end = &browser->ends[index];
    *end = (struct end){ .browser = browser, .index = index, .offer = *offer };
    if (!offer->ufrag[0]) {
        end->up = true;
        return;
    }
    end->dtls =
        dtls_create(browser->context, &(struct dtls_config){ .role = DTLS_CLIENT }, &events, end);
    BUG_IF(dtls_set_fingerprint(end->dtls, "sha-256", slice_of(offer->fingerprint)));
    check(end);
}

/* A full agent checks us too. */
static void answer(struct end *end, const struct stun_msg *msg, const struct addr *from)
{
    char mem[STUN_SEND_MAX];
    struct buf buf = BUF_ON(mem);
    stun_begin(&buf, STUN_SUCCESS, STUN_BINDING, msg->id);
    stun_put_addr(&buf, STUN_XOR_MAPPED_ADDRESS, from);
    stun_put_integrity(&buf, slice_of(end->browser->pwd));
    stun_put_fingerprint(&buf);
    end->browser->send(end->browser->owner, end->index, buf.ptr, buf.len);
}

void browser_consent(struct browser *browser, size_t n_calls)
{
    for (size_t i = 0; i < n_calls; i++)
        if (browser->ends[i].dtls && now_ns() - browser->ends[i].asked_ns > CONSENT_NS)
            check(&browser->ends[i]);
}

void browser_feed(struct browser *browser, size_t index, const void *bytes, size_t len,
                  const struct addr *from)
{
    struct end *end = &browser->ends[index];
    struct slice datagram = slice_make(bytes, len);
    struct stun_msg msg;
    if (!end->dtls)
        return;
    if (!stun_is(datagram)) {
        dtls_feed(end->dtls, datagram);
    } else if (stun_parse(&msg, datagram) == OK && msg.class == STUN_REQUEST) {
        answer(end, &msg, from);
    } else if (msg.class == STUN_SUCCESS && !end->checked) {
        end->checked = true;
        dtls_start(end->dtls);
    }
}

void browser_tick(struct browser *browser, size_t n_calls)
{
    for (size_t i = 0; i < n_calls; i++) {
        struct end *end = &browser->ends[i];
        if (end->up)
            continue;
        if (end->checked)
            dtls_tick(end->dtls);
        else if (now_ns() - end->asked_ns > RETRY_NS)
            check(end);
    }
}

bool browser_is_up(const struct browser *browser, size_t index)
{
    return browser->ends[index].up;
}

struct srtp_session *browser_tx(const struct browser *browser, size_t index)
{
    return browser->ends[index].tx;
}

struct srtp_session *browser_rx(const struct browser *browser, size_t index)
{
    return browser->ends[index].rx;
}
