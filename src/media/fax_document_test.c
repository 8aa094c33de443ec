/* What can be faxed, and what not: TIFF as it is, PDF as it is drawn. */
#include "media/fax_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/fax.h"
#include "media/fax_paper_test.h"

enum { PDF_MAX = 1 << 20, OBJECTS_MAX = 2 * FAX_PAGES_MAX + 20 };

static void take(uint32_t width, uint16_t bits, enum err wanted, const char *why)
{
    char from[] = "/tmp/fax-from-XXXXXX", to[] = "/tmp/fax-to-XXXXXX";
    struct fault fault = { 0 };
    struct slice bytes;
    close(mkstemp(from));
    close(mkstemp(to));
    paper_write(from, 1, width, bits);
    assert_int_equal(file_read(from, FAX_DOCUMENT_MAX, &bytes, NULL), OK);
    assert_int_equal(fax_document_take(bytes, to, NULL, &fault), wanted);
    if (why)
        assert_non_null(strstr(fault.text, why));
    assert_int_equal(access(to, F_OK) == 0, wanted == OK);
    mem_free((char *)(uintptr_t)bytes.ptr);
    unlink(from);
    unlink(to);
}

static void documents_are_looked_at_before_they_are_sent(void **state)
{
    struct fault fault = { 0 };
    (void)state;
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    take(PAPER_WIDTH, 1, OK, NULL);
    take(1000, 1, ERR_UNSUPPORTED, "page 1 is 1000 dots wide");
    take(PAPER_WIDTH, 8, ERR_UNSUPPORTED, "page 1 has colours or shades");
    assert_int_equal(fax_document_take(SLICE("<html>"), "/nonexistent", NULL, &fault),
                     ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "no PDF and no TIFF: documents to be faxed are PDF, or"));
    assert_int_equal(
        fax_document_take(SLICE("II*\0\xff\xff\xff\xff"), "/tmp/fax-cut", NULL, &fault),
        ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "cannot be read"));
    assert_int_not_equal(access("/tmp/fax-cut", F_OK), 0);
}

/* --- PDF --- */

static bool has_drawer(void)
{
    return system("pdftoppm -v 2> /dev/null") == 0;
}

/* Sides in points; a black rectangle whose lower left corner is 72 from the page's and which is 72
 * wide and 36 high. */
struct sheet {
    unsigned wide, high;
    const char *more; /* of the page's dictionary; may be NULL */
};

