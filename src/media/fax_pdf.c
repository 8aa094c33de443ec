#include "fax_pdf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "media/fax.h"

enum {
    PATH_MAX_LEN = 1100,
    CATALOG = 1,
    TREE,       /* of the pages */
    FIRST_PAGE, /* its object; then what is drawn on it, then the image */
    OF_A_PAGE = 3,
    OBJECTS_MAX = FIRST_PAGE + FAX_PAGES_MAX * OF_A_PAGE,
    POINTS = 72, /* an inch (§8.3.2.3) */
};
static const char spare_ending[] = ".page";

struct pdf {
    FILE *file;
    unsigned pages;
    long offsets[OBJECTS_MAX]; /* of the objects, by number */
};
struct page {
    uint32_t width, rows;
    double wide, high; /* points */
    uint16_t photometric;
};

static enum err fail(const char *path, struct fault *fault)
{
    return fault_set(fault, ERR_IO, path, 0, "cannot be written: %s", strerror(errno));
}

/* --- a page of the TIFF --- */

/* What T.4 §2.2 has the lines be, where the file does not say. */
static double inches(TIFF *tiff, uint32_t tag, uint32_t n, double usual)
{
    float resolution = 0;
    uint16_t unit = RESUNIT_INCH;
    TIFFGetField(tiff, tag, &resolution);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
    double per_inch = unit == RESUNIT_CENTIMETER ? resolution * 2.54 : resolution;
    return n / (per_inch >= 1 ? per_inch : usual);
}

static enum err read_page(TIFF *tiff, struct page *page, struct fault *fault)
{
    uint16_t bits = 1, samples = 1;
    *page = (struct page){ .photometric = PHOTOMETRIC_MINISWHITE };
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &page->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &page->rows);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &page->photometric);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    if (bits != 1 || samples != 1 || page->width < 1 || page->rows < 1 || TIFFIsTiled(tiff))
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "a page is not that of a fax");
    page->wide = inches(tiff, TIFFTAG_XRESOLUTION, page->width, 204) * POINTS;
    page->high = inches(tiff, TIFFTAG_YRESOLUTION, page->rows, 196) * POINTS;
    return OK;
}

