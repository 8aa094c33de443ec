#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/hash.h"
#include "media/media_packet.h"
#include "media/rtp.h"
#include "media/srtp_priv.h"

static const char master[] = "0123456789abcdef0123456789ABCDEF";
static const char salt[] = "saltsaltsaltsa";

static void make(struct srtp_session **out, enum srtp_profile profile,
                 enum srtp_direction direction)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    assert_int_equal(srtp_create(out, profile, direction, slice_make(master, info->key_len),
                                 slice_make(salt, info->salt_len)),
                     OK);
}

static void from_hex(const char *hex, uint8_t *out, size_t cap, size_t *len)
{
    *len = cap;
    assert_int_equal(hex_parse(slice_of(hex), out, len), OK);
}

static void load(struct media_packet *packet, const char *hex, bool is_rtcp)
{
    size_t len;
    packet->data = packet->room + MEDIA_PACKET_HEAD;
    from_hex(hex, packet->data, MEDIA_PACKET_MAX, &len);
    packet->len = (uint32_t)len;
    packet->is_rtcp = is_rtcp;
}

static void assert_packet(const struct media_packet *packet, const char *hex)
{
    char text[2 * MEDIA_PACKET_MAX + 1];
    hex_print(packet->data, packet->len, text);
    assert_string_equal(text, hex);
}

static void rtp(struct media_packet *packet, uint32_t ssrc, uint16_t seq, const char *text)
{
    struct rtp_header header = { .ssrc = ssrc, .seq = seq, .ts = seq * 160U };
    assert_int_equal(rtp_fill(packet, &header, slice_of(text)), OK);
}

static struct slice payload(const struct media_packet *packet)
{
    return slice_make(packet->data + RTP_HEADER_LEN, packet->len - RTP_HEADER_LEN);
}

static void derives_keys_as_rfc_3711_b3(void **state)
{
    (void)state;
    uint8_t key[16], master_salt[14];
    size_t len;
    from_hex("e1f97a0d3e018be0d64fa32c06de4139", key, sizeof(key), &len);
    from_hex("0ec675ad498afeebb6960b3aabe6", master_salt, sizeof(master_salt), &len);
    struct srtp_keys keys[SRTP_CHANNELS] = { 0 };
    srtp_derive(&srtp_openssl, srtp_profile_info(SRTP_AES128_CM_SHA1_80), slice_make(key, 16),
                slice_make(master_salt, 14), keys);
    char text[64];
    hex_print(keys[0].cipher, 16, text);
    assert_string_equal(text, "c61e7a93744f39ee10734afe3ff7a087");
    hex_print(keys[0].salt, 14, text);
    assert_string_equal(text, "30cbbc08863d8c85d49db34a9ae1");
    hex_print(keys[0].auth, 20, text);
    assert_string_equal(text, "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

static void makes_the_keystream_of_rfc_3711_b2(void **state)
{
    (void)state;
    uint8_t key[16], iv[SRTP_CTR_IV], out[48];
    size_t len;
    from_hex("2b7e151628aed2a6abf7158809cf4f3c", key, sizeof(key), &len);
    from_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", iv, sizeof(iv), &len);
    srtp_openssl.keystream(key, sizeof(key), iv, out, sizeof(out));
    char text[97];
    hex_print(out, sizeof(out), text);
    assert_string_equal(text, "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
                              "41e95b3bb0a2e8dd477901e4fca894c0");
}

struct vector {
    enum srtp_profile profile;
    bool is_rtcp;
    uint64_t index; /* of reports */
    const char *clear, *sealed;
};

/* RFC 7714 §16.1.1, §16.2.1, §17.1 */
static const struct vector vectors[] = {
    { SRTP_AEAD_AES_128_GCM, false, 0,
      "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361"
      "20696e207061727465732074726573",
      "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e"
      "6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce" },
    { SRTP_AEAD_AES_256_GCM, false, 0,
      "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361"
      "20696e207061727465732074726573",
      "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2"
      "f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13" },
    { SRTP_AEAD_AES_128_GCM, true, 0x5d4,
      "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeef"
      "deadbeefdeadbeefdeadbeefdeadbeef",
      "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1"
      "730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4" },
    { SRTP_AEAD_AES_256_GCM, true, 0x5d4,
      "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeef"
      "deadbeefdeadbeefdeadbeefdeadbeef",
      "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1"
      "110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4" },
};

static void seals_the_packets_of_rfc_7714(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors)[0]; i++) {
        const struct vector *v = &vectors[i];
        struct srtp_keys keys[SRTP_CHANNELS] = { 0 };
        for (int c = 0; c < SRTP_CHANNELS; c++) {
            for (uint8_t n = 0; n < SRTP_KEY_MAX; n++)
                keys[c].cipher[n] = n;
            memcpy(keys[c].salt, "Quid pro quo", 12);
        }
        static struct media_packet packet;
        struct srtp_session *seal = srtp_create_from_keys(v->profile, SRTP_PROTECT, keys);
        struct srtp_session *open = srtp_create_from_keys(v->profile, SRTP_UNPROTECT, keys);
        for (uint64_t n = 0; n <= v->index; n++) {
            load(&packet, v->clear, v->is_rtcp);
            assert_int_equal(srtp_protect(seal, &packet), OK);
        }
        assert_packet(&packet, v->sealed);
        assert_int_equal(srtp_unprotect(open, &packet), OK);
        assert_packet(&packet, v->clear);
        srtp_destroy(seal);
        srtp_destroy(open);
    }
}

