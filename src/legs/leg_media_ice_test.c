/* What was gathered as a description, and when an offer restarts ICE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "legs/leg_media_ice.h"

static const struct leg_ops ops = { .kind = "test" };

static struct rtc_event candidate(enum rtc_candidate_type type, uint16_t port)
{
    return (struct rtc_event){ .kind = RTC_EVENT_CANDIDATE,
                               .type = type,
                               .addr = addr_loopback4(port) };
}

static void test_gathering(void **state)
{
    struct leg leg;
    struct leg_media media = { .leg = &leg, .ice = leg_ice_create() };
    const struct rtc_event events[] = { candidate(RTC_CANDIDATE_HOST, 1),
                                        candidate(RTC_CANDIDATE_SRFLX, 2),
                                        candidate(RTC_CANDIDATE_RELAY, 3) };
    const struct rtc_event done = { .kind = RTC_EVENT_GATHERED };
    (void)state;
    memset(&leg, 0, sizeof leg);
    leg_init(&leg, &ops, false);
    struct addr address = leg_ice_default(media.ice);
    assert_false(addr_is_set(&address));
    for (size_t i = 0; i < 3; i++) {
        assert_false(leg_media_on_transport(&media, &events[i]));
        address = leg_ice_default(media.ice); /* a relay before the rest: the likeliest to work */
        assert_int_equal(addr_port(&address), i + 1);
    }
    assert_false(leg_media_is_gathered(&media));
    assert_true(leg_media_on_transport(&media, &done));
    assert_true(leg_media_is_gathered(&media));
    assert_false(leg_media_on_transport(&media, &done));
    assert_false(leg_media_on_transport(&media, &events[0])); /* too late without trickle */
    assert_int_equal(leg_ice_count(media.ice), 3);
    leg_ice_destroy(media.ice);
}

static void test_restarts(void **state)
{
#define OFFER(ufrag)                                                          \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"                     \
    "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:" ufrag \
    "\r\na=ice-pwd:0123456789012345678901\r\n"
    struct leg_ice *ice = leg_ice_create();
    struct sdp_result first = { .ice_ufrag = SLICE("one") };
    (void)state;
    assert_false(leg_ice_restarts(ice, SLICE(OFFER("one")))); /* the first does not */
    leg_ice_tell_remote(ice, NULL, &first);                   /* without a candidate */
    assert_false(leg_ice_restarts(ice, SLICE(OFFER("one"))));
    assert_true(leg_ice_restarts(ice, SLICE(OFFER("two"))));
    assert_false(leg_ice_restarts(ice, SLICE("nonsense")));
    leg_ice_destroy(ice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gathering),
        cmocka_unit_test(test_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
