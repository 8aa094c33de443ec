/* Figures, reports, silence, and who may send. */
#include "media/media_rig_test.h"

#include "base/buf.h"

struct one {
    struct rig rig;
    struct far far;
    uint8_t sound[160];
};

static int setup(void **state)
{
    struct one *one = mem_new(struct one);
    memset(one->sound, 0x20, sizeof one->sound);
    rig_create(
        &one->rig,
        &(struct media_config){
            .threads = 1, .patience = { .silent_ms = 300, .timeout_ms = 900, .held_ms = 2500 } });
    far_create(&one->far, &one->rig);
    far_describe(&one->far, &codec_pcmu, FAR_PCMU, FAR_PCMU, 8000);
    rig_wait(&one->rig, &one->far.connected, 1, 1000);
    *state = one;
    return 0;
}

static int teardown(void **state)
{
    struct one *one = *state;
    far_destroy(&one->far);
    rig_destroy(&one->rig);
    mem_free(one);
    return 0;
}

static void knows_nothing_at_first(void **state)
{
    struct one *one = *state;
    const struct media_stats *stats = media_stream_stats(one->far.stream);
    assert_int_equal(stats->rx.jitter_us, -1);
    assert_int_equal(stats->rx.last_age_ms, -1);
    assert_int_equal(stats->rx.level_dbov, 1);
    assert_int_equal(stats->rtt_us, -1);
    assert_null(stats->rx_codec);
}

static void counts_what_is_lost(void **state)
{
    struct one *one = *state;
    for (unsigned i = 0; i < 101; i++) {
        if (i % 10 == 5) { /* one in ten is lost on the way */
            one->far.seq++;
            one->far.ts += 160;
        } else {
            far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
        }
        rig_run(&one->rig, 20);
    }
    rig_run(&one->rig, 1100);
    const struct media_stats *stats = media_stream_stats(one->far.stream);
    assert_int_equal(stats->rx.packets, 91);
    assert_int_equal(stats->rx.bytes, 91 * sizeof one->sound);
    assert_int_equal(stats->rx.lost, 10);
    assert_in_range(stats->rx.jitter_us, 0, 100000); /* as even as a busy machine lets us send */
    assert_in_range(stats->rx.last_age_ms, 100, 1300);
    assert_ptr_equal(stats->rx_codec, &codec_pcmu);
    assert_true(addr_eq(&stats->remote, &one->far.addr));
}

static void another_source_takes_over(void **state)
{
    struct one *one = *state;
    for (unsigned i = 0; i < 10; i++)
        far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    one->far.ssrc++;
    one->far.seq = 100;
    for (unsigned i = 0; i < 10; i++)
        far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    far_send(&one->far, 77, one->sound, sizeof one->sound, 160); /* nobody agreed on 77 */
    rig_run(&one->rig, 1200);
    const struct media_stats *stats = media_stream_stats(one->far.stream);
    assert_int_equal(stats->rx.packets, 19); /* the first of the new one was on probation */
    assert_int_equal(stats->rx.lost, 0);
}

/* The far end's receiver report, as rtcp.h prints it. */
static void report(struct far *far, const struct rtcp *what)
{
    uint8_t mem[512];
    struct buf buf = BUF_ON(mem);
    assert_int_equal(rtcp_print(what, &buf), OK);
    assert_int_equal(
        sendto(far->rtcp_fd, mem, buf.len, 0, &far->local.rtcp.sa, addr_len(&far->local.rtcp)),
        (ssize_t)buf.len);
}