/* The packet that libsrtp's own test checks, from master key and salt of RFC 3711 §B.3; the short
 * tag is the beginning of the long one (RFC 4568 §6.2.2). */
static void check_counter_mode(enum srtp_profile profile, const char *want)
{
    uint8_t key[30];
    size_t len;
    from_hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6", key, 30, &len);
    struct srtp_session *seal;
    assert_int_equal(
        srtp_create(&seal, profile, SRTP_PROTECT, slice_make(key, 16), slice_make(key + 16, 14)),
        OK);
    static struct media_packet packet;
    load(&packet, "800f1234decafbadcafebabeabababababababababababababababab", false);
    assert_int_equal(srtp_protect(seal, &packet), OK);
    assert_packet(&packet, want);
    srtp_destroy(seal);
}

static void seals_a_counter_mode_packet(void **state)
{
    (void)state;
    check_counter_mode(SRTP_AES128_CM_SHA1_80,
                       "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea17"
                       "9b8dbb");
    check_counter_mode(SRTP_AES128_CM_SHA1_32,
                       "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc");
}

static void every_profile_goes_both_ways(void **state)
{
    (void)state;
    static const char report[] = "80c9000100000007";
    for (unsigned p = 0; p < SRTP_PROFILES; p++) {
        struct srtp_session *seal, *open;
        static struct media_packet packet;
        make(&seal, p, SRTP_PROTECT);
        make(&open, p, SRTP_UNPROTECT);
        for (uint16_t seq = 1; seq < 50; seq++) {
            rtp(&packet, 7, seq, "some sound");
            assert_int_equal(srtp_protect(seal, &packet), OK);
            assert_int_equal(packet.len, 22 + srtp_profile_info(p)->rtp_tag_len);
            assert_false(slice_starts(payload(&packet), SLICE("some sound")));
            assert_int_equal(srtp_unprotect(open, &packet), OK);
            assert_true(slice_is(payload(&packet), "some sound"));
            load(&packet, report, true);
            assert_int_equal(srtp_protect(seal, &packet), OK);
            assert_int_equal(srtp_unprotect(open, &packet), OK);
            assert_packet(&packet, report);
        }
        srtp_destroy(seal);
        srtp_destroy(open);
    }
}

static void nothing_tampered_with_gets_in(void **state)
{
    (void)state;
    for (unsigned p = 0; p < SRTP_PROFILES; p++) {
        struct srtp_session *seal, *open;
        static struct media_packet packet, bent;
        make(&seal, p, SRTP_PROTECT);
        make(&open, p, SRTP_UNPROTECT);
        for (int is_rtcp = 0; is_rtcp < 2; is_rtcp++) {
            rtp(&packet, 7, 1000, "some sound");
            if (is_rtcp)
                load(&packet, "81c8000d4d6172734e5450314e5450325254502000000000", true);
            assert_int_equal(srtp_protect(seal, &packet), OK);
            for (uint32_t bit = 0; bit < packet.len * 8; bit++) {
                bent = packet;
                bent.data = bent.room + MEDIA_PACKET_HEAD;
                bent.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_int_not_equal(srtp_unprotect(open, &bent), OK);
            }
            for (uint32_t len = 0; len < packet.len; len++) {
                bent = packet;
                bent.data = bent.room + MEDIA_PACKET_HEAD;
                bent.len = len;
                assert_int_not_equal(srtp_unprotect(open, &bent), OK);
            }
            assert_int_equal(srtp_unprotect(open, &packet), OK); /* and none left a trace */
        }
        srtp_destroy(seal);
        srtp_destroy(open);
    }
}

