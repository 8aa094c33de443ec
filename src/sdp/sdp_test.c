#include "sdp.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sdp_attr.h"

static char *read_seed(const char *path, struct slice *out)
{
    char *mem = mem_alloc(SDP_MAX_BYTES);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: run from the top of the tree", path);
    *out = slice_make(mem, fread(mem, 1, SDP_MAX_BYTES, file));
    fclose(file);
    return mem;
}

static struct sdp_session *parsed(const char *text)
{
    struct sdp_session *session = NULL;
    assert_int_equal(sdp_parse(&session, slice_of(text)), OK);
    return session;
}

static enum err parse_error(struct slice text)
{
    struct sdp_session *session = NULL;
    enum err err = sdp_parse(&session, text);
    assert_null(session);
    return err;
}

#define assert_slice(s, text)                                              \
    do {                                                                   \
        if (!slice_is(s, text))                                            \
            fail_msg("expected \"%s\", got \"%.*s\"", text, SLICE_ARG(s)); \
    } while (0)

static void test_every_field(void **state)
{
    (void)state;
    struct slice text;
    char *mem = read_seed("tests/seeds/sdp/full.sdp", &text);
    struct sdp_session *s = NULL;
    assert_int_equal(sdp_parse(&s, text), OK);
    mem_free(mem); /* the session has its own copy */
    assert_slice(s->origin.username, "jdoe smith");
    assert_slice(s->origin.id, "3724394400");
    assert_slice(s->origin.version, "3724394405");
    assert_slice(s->origin.addr_type, "IP4");
    assert_slice(s->origin.address, "198.51.100.1");
    assert_slice(s->name, "Call to John Smith");
    assert_slice(s->info, "SDP Offer #1");
    assert_slice(s->email, "Jane Doe <jane@jdoe.example.com>");
    assert_slice(s->phone, "+1 617 555-6011");
    assert_slice(s->connection.address, "233.252.0.1/127");
    assert_int_equal(s->bandwidths.n, 2);
    assert_slice(s->bandwidths.items[1].type, "TIAS");
    assert_slice(s->bandwidths.items[1].value, "64000");
    assert_slice(s->time, "0 0");
    assert_int_equal(s->attributes.n, 2);
    assert_false(s->attributes.items[1].has_value);
    assert_int_equal(s->n_media, 3);
    const struct sdp_media *m = &s->media[0];
    assert_int_equal(m->kind, SDP_AUDIO);
    assert_int_equal(m->port, 49170);
    assert_int_equal(m->count, 2);
    assert_slice(m->proto, "RTP/AVP");
    assert_int_equal(m->n_formats, 2);
    assert_slice(m->formats[1], "96");
    assert_slice(m->info, "the first");
    assert_slice(sdp_connection_of(s, m)->address, "233.252.0.2/127");
    assert_slice(m->attributes.items[1].value, "96 a=1; b=2");
    assert_int_equal(s->media[1].kind, SDP_IMAGE);
    assert_slice(sdp_connection_of(s, &s->media[1])->address, "233.252.0.1/127");
    assert_int_equal(s->media[2].kind, SDP_MESSAGE);
    assert_int_equal(s->media[2].attributes.n, 0);
    sdp_session_destroy(s);
}

static void test_missing_lines_are_empty(void **state)
{
    (void)state;
    struct sdp_session *s = parsed("\r\n\nv=0\nm=audio 4000 RTP/AVP 0\n");
    assert_int_equal(s->origin.id.len, 0);
    assert_int_equal(s->name.len, 0);
    assert_int_equal(sdp_connection_of(s, &s->media[0])->address.len, 0);
    char mem[256];
    struct buf out = BUF_ON(mem);
    sdp_print(s, &out);
    assert_string_equal(buf_cstr(&out), "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
                                        "m=audio 4000 RTP/AVP 0\r\n");
    sdp_session_destroy(s);
}

