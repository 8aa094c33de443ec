/* Lists of codecs joined in the order that avoids transcoding, and what an offer names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/num.h"
#include "legs/leg_media.h"
#include "media/codecs.h"

static struct leg_codecs list(const char *names)
{
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    struct leg_codecs out = { 0 };
    struct slice rest = slice_of(names);
    while (rest.len) {
        struct slice name = slice_word(&rest);
        for (size_t i = 0; i < n; i++)
            if (slice_is(name, all[i]->name))
                out.list[out.n++] = all[i];
    }
    return out;
}

static const char *names_of(struct leg_codecs codecs)
{
    static char text[200];
    struct buf out = BUF_ON(text);
    for (size_t i = 0; i < codecs.n; i++)
        buf_printf(&out, "%s%s", i ? " " : "", codecs.list[i]->name);
    return buf_cstr(&out);
}

static void test_merge_and_common(void **state)
{
    (void)state;
    static const struct {
        const char *wanted, *mine, *merged, *common;
    } rows[] = {
        { "PCMA PCMU", "PCMU PCMA", "PCMA PCMU", "PCMA PCMU" },
        { "PCMA", "PCMU PCMA", "PCMA PCMU", "PCMA" },
        { "opus PCMA", "PCMU PCMA", "PCMA PCMU", "PCMA" },
        { "opus", "PCMU PCMA", "PCMU PCMA", "PCMU PCMA" }, /* none: transcode */
        { "", "PCMU PCMA", "PCMU PCMA", "PCMU PCMA" },
        { "PCMU", "", "", "" },
        { "PCMU PCMU", "PCMU", "PCMU", "PCMU" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct leg_codecs wanted = list(rows[i].wanted), mine = list(rows[i].mine);
        assert_string_equal(names_of(leg_codecs_merge(&wanted, &mine)), rows[i].merged);
        assert_string_equal(names_of(leg_codecs_common(&wanted, &mine)), rows[i].common);
    }
}

static void test_codecs_of_an_offer(void **state)
{
    (void)state;
#define HEAD "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    static const struct {
        const char *sdp, *names;
        enum err err;
    } rows[] = {
        { HEAD "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n", "PCMA PCMU",
          OK },
        { HEAD "m=audio 4000 RTP/AVP 111 96 0\r\na=rtpmap:111 OPUS/48000/2\r\n"
               "a=rtpmap:96 speex/8000\r\n",
          "opus PCMU", OK },
        { HEAD "m=audio 4000 RTP/AVP 3 18\r\n", "", ERR_UNSUPPORTED },
        { HEAD "m=audio 0 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8\r\n", "PCMA", OK },
        { HEAD "m=video 4000 RTP/AVP 0\r\n", "", ERR_UNSUPPORTED },
        { HEAD "m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8\r\n", "PCMU", OK },
        { "hello", "", ERR_PARSE },
        { "", "", ERR_PARSE },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct leg_codecs got = { 0 };
        struct fault fault = { 0 };
        assert_int_equal(leg_media_offered(slice_of(rows[i].sdp), &got, &fault), rows[i].err);
        assert_string_equal(names_of(got), rows[i].names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_and_common),
        cmocka_unit_test(test_codecs_of_an_offer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