static struct slice print(char *mem, const struct sheet *sheets, unsigned n, const char *trailer)
{
    static const char drawn[] = "0 g 72 72 72 36 re f";
    struct buf pdf;
    size_t offsets[OBJECTS_MAX];
    unsigned objects = 4;
    buf_init(&pdf, mem, PDF_MAX);
    buf_text(&pdf, "%PDF-1.4\n");
    offsets[1] = pdf.len;
    buf_text(&pdf, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    offsets[2] = pdf.len;
    buf_printf(&pdf, "2 0 obj\n<< /Type /Pages /Count %u /Kids [", n);
    for (unsigned i = 0; i < n; i++)
        buf_printf(&pdf, " %u 0 R", objects + i);
    buf_text(&pdf, " ] >>\nendobj\n");
    offsets[3] = pdf.len;
    buf_printf(&pdf, "3 0 obj\n<< /Length %zu >>\nstream\n%s\nendstream\nendobj\n", strlen(drawn),
               drawn);
    for (unsigned i = 0; i < n; i++, objects++) {
        offsets[objects] = pdf.len;
        buf_printf(&pdf,
                   "%u 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %u %u] "
                   "/Contents 3 0 R %s >>\nendobj\n",
                   objects, sheets[i].wide, sheets[i].high, sheets[i].more ? sheets[i].more : "");
    }
    size_t table = pdf.len;
    buf_printf(&pdf, "xref\n0 %u\n0000000000 65535 f \n", objects);
    for (unsigned i = 1; i < objects; i++)
        buf_printf(&pdf, "%010zu 00000 n \n", offsets[i]);
    buf_printf(&pdf, "trailer\n<< /Size %u /Root 1 0 R %s >>\nstartxref\n%zu\n%%%%EOF\n", objects,
               trailer, table);
    assert_false(pdf.overflow);
    return buf_slice(&pdf);
}

static enum err take_pdf(struct slice pdf, const char *path, const atomic_bool *stop,
                         struct fault *fault)
{
    char dir[100];
    *fault = (struct fault){ 0 };
    enum err err = fax_document_take(pdf, path, stop, fault);
    snprintf(dir, sizeof dir, "%s.d", path);
    assert_int_not_equal(access(dir, F_OK), 0); /* nothing is left of the work */
    assert_int_equal(access(path, F_OK) == 0, err == OK);
    return err;
}

/* The page's first and last black row and dot. */
struct ink {
    unsigned rows, top, bottom, left, right;
};

static struct ink find_ink(TIFF *tiff)
{
    struct ink ink = { .left = PAPER_WIDTH, .top = 100000 };
    uint8_t row[PAPER_ROW];
    uint32_t width = 0, rows = 0;
    float across = 0, down = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &rows);
    TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &across);
    TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &down);
    assert_int_equal(width, PAPER_WIDTH);
    assert_int_equal(across, 204);
    assert_int_equal(down, 196);
    ink.rows = rows;
    for (unsigned y = 0; y < rows; y++) {
        assert_int_equal(TIFFReadScanline(tiff, row, y, 0), 1);
        for (unsigned x = 0; x < PAPER_WIDTH; x++) {
            if (!(row[x / 8] & 0x80 >> x % 8))
                continue;
            ink.top = y < ink.top ? y : ink.top;
            ink.bottom = y;
            ink.left = x < ink.left ? x : ink.left;
            ink.right = x > ink.right ? x : ink.right;
        }
    }
    return ink;
}

/* A page lies on whole bytes. */
static void assert_near(unsigned got, unsigned expected)
{
    assert_in_range(got, expected - 8, expected + 8);
}

/* Letter and A5 have their sizes and lie in the middle; the poster becomes as wide as the paper. */
static void a_pdf_is_drawn_on_the_paper(void **state)
{
    static const struct sheet sheets[] = {
        { 612, 792, NULL },         { 420, 595, NULL },
        { 1224, 792, NULL },        { 1224, 792, NULL },
        { 2448, 792, NULL },        { 612, 792, NULL },
        { 612, 792, "/Rotate 90" }, { 1000, 1000, "/CropBox [36 36 648 828]" }
    };
    static const struct ink expected[] = {
        /* 204 dots and 196 rows an inch; 6 dots over, 3 on each side */
        { 2156, 2156 - 294, 2156 - 196, 201, 405 },
        /* a page of 1190 dots: 269 on each side */
        { 1620, 1620 - 294, 1620 - 196, 269 + 204, 269 + 408 },
        /* at half the size, or what is left of it */
        { 1074, 1074 - 147, 1074 - 98, 102, 203 },
        { 1074, 1074 - 147, 1074 - 98, 102, 203 },
        { 537, 537 - 73, 537 - 49, 51, 102 },
        { 2156, 2156 - 294, 2156 - 196, 201, 405 },
        /* across, at 612/792 of its size */
        { 1283, 151, 302, 157, 236 },
        /* what a reader shows of it */
        { 2156, 2156 - 196, 2156 - 98, 99, 303 },
    };
    char path[] = "/tmp/fax-drawn-XXXXXX";
    struct fault fault;
    char *mem = mem_alloc(PDF_MAX);
    (void)state;
    if (!has_drawer())
        skip();
    close(mkstemp(path));
    assert_int_equal(take_pdf(print(mem, sheets, COUNT_OF(sheets), ""), path, NULL, &fault), OK);
    TIFF *tiff = TIFFOpen(path, "r");
    assert_non_null(tiff);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        struct ink ink = find_ink(tiff);
        assert_near(ink.rows, expected[i].rows);
        assert_near(ink.top, expected[i].top);
        assert_near(ink.bottom, expected[i].bottom);
        assert_near(ink.left, expected[i].left);
        assert_near(ink.right, expected[i].right);
        assert_int_equal(TIFFReadDirectory(tiff), i + 1 < COUNT_OF(expected));
    }
    TIFFClose(tiff);
    unlink(path);
    mem_free(mem);
}

