#pragma once
/* One dialog of a test: our abilities, both ends' texts, the outcome. For the tests of sdp_offer.h.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/num.h"
#include "sdp/sdp_offer.h"

/* Real offers lie in tests/seeds/sdp, where the fuzzer finds them too. */

static const struct sdp_codec codecs[] = {
    { "opus", 48000, 2, 111, "minptime=10;useinbandfec=1", "ref of opus" },
    { "G722", 8000, 1, 9, NULL, NULL },
    { "PCMU", 8000, 1, 0, NULL, NULL },
    { "PCMA", 8000, 1, 8, NULL, NULL },
};
static const struct sdp_key keys[] = {
    { "AEAD_AES_128_GCM", "R0NNR0NNR0NNR0NNR0NNR0NNR0NNR0NNR0NNR0NN" },
    { "AES_CM_128_HMAC_SHA1_80", "c2hhMV84MHNoYTFfODBzaGExXzgwc2hhMV84MHNo" },
    { "AES_CM_128_HMAC_SHA1_32", "c2hhMV8zMnNoYTFfMzJzaGExXzMyc2hhMV8zMnNo" },
};

static inline struct sdp_caps plain_caps(void)
{
    return (struct sdp_caps){ .codecs = codecs,
                              .n_codecs = COUNT_OF(codecs),
                              .dtmf = true,
                              .address = "203.0.113.1",
                              .port = 10000,
                              .ptime_ms = 20 };
}

static inline struct sdp_caps caps_for(enum sdp_transport transport)
{
    static const struct sdp_candidate candidates[] = {
        { .foundation = { "1", 1 },
          .component = 1,
          .transport = { "udp", 3 },
          .priority = 2130706431,
          .address = { "203.0.113.1", 11 },
          .port = 9000 },
    };
    struct sdp_caps caps = plain_caps();
    caps.transport = transport;
    caps.keys = keys;
    caps.n_keys = COUNT_OF(keys);
    caps.fingerprint_hash = "sha-256";
    caps.fingerprint = "AA:BB";
    if (transport != SDP_RTP_DTLS)
        return caps;
    caps.port = 9000;
    caps.ice_ufrag = "ours";
    caps.ice_pwd = "ourpasswordourpassword";
    caps.ice_lite = caps.ice_trickle = caps.end_of_candidates = true;
    caps.candidates = candidates;
    caps.n_candidates = COUNT_OF(candidates);
    caps.ssrc = 12345;
    caps.cname = "tandem";
    caps.msid_stream = "tandem";
    caps.msid_track = "audio";
    return caps;
}

struct exchange { /* one dialog of a test */
    struct sdp_session_state state;
    struct sdp_result result;
    struct fault fault;
    char mem[8192];
    const char *text; /* what we printed last */
};

static inline void setup(struct exchange *x)
{
    *x = (struct exchange){ 0 };
    sdp_session_state_init(&x->state, 4711);
}

static inline void teardown(struct exchange *x)
{
    sdp_result_clear(&x->result);
    sdp_session_state_clear(&x->state);
}

static inline enum err answer(struct exchange *x, const struct sdp_caps *caps, struct slice offer)
{
    struct buf out = BUF_ON(x->mem);
    enum err err = sdp_offer_answer(&x->state, caps, offer, &out, &x->result, &x->fault);
    x->text = buf_cstr(&out);
    return err;
}

static inline enum err answer_text(struct exchange *x, const struct sdp_caps *caps,
                                   const char *offer)
{
    return answer(x, caps, slice_of(offer));
}

static inline enum err answer_seed(struct exchange *x, const struct sdp_caps *caps,
                                   const char *name)
{
    char path[128];
    char *mem = mem_alloc(SDP_MAX_BYTES);
    snprintf(path, sizeof path, "tests/seeds/sdp/%s.sdp", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: run from the top of the tree", path);
    struct slice offer = slice_make(mem, fread(mem, 1, SDP_MAX_BYTES, file));
    fclose(file);
    enum err err = answer(x, caps, offer);
    mem_free(mem);
    return err;
}

static inline void offer(struct exchange *x, const struct sdp_caps *caps)
{
    struct buf out = BUF_ON(x->mem);
    assert_int_equal(sdp_offer_print(&x->state, caps, &out), OK);
    x->text = buf_cstr(&out);
}

static inline enum err feed(struct exchange *x, const struct sdp_caps *caps, const char *text)
{
    return sdp_offer_feed_answer(&x->state, caps, slice_of(text), &x->result, &x->fault);
}

#define assert_slice(s, text)                                              \
    do {                                                                   \
        if (!slice_is(s, text))                                            \
            fail_msg("expected \"%s\", got \"%.*s\"", text, SLICE_ARG(s)); \
    } while (0)

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

/* "opus:111 PCMU:0 / 48000:110" */
static inline void summary(const struct sdp_result *result, char *mem, size_t cap)
{
    struct buf out;
    buf_init(&out, mem, cap);
    for (size_t i = 0; i < result->n_formats; i++)
        buf_printf(&out, "%s:%u ", codecs[result->formats[i].codec].name,
                   (unsigned)result->formats[i].tx_pt);
    buf_char(&out, '/');
    for (size_t i = 0; i < result->n_dtmf; i++)
        buf_printf(&out, " %u:%u", result->dtmf[i].clock_hz, (unsigned)result->dtmf[i].tx_pt);
    (void)buf_cstr(&out);
}

static inline void assert_formats(const struct sdp_result *result, const char *expected)
{
    char mem[256];
    summary(result, mem, sizeof mem);
    assert_string_equal(mem, expected);
}