static void test_line_ends(void **state)
{
    (void)state;
    static const char *const texts[] = { "v=0\r\na=x:1\r\na=y\r\n", "v=0\na=x:1\na=y\n",
                                         "v=0\r\r\na=x:1\r\r\na=y\r\r\n", "v=0\na=x:1\r\na=y" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sdp_session *s = parsed(texts[i]);
        assert_slice(sdp_find(&s->attributes, "x")->value, "1");
        assert_non_null(sdp_find(&s->attributes, "y"));
        sdp_session_destroy(s);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "o=- 1 1 IN IP4 1.2.3.4\r\n",
        "v=1\r\n",
        "hello",
        "v=0\r\nm=audio\r\n",
        "v=0\r\nm=audio 70000 RTP/AVP 0\r\n",
        "v=0\r\nm=audio -1 RTP/AVP 0\r\n",
        "v=0\r\nm=audio 5000/0 RTP/AVP 0\r\n",
        "v=0\r\nm=audio 5000\r\n",
        "v=0\r\no=- 1 IN IP4 1.2.3.4\r\n",
        "v=0\r\nc=IN IP4\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (parse_error(slice_of(texts[i])) != ERR_PARSE)
            fail_msg("accepted: %s", texts[i]);
    assert_int_equal(parse_error(SLICE("v=0\r\ns=a\0b\r\n")), ERR_PARSE);
}

/* `n` times `line` under a first m= line. */
static enum err repeated(const char *line, size_t n, size_t *media)
{
    static char mem[SDP_MAX_BYTES + 64];
    struct buf out = BUF_ON(mem);
    buf_text(&out, "v=0\r\nm=audio 1 RTP/AVP");
    for (size_t i = 0; i < n; i++)
        buf_text(&out, line);
    buf_text(&out, "\r\n");
    assert_false(out.overflow);
    struct sdp_session *session = NULL;
    enum err err = sdp_parse(&session, buf_slice(&out));
    if (!err)
        *media = session->n_media;
    sdp_session_destroy(session);
    return err;
}

static void test_limits(void **state)
{
    (void)state;
    size_t n = 0;
    assert_int_equal(repeated("\r\na=x", SDP_MAX_ATTRIBUTES, &n), OK);
    assert_int_equal(repeated("\r\na=x", SDP_MAX_ATTRIBUTES + 1, &n), ERR_LIMIT);
    assert_int_equal(repeated(" 1", SDP_MAX_FORMATS, &n), OK);
    assert_int_equal(repeated(" 1", SDP_MAX_FORMATS + 1, &n), ERR_LIMIT);
    assert_int_equal(repeated("\r\nm=audio 0 RTP/AVP 0", SDP_MAX_MEDIA - 1, &n), OK);
    assert_int_equal(n, SDP_MAX_MEDIA);
    assert_int_equal(repeated("\r\nm=audio 0 RTP/AVP 0", SDP_MAX_MEDIA, &n), ERR_LIMIT);
    assert_int_equal(repeated("\r\nb=AS:1", SDP_MAX_BANDWIDTHS, &n), OK);
    assert_int_equal(repeated("\r\nb=AS:1", SDP_MAX_BANDWIDTHS + 1, &n), ERR_LIMIT);
    char *big = mem_alloc(SDP_MAX_BYTES + 1);
    memset(big, 'x', SDP_MAX_BYTES + 1);
    assert_int_equal(parse_error(slice_make(big, SDP_MAX_BYTES + 1)), ERR_LIMIT);
    mem_free(big);
}

static void test_attributes_by_section(void **state)
{
    (void)state;
    struct sdp_session *s = parsed("v=0\r\na=x:session\r\na=y:only here\r\nm=audio 1 RTP/AVP 0\r\n"
                                   "a=x:1\r\na=z\r\na=x:2\r\nm=audio 2 RTP/AVP 0\r\n");
    const struct sdp_attributes *first = &s->media[0].attributes;
    assert_slice(sdp_find(first, "x")->value, "1");
    assert_slice(sdp_find_next(first, "x", sdp_find(first, "x"))->value, "2");
    assert_null(sdp_find_next(first, "z", sdp_find(first, "z")));
    assert_null(sdp_find(first, "X"));
    assert_null(sdp_find(&s->media[1].attributes, "x"));
    assert_slice(sdp_find_in(s, &s->media[0], "y")->value, "only here");
    assert_slice(sdp_find_in(s, &s->media[1], "x")->value, "session");
    assert_null(sdp_find_in(s, NULL, "z"));
    sdp_session_destroy(s);
}

/* Printing what was parsed gives a text that parses to the same. */
static void round_trip(const char *path)
{
    struct slice text;
    char *mem = read_seed(path, &text);
    struct sdp_session *first = NULL;
    struct sdp_session *second = NULL;
    char *once = mem_alloc(2 * SDP_MAX_BYTES);
    char *twice = mem_alloc(2 * SDP_MAX_BYTES);
    struct buf a;
    struct buf b;
    buf_init(&a, once, 2 * SDP_MAX_BYTES);
    buf_init(&b, twice, 2 * SDP_MAX_BYTES);
    if (sdp_parse(&first, text))
        fail_msg("%s does not parse", path);
    sdp_print(first, &a);
    assert_int_equal(sdp_parse(&second, buf_slice(&a)), OK);
    sdp_print(second, &b);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
    assert_int_equal(first->n_media, second->n_media);
    sdp_session_destroy(first);
    sdp_session_destroy(second);
    mem_free(mem);
    mem_free(once);
    mem_free(twice);
}

static void test_seeds_round_trip(void **state)
{
    (void)state;
    DIR *dir = opendir("tests/seeds/sdp");
    assert_non_null(dir);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[300];
        if (!slice_ends(slice_of(entry->d_name), SLICE(".sdp")))
            continue;
        snprintf(path, sizeof path, "tests/seeds/sdp/%s", entry->d_name);
        round_trip(path);
        n++;
    }
    closedir(dir);
    assert_true(n >= 20);
}

static void test_print_overflows_quietly(void **state)
{
    (void)state;
    struct sdp_session *s = parsed("v=0\r\ns=a long enough name\r\n");
    char mem[16];
    struct buf out = BUF_ON(mem);
    sdp_print(s, &out);
    assert_true(out.overflow);
    sdp_session_destroy(s);
    sdp_session_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),      cmocka_unit_test(test_missing_lines_are_empty),
        cmocka_unit_test(test_line_ends),        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_limits),           cmocka_unit_test(test_attributes_by_section),
        cmocka_unit_test(test_seeds_round_trip), cmocka_unit_test(test_print_overflows_quietly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