/* The rows as one strip of T.6, by libtiff. */
static bool encode(TIFF *from, const struct page *page, TIFF *to)
{
    bool ok = TIFFSetField(to, TIFFTAG_IMAGEWIDTH, page->width) &&
              TIFFSetField(to, TIFFTAG_IMAGELENGTH, page->rows) &&
              TIFFSetField(to, TIFFTAG_ROWSPERSTRIP, page->rows) &&
              TIFFSetField(to, TIFFTAG_BITSPERSAMPLE, 1) &&
              TIFFSetField(to, TIFFTAG_SAMPLESPERPIXEL, 1) &&
              TIFFSetField(to, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE) &&
              TIFFSetField(to, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
    tmsize_t bytes = TIFFScanlineSize(from);
    unsigned char *row = mem_alloc(bytes > 0 ? (size_t)bytes : 1);
    for (uint32_t y = 0; ok && y < page->rows; y++) {
        if (TIFFReadScanline(from, row, y, 0) < 0)
            memset(row, 0, (size_t)bytes); /* a line that came damaged is white */
        ok = TIFFWriteScanline(to, row, y, 0) == 1;
    }
    mem_free(row);
    return ok;
}

/* The strip's bytes; the caller's. */
static struct slice read_strip(const char *path)
{
    TIFF *tiff = TIFFOpen(path, "r");
    tmsize_t bytes = tiff ? (tmsize_t)TIFFRawStripSize64(tiff, 0) : 0;
    struct slice out = SLICE_NONE;
    if (bytes > 0) {
        char *data = mem_alloc((size_t)bytes);
        if (TIFFReadRawStrip(tiff, 0, data, bytes) == bytes)
            out = slice_make(data, (size_t)bytes);
        else
            mem_free(data);
    }
    if (tiff)
        TIFFClose(tiff);
    return out;
}

static enum err code_page(TIFF *from, const struct page *page, const char *spare, struct slice *out,
                          struct fault *fault)
{
    TIFF *to = TIFFOpen(spare, "w");
    bool ok = to && encode(from, page, to);
    if (to)
        TIFFClose(to);
    *out = ok ? read_strip(spare) : SLICE_NONE;
    return out->ptr ? OK : fail(spare, fault);
}

/* --- objects of the PDF --- */

static void begin_object(struct pdf *pdf, unsigned number)
{
    pdf->offsets[number] = ftell(pdf->file);
    fprintf(pdf->file, "%u 0 obj\n", number);
}

static void put_page(struct pdf *pdf, const struct page *page, struct slice image)
{
    unsigned object = FIRST_PAGE + pdf->pages++ * OF_A_PAGE;
    char drawn[80];
    int len = snprintf(drawn, sizeof drawn, "%.2f 0 0 %.2f 0 0 cm /P Do", page->wide, page->high);
    begin_object(pdf, object);
    fprintf(pdf->file,
            "<< /Type /Page /Parent %u 0 R /MediaBox [0 0 %.2f %.2f] /Contents %u 0 R\n"
            "   /Resources << /XObject << /P %u 0 R >> >> >>\nendobj\n",
            TREE, page->wide, page->high, object + 1, object + 2);
    begin_object(pdf, object + 1);
    fprintf(pdf->file, "<< /Length %d >>\nstream\n%s\nendstream\nendobj\n", len, drawn);
    begin_object(pdf, object + 2);
    /* T.6 tells colours by their runs; which of them is ink, the TIFF says */
    fprintf(pdf->file,
            "<< /Type /XObject /Subtype /Image /Width %u /Height %u /ColorSpace /DeviceGray\n"
            "   /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms\n"
            "   << /K -1 /Columns %u /Rows %u /BlackIs1 %s >> /Length %zu >>\nstream\n",
            (unsigned)page->width, (unsigned)page->rows, (unsigned)page->width,
            (unsigned)page->rows, page->photometric == PHOTOMETRIC_MINISBLACK ? "true" : "false",
            image.len);
    fwrite(image.ptr, 1, image.len, pdf->file);
    fprintf(pdf->file, "\nendstream\nendobj\n");
}

/* What leads to the pages (§7.7) and to each object (§7.5.4: lines of 20 bytes). */
static void put_end(struct pdf *pdf)
{
    unsigned objects = FIRST_PAGE + pdf->pages * OF_A_PAGE;
    begin_object(pdf, CATALOG);
    fprintf(pdf->file, "<< /Type /Catalog /Pages %u 0 R >>\nendobj\n", TREE);
    begin_object(pdf, TREE);
    fprintf(pdf->file, "<< /Type /Pages /Count %u /Kids [", pdf->pages);
    for (unsigned i = 0; i < pdf->pages; i++)
        fprintf(pdf->file, " %u 0 R", FIRST_PAGE + i * OF_A_PAGE);
    fprintf(pdf->file, " ] >>\nendobj\n");
    long table = ftell(pdf->file);
    fprintf(pdf->file, "xref\n0 %u\n0000000000 65535 f \n", objects);
    for (unsigned i = CATALOG; i < objects; i++)
        fprintf(pdf->file, "%010ld 00000 n \n", pdf->offsets[i]);
    fprintf(pdf->file, "trailer\n<< /Size %u /Root %u 0 R >>\nstartxref\n%ld\n%%%%EOF\n", objects,
            CATALOG, table);
}

/* --- all of them --- */

static enum err put_pages(struct pdf *pdf, TIFF *tiff, const char *spare, struct fault *fault)
{
    enum err err = OK;
    /* bytes over 127 in the second line: this is no text (§7.5.2) */
    fprintf(pdf->file, "%%PDF-1.4\n%%\xe2\xe3\xcf\xd3\n");
    do {
        struct page page;
        struct slice image = SLICE_NONE;
        err = read_page(tiff, &page, fault);
        if (!err)
            err = code_page(tiff, &page, spare, &image, fault);
        if (!err)
            put_page(pdf, &page, image);
        mem_free((char *)(uintptr_t)image.ptr);
    } while (!err && pdf->pages < FAX_PAGES_MAX && TIFFReadDirectory(tiff));
    if (!err)
        put_end(pdf);
    return err;
}

static enum err write_pdf(TIFF *tiff, const char *path, const char *spare, struct fault *fault)
{
    enum err err = file_write_private(path, SLICE_NONE, fault); /* ours before it is filled */
    if (!err)
        err = file_write_private(spare, SLICE_NONE, fault);
    FILE *file = err ? NULL : fopen(path, "we");
    if (!file)
        return err ? err : fail(path, fault);
    struct pdf *pdf = mem_new(struct pdf);
    pdf->file = file;
    err = put_pages(pdf, tiff, spare, fault);
    bool is_bad = ferror(file) != 0;
    if ((fclose(file) != 0 || is_bad) && !err)
        err = fail(path, fault);
    mem_free(pdf);
    return err;
}

enum err fax_pdf_write(const char *tiff_path, const char *pdf_path, struct fault *fault)
{
    char spare[PATH_MAX_LEN];
    if (snprintf(spare, sizeof spare, "%s%s", pdf_path, spare_ending) >= (int)sizeof spare)
        return fault_set(fault, ERR_LIMIT, pdf_path, 0, "the path is too long");
    TIFF *tiff = TIFFOpen(tiff_path, "r");
    if (!tiff)
        return fault_set(fault, ERR_UNSUPPORTED, tiff_path, 0, "there is no page in it");
    enum err err = write_pdf(tiff, pdf_path, spare, fault);
    TIFFClose(tiff);
    unlink(spare);
    if (err)
        unlink(pdf_path);
    return err;
}