static void replays_are_refused(void **state)
{
    (void)state;
    enum { N = 300 };
    struct srtp_session *seal, *open;
    static struct media_packet packets[N], copy;
    make(&seal, SRTP_AEAD_AES_128_GCM, SRTP_PROTECT);
    make(&open, SRTP_AEAD_AES_128_GCM, SRTP_UNPROTECT);
    for (uint16_t i = 0; i < N; i++) {
        rtp(&packets[i], 7, i, "x");
        assert_int_equal(srtp_protect(seal, &packets[i]), OK);
    }
    for (int i = 0; i < N; i += 2) { /* the even ones first */
        copy = packets[i];
        copy.data = copy.room + MEDIA_PACKET_HEAD;
        assert_int_equal(srtp_unprotect(open, &copy), OK);
    }
    for (int i = 0; i < N; i++) { /* then all: odd ones in the window are new */
        copy = packets[i];
        copy.data = copy.room + MEDIA_PACKET_HEAD;
        bool fresh = i % 2 == 1 && N - 2 - i < 128;
        assert_int_equal(srtp_unprotect(open, &copy), fresh ? OK : ERR_EXISTS);
    }
    srtp_destroy(seal);
    srtp_destroy(open);
}

static void a_number_is_never_sent_twice(void **state)
{
    (void)state;
    struct srtp_session *seal;
    static struct media_packet packet;
    make(&seal, SRTP_AEAD_AES_128_GCM, SRTP_PROTECT);
    rtp(&packet, 7, 5, "x");
    assert_int_equal(srtp_protect(seal, &packet), OK);
    rtp(&packet, 7, 4, "late, but new");
    assert_int_equal(srtp_protect(seal, &packet), OK);
    rtp(&packet, 7, 5, "y");
    assert_int_equal(srtp_protect(seal, &packet), ERR_EXISTS);
    rtp(&packet, 8, 5, "another stream");
    assert_int_equal(srtp_protect(seal, &packet), OK);
    srtp_destroy(seal);
}

/* Three wraps, every 7th packet lost, pairs swapped across the wraps. */
static void follows_the_roll_over_counter(void **state)
{
    (void)state;
    for (unsigned p = SRTP_AEAD_AES_128_GCM; p <= SRTP_AES128_CM_SHA1_80; p += 2) {
        struct srtp_session *seal, *open;
        static struct media_packet a, b;
        make(&seal, p, SRTP_PROTECT);
        make(&open, p, SRTP_UNPROTECT);
        for (uint32_t n = 65000; n < 65000 + 3 * 65536; n += 2) {
            rtp(&a, 7, (uint16_t)n, "a");
            rtp(&b, 7, (uint16_t)(n + 1), "b");
            assert_int_equal(srtp_protect(seal, &a), OK);
            assert_int_equal(srtp_protect(seal, &b), OK);
            assert_int_equal(srtp_unprotect(open, &b), OK);
            if (n % 7 != 0)
                assert_int_equal(srtp_unprotect(open, &a), OK);
        }
        srtp_destroy(seal);
        srtp_destroy(open);
    }
}

static void the_number_of_streams_is_bounded(void **state)
{
    (void)state;
    struct srtp_session *seal, *open;
    static struct media_packet packet, sealed;
    make(&seal, SRTP_AES128_CM_SHA1_80, SRTP_PROTECT);
    make(&open, SRTP_AES128_CM_SHA1_80, SRTP_UNPROTECT);
    for (uint32_t ssrc = 0; ssrc < 500; ssrc++) { /* strangers take no place */
        rtp(&packet, ssrc, 1, "not sealed, but long enough");
        assert_int_equal(srtp_unprotect(open, &packet), ERR_AUTH);
    }
    for (uint32_t ssrc = 0; ssrc < SRTP_MAX_SSRCS; ssrc++) {
        rtp(&packet, ssrc, 1, "x");
        assert_int_equal(srtp_protect(seal, &packet), OK);
        assert_int_equal(srtp_unprotect(open, &packet), OK);
    }
    rtp(&sealed, 999, 1, "x");
    assert_int_equal(srtp_protect(seal, &sealed), ERR_LIMIT);
    rtp(&packet, 0, 2, "known ones go on");
    assert_int_equal(srtp_protect(seal, &packet), OK);
    assert_int_equal(srtp_unprotect(open, &packet), OK);
    srtp_destroy(seal);
    srtp_destroy(open);
}

