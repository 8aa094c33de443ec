#include "fax_document.h"

#include <tiffio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "media/fax.h"
#include "media/fax_drawing.h"

static const char formats[] =
    "documents to be faxed are PDF, or TIFF, black and white, 1728, 2048 or 2432 "
    "dots wide (twice that at 400 dpi)";

static bool is_wide_enough(uint32_t width)
{
    /* T.4 §2.2: lines of A4, B4 and A3 at 8, 16 and 12 dots per mm */
    static const uint32_t widths[] = { 1728, 2048, 2432, 2592, 3072, 3456, 3648, 4096, 4864 };
    for (size_t i = 0; i < COUNT_OF(widths); i++)
        if (widths[i] == width)
            return true;
    return false;
}

static enum err check_page(TIFF *tiff, unsigned page, struct fault *fault)
{
    uint32_t width = 0, rows = 0;
    uint16_t bits = 1, samples = 1; /* what TIFF 6.0 has them be unless told */
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &rows);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    if (page > FAX_PAGES_MAX)
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "the document has more than %d pages",
                         FAX_PAGES_MAX);
    if (bits != 1 || samples != 1)
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "page %u has colours or shades: %s", page,
                         formats);
    if (!is_wide_enough(width))
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "page %u is %u dots wide: %s", page,
                         (unsigned)width, formats);
    if (rows < 1 || rows > FAX_DOCUMENT_ROWS_MAX)
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "page %u has %u lines, at most %d can be",
                         page, (unsigned)rows, FAX_DOCUMENT_ROWS_MAX);
    if (TIFFIsTiled(tiff))
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "page %u is made of tiles, not of lines",
                         page);
    return OK;
}

static enum err check(const char *path, struct fault *fault)
{
    TIFF *tiff = TIFFOpen(path, "r");
    unsigned page = 0;
    enum err err = OK;
    if (!tiff)
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "the document cannot be read: %s", formats);
    do
        err = check_page(tiff, ++page, fault);
    while (!err && TIFFReadDirectory(tiff));
    TIFFClose(tiff);
    return err;
}

bool fax_document_is_pdf(struct slice bytes)
{
    struct slice front = slice_sub(bytes, 0, FAX_DOCUMENT_PDF_IN);
    return slice_find(front, SLICE("%PDF-")) < front.len;
}

enum err fax_document_take(struct slice bytes, const char *path, const atomic_bool *stop,
                           struct fault *fault)
{
    static const struct slice tiffs[] = { { "II*\0", 4 }, { "MM\0*", 4 } };
    bool is_pdf = fax_document_is_pdf(bytes);
    if (!is_pdf && !slice_starts(bytes, tiffs[0]) && !slice_starts(bytes, tiffs[1]))
        return fault_set(fault, ERR_UNSUPPORTED, "", 0, "the document is no PDF and no TIFF: %s",
                         formats);
    enum err err = file_write_private(path, is_pdf ? SLICE_NONE : bytes, fault);
    if (err)
        return err;
    if (is_pdf)
        err = fax_drawing_write(bytes, path, stop, fault);
    if (!err)
        err = check(path, fault);
    if (err)
        unlink(path);
    return err;
}