static void reads_and_writes_reports(void **state)
{
    struct one *one = *state;
    uint8_t bytes[512];
    ssize_t len = -1;
    struct rtcp got;
    media_stream_tone(one->far.stream, 1004, -10);
    assert_true(far_receive(&one->far, 1000));
    uint32_t ssrc = one->far.got.ssrc;
    for (int64_t end_us = rig_now_us() + 4000000; len < 0 && rig_now_us() < end_us;) {
        far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
        rig_run(&one->rig, 20);
        len = recv(one->far.rtcp_fd, bytes, sizeof bytes, 0);
    }
    assert_true(len > 0);
    assert_int_equal(rtcp_parse(&got, slice_make(bytes, (size_t)len)), OK);
    assert_true(got.has_sr);
    assert_int_equal(got.ssrc, ssrc);
    assert_in_range(got.sr.packets, 10, 300);
    assert_int_equal(got.n_blocks, 1);
    assert_int_equal(got.blocks[0].ssrc, one->far.ssrc);
    assert_int_equal(got.blocks[0].lost, 0);
    assert_true(got.cname.len > 0);

    struct rtcp answer = { .ssrc = one->far.ssrc, .has_rr = true, .n_blocks = 1 };
    answer.blocks[0] = (struct rtcp_block){
        .ssrc = ssrc, .lost = 3, .jitter = 80, .lsr = rtcp_ntp_middle(got.sr.ntp), .dlsr = 0
    };
    report(&one->far, &answer);
    rig_run(&one->rig, 1200);
    const struct media_stats *stats = media_stream_stats(one->far.stream);
    assert_int_equal(stats->tx.lost, 3);
    assert_int_equal(stats->tx.jitter_us, 10000);
    assert_in_range(stats->rtt_us, 0, 200000);

    while (recv(one->far.rtcp_fd, bytes, sizeof bytes, 0) > 0)
        ;
    struct far *far = &one->far;
    media_stream_destroy(far->stream);
    far->stream = NULL;
    rig_run(&one->rig, 50);
    len = recv(far->rtcp_fd, bytes, sizeof bytes, 0);
    assert_true(len > 0);
    assert_int_equal(rtcp_parse(&got, slice_make(bytes, (size_t)len)), OK);
    assert_true(got.has_bye);
}

static void tells_silence_once_and_its_end(void **state)
{
    struct one *one = *state;
    far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    rig_run(&one->rig, 200);
    assert_int_equal(one->far.silences, 0);
    rig_wait(&one->rig, &one->far.silences, 1, 1000);
    rig_run(&one->rig, 200);
    assert_int_equal(one->far.silences, 1);
    assert_int_equal(one->far.heard_again, 0);
    far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    rig_wait(&one->rig, &one->far.heard_again, 1, 1000);
    rig_wait(&one->rig, &one->far.silences, 2, 1000);
    assert_int_equal(one->far.failures, 0);
}

static void gives_up_on_a_far_end_that_is_gone(void **state)
{
    struct one *one = *state;
    rig_wait(&one->rig, &one->far.failures, 1, 2000);
    assert_int_equal(one->far.err, ERR_TIMEOUT);
    assert_non_null(strstr(one->far.text, "no media"));
    rig_run(&one->rig, 200);
    assert_int_equal(one->far.failures, 1);
}

static void describe(struct one *one, bool send, bool receive)
{
    struct media_description description = { .n_formats = 1, .send = send, .receive = receive };
    description.formats[0] =
        (struct media_format){ .codec = &codec_pcmu, .tx_pt = FAR_PCMU, .rx_pt = FAR_PCMU };
    media_stream_describe(one->far.stream, &description);
}

/* On hold nobody need say anything for long, but not for ever: its call would cost for days. */
static void waits_longer_for_one_that_is_held(void **state)
{
    struct one *one = *state;
    describe(one, true, false);
    rig_run(&one->rig, 1500);
    assert_int_equal(one->far.silences, 0);
    assert_int_equal(one->far.failures, 0);
    rig_wait(&one->rig, &one->far.failures, 1, 2500);
    assert_int_equal(one->far.err, ERR_TIMEOUT);
    assert_string_equal(one->far.text, "no media for 2 s");
}

static void a_resumed_call_waits_anew(void **state)
{
    struct one *one = *state;
    describe(one, false, true); /* the far end holds us, and its music stops */
    rig_run(&one->rig, 1500);
    describe(one, true, true);
    rig_run(&one->rig, 500);
    assert_int_equal(one->far.failures, 0);
    rig_wait(&one->rig, &one->far.failures, 1, 1500);
    assert_string_equal(one->far.text, "no media for 0 s");
}

