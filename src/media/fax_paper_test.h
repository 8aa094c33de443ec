#pragma once
/* For the tests of fax machines: a TIFF with a pattern that differs from page to page and row to
 * row, written and compared. Included by one test program each, behind cmocka. */

#include <stdint.h>
#include <tiffio.h>

enum { PAPER_WIDTH = 1728, PAPER_ROWS = 100, PAPER_ROW = PAPER_WIDTH / 8 };

static inline void paper_draw(uint8_t row[PAPER_ROW], unsigned page, unsigned y)
{
    for (unsigned i = 0; i < PAPER_ROW; i++)
        row[i] = (uint8_t)((i / 24 + y / 32 + page) % 3 ? 0 : 0xf0 >> page);
}

static inline void paper_write(const char *path, unsigned pages, uint32_t width, uint16_t bits)
{
    uint8_t row[PAPER_ROW * 8] = { 0 };
    TIFF *tiff = TIFFOpen(path, "w");
    assert_non_null(tiff);
    for (unsigned page = 0; page < pages; page++) {
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, PAPER_ROWS);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, PAPER_ROWS);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
        TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 204.0);
        TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 196.0);
        TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
        for (unsigned y = 0; y < PAPER_ROWS; y++) {
            paper_draw(row, page, y);
            assert_int_equal(TIFFWriteScanline(tiff, row, y, 0), 1);
        }
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
}

static inline void paper_compare(const char *path, unsigned pages)
{
    TIFF *tiff = TIFFOpen(path, "r");
    assert_non_null(tiff);
    for (unsigned page = 0; page < pages; page++) {
        uint32_t width = 0, rows = 0;
        TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
        TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &rows);
        assert_int_equal(width, PAPER_WIDTH);
        assert_int_equal(rows, PAPER_ROWS);
        for (unsigned y = 0; y < PAPER_ROWS; y++) {
            uint8_t row[PAPER_ROW], expected[PAPER_ROW];
            assert_int_equal(TIFFReadScanline(tiff, row, y, 0), 1);
            paper_draw(expected, page, y);
            assert_memory_equal(row, expected, PAPER_ROW);
        }
        assert_int_equal(TIFFReadDirectory(tiff), page + 1 < pages);
    }
    TIFFClose(tiff);
}
