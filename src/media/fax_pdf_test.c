/* The pages of a fax as PDF: as many, as large as they were on paper, dot by dot the same; each
 * object is where the table says. */
#include "media/fax_pdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/slice.h"
#include "media/fax_paper_test.h"

enum { PAGES = 3, PDF_MAX = 1 << 20 };

static char from[40], to[40];

static int setup(void **state)
{
    (void)state;
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    snprintf(from, sizeof from, "/tmp/fax-tiff-XXXXXX");
    snprintf(to, sizeof to, "/tmp/fax-pdf-XXXXXX");
    close(mkstemp(from));
    close(mkstemp(to));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(from);
    unlink(to);
    return 0;
}

static unsigned count(struct slice text, const char *what)
{
    unsigned n = 0;
    for (size_t at; (at = slice_find(text, slice_of(what))) < text.len; n++)
        text = slice_from(text, at + 1);
    return n;
}

/* The number behind the first `name`. */
static unsigned long number(struct slice text, const char *name)
{
    size_t at = slice_find(text, slice_of(name));
    assert_true(at < text.len);
    return strtoul(text.ptr + at + strlen(name), NULL, 10);
}

/* Each line of the table leads to its object. */
static void assert_table(struct slice pdf)
{
    unsigned long objects = number(pdf, "/Size "), table = number(pdf, "startxref\n");
    struct slice rest = slice_from(pdf, table);
    assert_true(slice_is(slice_line(&rest), "xref"));
    slice_line(&rest);
    slice_line(&rest);
    for (unsigned i = 1; i < objects; i++) {
        char object[20];
        snprintf(object, sizeof object, "%u 0 obj\n", i);
        assert_true(slice_starts(slice_from(pdf, strtoul(rest.ptr, NULL, 10)), slice_of(object)));
        rest = slice_from(rest, 20);
    }
    assert_true(slice_starts(rest, SLICE("trailer")));
    assert_true(slice_ends(pdf, SLICE("%%EOF\n")));
}

/* The images' bytes as strips of a TIFF, which libtiff decodes. */
static void take_images(struct slice pdf, const char *path)
{
    static const char begins[] = " >>\nstream\n";
    TIFF *tiff = TIFFOpen(path, "w");
    assert_non_null(tiff);
    for (size_t at; (at = slice_find(pdf, SLICE("/CCITTFaxDecode"))) < pdf.len;) {
        pdf = slice_from(pdf, at);
        unsigned long len = number(pdf, "/Length ");
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)number(pdf, "/Columns "));
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)number(pdf, "/Rows "));
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
        pdf = slice_from(pdf, slice_find(pdf, slice_of(begins)) + strlen(begins));
        assert_true(slice_starts(slice_from(pdf, len), SLICE("\nendstream")));
        TIFFWriteRawStrip(tiff, 0, (char *)(uintptr_t)pdf.ptr, (tmsize_t)len);
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
}

static void the_pages_are_those_of_the_fax(void **state)
{
    struct slice pdf;
    (void)state;
    paper_write(from, PAGES, PAPER_WIDTH, 1);
    assert_int_equal(fax_pdf_write(from, to, NULL), OK);
    assert_int_equal(file_read(to, PDF_MAX, &pdf, NULL), OK);
    assert_true(slice_starts(pdf, SLICE("%PDF-1.4\n%")));
    assert_int_equal(count(pdf, "/Type /Page /"), PAGES);
    assert_int_equal(number(pdf, "/Count "), PAGES);
    /* 1728 dots at 204 and 100 rows at 196 an inch */
    assert_int_equal(count(pdf, "/MediaBox [0 0 609.88 36.73]"), PAGES);
    assert_int_equal(count(pdf, "609.88 0 0 36.73 0 0 cm"), PAGES);
    assert_table(pdf);
    take_images(pdf, from);
    paper_compare(from, PAGES);
    mem_free((char *)(uintptr_t)pdf.ptr);
}

/* As fax machines write it: in centimetres, at half the lines; and of a file that says nothing. */
static void pages_have_the_size_of_the_paper(void **state)
{
    static const struct {
        uint16_t unit;
        float across, down;
        const char *box;
    } rows[] = {
        { RESUNIT_INCH, 204, 98, "[0 0 609.88 73.47]" },
        { RESUNIT_CENTIMETER, 80.31f, 38.58f, "[0 0 609.92 73.47]" },
        { 0, 0, 0, "[0 0 609.88 36.73]" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const uint8_t row[PAPER_ROW] = { 0 };
        struct slice pdf;
        TIFF *tiff = TIFFOpen(from, "w");
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, PAPER_WIDTH);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, PAPER_ROWS);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX3);
        if (rows[i].unit) {
            TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, rows[i].unit);
            TIFFSetField(tiff, TIFFTAG_XRESOLUTION, (double)rows[i].across);
            TIFFSetField(tiff, TIFFTAG_YRESOLUTION, (double)rows[i].down);
        }
        for (unsigned y = 0; y < PAPER_ROWS; y++)
            TIFFWriteScanline(tiff, (void *)(uintptr_t)row, y, 0);
        TIFFClose(tiff);
        assert_int_equal(fax_pdf_write(from, to, NULL), OK);
        assert_int_equal(file_read(to, PDF_MAX, &pdf, NULL), OK);
        assert_int_equal(count(pdf, rows[i].box), 1);
        assert_int_equal(count(pdf, "/BlackIs1 true"), 1);
        mem_free((char *)(uintptr_t)pdf.ptr);
    }
}

static void what_is_no_fax_makes_no_pdf(void **state)
{
    struct fault fault = { 0 };
    (void)state;
    assert_int_equal(fax_pdf_write(from, to, &fault), ERR_UNSUPPORTED); /* empty */
    paper_write(from, 1, PAPER_WIDTH, 8);
    assert_int_equal(fax_pdf_write(from, to, &fault), ERR_UNSUPPORTED);
    assert_string_equal(fault.text, "a page is not that of a fax");
    assert_int_not_equal(access(to, F_OK), 0);
    paper_write(from, 1, PAPER_WIDTH, 1);
    assert_int_not_equal(fax_pdf_write(from, "/nonexistent/fax.pdf", &fault), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_pages_are_those_of_the_fax, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_have_the_size_of_the_paper, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_fax_makes_no_pdf, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
