#include "sdp_offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sdp_codec codecs[] = { { "opus", 48000, 2, 111, "useinbandfec=1", NULL },
                                               { "PCMU", 8000, 1, 0, NULL, NULL } };
    static const struct sdp_key keys[] = { { "AES_CM_128_HMAC_SHA1_80", "QUJD" } };
    struct sdp_caps caps = { .codecs = codecs,
                             .n_codecs = 2,
                             .dtmf = true,
                             .address = "::1",
                             .ice_ufrag = "u",
                             .ice_pwd = "p",
                             .keys = keys,
                             .n_keys = 1,
                             .fingerprint = "AB",
                             .rtcp_mux = true,
                             .fingerprint_hash = "sha-256" };
    struct sdp_session_state state;
    struct sdp_result result = { 0 };
    static char mem[2 * SDP_MAX_BYTES];
    struct slice text = slice_make(data, size);
    if (sdp_offer_transport(text, &caps.transport))
        return 0;
    sdp_session_state_init(&state, 1);
    for (int i = 0; i < 3; i++) { /* answer it, offer again, take it for an answer, answer again */
        struct buf out = BUF_ON(mem);
        struct sdp_result check = { 0 };
        if (sdp_offer_answer(&state, &caps, text, &out, &result, NULL) == OK)
            BUG_IF(!result.n_formats || sdp_parse(&check.remote, buf_slice(&out)) ||
                   check.remote->n_media != result.remote->n_media);
        sdp_result_clear(&check);
        buf_reset(&out);
        if (sdp_offer_print(&state, &caps, &out) == OK)
            (void)!sdp_offer_feed_answer(&state, &caps, text, &result, NULL);
    }
    sdp_result_clear(&result);
    sdp_session_state_clear(&state);
    return 0;
}