static void patience_may_change_during_a_call(void **state)
{
    struct one *one = *state;
    media_set_patience(one->rig.media,
                       &(struct media_patience){ .silent_ms = 100, .timeout_ms = 60000 });
    rig_run(&one->rig, 1500);
    assert_int_equal(one->far.silences, 1);
    assert_int_equal(one->far.failures, 0);
    media_set_patience(one->rig.media, &(struct media_patience){ .timeout_ms = 1600 });
    rig_wait(&one->rig, &one->far.failures, 1, 1000);
}

/* Packets of another address (or port) of this machine. */
static void intrude(struct far *far, const char *ip, unsigned n, const uint8_t *sound, size_t len)
{
    struct addr addr;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(addr_parse_ip(slice_of(ip), 0, &addr), OK);
    assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
    for (unsigned i = 0; i < n; i++) {
        const struct rtp_header header = {
            .pt = FAR_PCMU, .seq = (uint16_t)(7000 + i), .ts = 160 * i, .ssrc = 0xbad
        };
        far_send_from(far, fd, &header, sound, len);
    }
    rig_run(far->rig, 30);
    close(fd);
}

static void a_stranger_cannot_steal_the_call(void **state)
{
    struct one *one = *state;
    intrude(&one->far, "127.0.0.2", 10, one->sound, sizeof one->sound); /* before the peer spoke */
    assert_int_equal(one->far.first_packets, 0);
    for (unsigned i = 0; i < 10; i++)
        far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    rig_run(&one->rig, 30);
    intrude(&one->far, "127.0.0.1", 10, one->sound, sizeof one->sound); /* the same address */
    media_stream_tone(one->far.stream, 1004, -10);
    assert_true(far_receive(&one->far, 1000)); /* our audio still comes here */
    rig_run(&one->rig, 1200);
    const struct media_stats *stats = media_stream_stats(one->far.stream);
    assert_int_equal(stats->dropped_stranger, 20);
    assert_int_equal(stats->rx.packets, 10);
    assert_true(addr_eq(&stats->remote, &one->far.addr));
}

static void follows_the_peer_to_another_port_once(void **state)
{
    struct one *one = *state;
    struct addr other;
    char where[ADDR_TEXT], want[100];
    int signalled = one->far.fd; /* behind NAT: it sends from elsewhere than it says */
    one->far.fd = far_bind(&other);
    for (unsigned i = 0; i < 5; i++)
        far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    rig_run(&one->rig, 30);
    snprintf(want, sizeof want, "rtp from %s, not as signalled", addr_print(&other, where));
    assert_string_equal(one->far.step, want);
    media_stream_tone(one->far.stream, 1004, -10);
    assert_true(far_receive(&one->far, 1000));
    far_set_remote(&one->far); /* the same again, as a re-INVITE that refreshes the session */
    rig_run(&one->rig, 30);
    while (far_try_receive(&one->far))
        ;
    assert_true(far_receive(&one->far, 1000));
    close(signalled);
}

static void a_new_address_by_signalling_is_followed(void **state)
{
    struct one *one = *state;
    for (unsigned i = 0; i < 6; i++)
        far_send(&one->far, FAR_PCMU, one->sound, sizeof one->sound, 160);
    rig_run(&one->rig, 30);
    int before = one->far.fd;
    one->far.fd = far_bind(&one->far.addr);
    far_set_remote(&one->far);
    media_stream_tone(one->far.stream, 1004, -10);
    assert_true(far_receive(&one->far, 1000));
    close(before);
}

int main(void)
{
#define WATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        WATCH_TEST(knows_nothing_at_first),
        WATCH_TEST(counts_what_is_lost),
        WATCH_TEST(another_source_takes_over),
        WATCH_TEST(reads_and_writes_reports),
        WATCH_TEST(tells_silence_once_and_its_end),
        WATCH_TEST(gives_up_on_a_far_end_that_is_gone),
        WATCH_TEST(waits_longer_for_one_that_is_held),
        WATCH_TEST(a_resumed_call_waits_anew),
        WATCH_TEST(patience_may_change_during_a_call),
        WATCH_TEST(a_stranger_cannot_steal_the_call),
        WATCH_TEST(follows_the_peer_to_another_port_once),
        WATCH_TEST(a_new_address_by_signalling_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
