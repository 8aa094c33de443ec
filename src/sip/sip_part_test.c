#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "sip_part.h"

#define SDP_PART "Content-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n"
#define MIXED "multipart/mixed;boundary=b"

static const struct {
    const char *type, *body, *sdp;
} rows[] = {
    { "application/sdp", "v=0\r\n", "v=0\r\n" },
    { "Application/SDP;charset=utf-8", "v=0\r\n", "v=0\r\n" },
    { "text/plain", "v=0\r\n", "" },
    { "", "v=0\r\n", "" },
    { MIXED, "--b\r\n" SDP_PART "\r\n--b--\r\n", "v=0\r\ns=-\r\n" },
    { MIXED, "to be ignored\r\n--b \r\n" SDP_PART "\r\n--b--", "v=0\r\ns=-\r\n" },
    { "multipart/mixed; boundary=\"--x y\"",
      "----x y\r\nContent-Type: application/isup\r\n\r\n\x01--\r\n----x y\r\nc: application/sdp\r\n"
      "Content-Disposition: session\r\n\r\nv=0\r\n----x y--",
      "v=0" },
    { MIXED,
      "--b\n"
      "Content-Type: application/sdp\n\nv=0\ns=-\n--b--\n",
      "v=0\ns=-" },
    { MIXED, "--b\r\n\r\nv=0\r\n--b--", "" }, /* text */
    { MIXED, "--b\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--b--", "" },
    { MIXED, "--b\r\n" SDP_PART, "" },                              /* cut off */
    { MIXED, "--b--\r\n--b\r\n" SDP_PART "\r\n--b--", "" },         /* behind the end */
    { MIXED, "--b\r\nContent-Type: application/sdp\r\n--b--", "" }, /* a head alone */
    { MIXED, "", "" },
    { "multipart/mixed", "--b\r\n" SDP_PART "\r\n--b--", "" },
    { "multipart/mixed;boundary=\"\"", "--\r\n" SDP_PART "\r\n----", "" },
};

static void the_description_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice sdp =
            sip_part_find(slice_of(rows[i].type), slice_of(rows[i].body), SLICE("application/sdp"));
        if (!slice_is(sdp, rows[i].sdp))
            fail_msg("row %zu: '%.*s'", i, SLICE_ARG(sdp));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_description_is_found) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