static void refuses_misuse(void **state)
{
    (void)state;
    struct srtp_session *seal, *open;
    static struct media_packet packet;
    assert_int_equal(srtp_create(&seal, SRTP_AEAD_AES_128_GCM, SRTP_PROTECT, slice_make(master, 32),
                                 slice_make(salt, 12)),
                     ERR_INVALID);
    assert_int_equal(srtp_create(&seal, SRTP_AEAD_AES_128_GCM, SRTP_PROTECT, slice_make(master, 16),
                                 slice_make(salt, 14)),
                     ERR_INVALID);
    make(&seal, SRTP_AEAD_AES_128_GCM, SRTP_PROTECT);
    make(&open, SRTP_AEAD_AES_128_GCM, SRTP_UNPROTECT);
    rtp(&packet, 1, 1, "x");
    assert_int_equal(srtp_unprotect(seal, &packet), ERR_MISUSE);
    assert_int_equal(srtp_protect(open, &packet), ERR_MISUSE);
    packet.data = packet.room + sizeof(packet.room) - 30;
    packet.len = 20; /* 10 bytes of room */
    assert_int_equal(srtp_protect(seal, &packet), ERR_LIMIT);
    srtp_destroy(seal);
    srtp_destroy(open);
    srtp_destroy(NULL);
}

static void names_its_profiles(void **state)
{
    (void)state;
    assert_int_equal(srtp_profile_find(SLICE("AES_CM_128_HMAC_SHA1_80"))->profile,
                     SRTP_AES128_CM_SHA1_80);
    assert_null(srtp_profile_find(SLICE("F8_128_HMAC_SHA1_80")));
    assert_int_equal(srtp_profile_find_dtls(7)->profile, SRTP_AEAD_AES_128_GCM);
    assert_null(srtp_profile_find_dtls(5)); /* the NULL cipher */
    for (unsigned p = 0; p < SRTP_PROFILES; p++)
        assert_int_equal(srtp_profile_info(p)->profile, p);
}

/* No assertion: what one 172-byte packet costs here, for whoever changes the back end. */
static void says_how_fast_it_is(void **state)
{
    (void)state;
    enum { ROUNDS = 100000 };
    for (unsigned p = 0; p < SRTP_PROFILES; p++) {
        struct srtp_session *seal, *open;
        static struct media_packet packet;
        int64_t spent[2] = { 0, 0 };
        make(&seal, p, SRTP_PROTECT);
        make(&open, p, SRTP_UNPROTECT);
        rtp(&packet, 1, 0, "");
        for (uint32_t n = 0; n < ROUNDS; n++) {
            struct timespec t[3];
            packet.len = 172;
            packet.data[2] = (uint8_t)(n >> 8);
            packet.data[3] = (uint8_t)n;
            clock_gettime(CLOCK_MONOTONIC, &t[0]);
            assert_int_equal(srtp_protect(seal, &packet), OK);
            clock_gettime(CLOCK_MONOTONIC, &t[1]);
            assert_int_equal(srtp_unprotect(open, &packet), OK);
            clock_gettime(CLOCK_MONOTONIC, &t[2]);
            for (int i = 0; i < 2; i++)
                spent[i] +=
                    (t[i + 1].tv_sec - t[i].tv_sec) * 1000000000 + t[i + 1].tv_nsec - t[i].tv_nsec;
        }
        print_message("%s: protect %d ns, unprotect %d ns\n", srtp_profile_info(p)->name,
                      (int)(spent[0] / ROUNDS), (int)(spent[1] / ROUNDS));
        srtp_destroy(seal);
        srtp_destroy(open);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_keys_as_rfc_3711_b3),
        cmocka_unit_test(makes_the_keystream_of_rfc_3711_b2),
        cmocka_unit_test(seals_the_packets_of_rfc_7714),
        cmocka_unit_test(seals_a_counter_mode_packet),
        cmocka_unit_test(every_profile_goes_both_ways),
        cmocka_unit_test(nothing_tampered_with_gets_in),
        cmocka_unit_test(replays_are_refused),
        cmocka_unit_test(a_number_is_never_sent_twice),
        cmocka_unit_test(follows_the_roll_over_counter),
        cmocka_unit_test(the_number_of_streams_is_bounded),
        cmocka_unit_test(refuses_misuse),
        cmocka_unit_test(names_its_profiles),
        cmocka_unit_test(says_how_fast_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