static void a_pdf_that_cannot_be_drawn_says_why(void **state)
{
    static const struct sheet letter = { 612, 792, NULL }, endless = { 612, 14000, NULL },
                              wall = { 14400, 14400, NULL };
    struct sheet many[FAX_PAGES_MAX + 1];
    char path[] = "/tmp/fax-undrawn-XXXXXX", *mem = mem_alloc(PDF_MAX);
    struct fault fault;
    (void)state;
    if (!has_drawer())
        skip();
    close(mkstemp(path));
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (struct sheet){ 72, 72, NULL };
    const struct {
        struct slice pdf;
        const char *why;
    } rows[] = {
        { SLICE("%PDF-1.7"), "the PDF cannot be faxed: Couldn't " },
        { SLICE("GET out of here\n%PDF-1.7\n\xff\xfe"), "the PDF cannot be faxed: Couldn't " },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(take_pdf(rows[i].pdf, path, NULL, &fault), ERR_UNSUPPORTED);
        assert_non_null(strstr(fault.text, rows[i].why));
    }
    assert_int_equal(
        take_pdf(print(mem, &letter, 1,
                       "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 "
                       "/O (01234567890123456789012345678901) "
                       "/U (01234567890123456789012345678901) >> /ID [(0123456789012345) "
                       "(0123456789012345)]"),
                 path, NULL, &fault),
        ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "it is locked with a password"));
    assert_int_equal(take_pdf(print(mem, many, COUNT_OF(many), ""), path, NULL, &fault),
                     ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "more than 500 pages"));
    assert_int_equal(take_pdf(print(mem, &endless, 1, ""), path, NULL, &fault), ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, " lines, at most 20000 can be"));
    assert_int_equal(
        take_pdf(print(mem, (const struct sheet[]){ wall, wall }, 2, ""), path, NULL, &fault),
        ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "drawing it takes too much time or space"));
    mem_free(mem);
}

static void drawing_is_stopped(void **state)
{
    static const struct sheet letter = { 612, 792, NULL };
    const atomic_bool stop = true;
    char path[] = "/tmp/fax-stopped-XXXXXX", *mem = mem_alloc(PDF_MAX);
    struct fault fault;
    (void)state;
    if (!has_drawer())
        skip();
    close(mkstemp(path));
    assert_int_equal(take_pdf(print(mem, &letter, 1, ""), path, &stop, &fault), ERR_CLOSED);
    mem_free(mem);
}

static void it_is_said_what_draws(void **state)
{
    char path[] = "/tmp/fax-nobody-XXXXXX";
    struct fault fault;
    char *before = slice_dup(slice_of(getenv("PATH")));
    (void)state;
    close(mkstemp(path));
    setenv("PATH", "/nonexistent", 1);
    assert_int_equal(take_pdf(SLICE("%PDF-1.7"), path, NULL, &fault), ERR_UNSUPPORTED);
    setenv("PATH", before, 1);
    assert_non_null(strstr(fault.text, "is not installed (Debian: poppler-utils)"));
    mem_free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_looked_at_before_they_are_sent),
        cmocka_unit_test(a_pdf_is_drawn_on_the_paper),
        cmocka_unit_test(a_pdf_that_cannot_be_drawn_says_why),
        cmocka_unit_test(drawing_is_stopped),
        cmocka_unit_test(it_is_said_what_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
