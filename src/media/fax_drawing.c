#include "fax_drawing.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "media/fax.h"

enum {
    PATH_MAX_LEN = 1100,
    NUMBER_MAX = 12,
    WIDTH = 1728, /* dots of a line of A4 (T.4 §2.2) */
    ROW = WIDTH / 8,
    SLACK = 16, /* dots: US letter has 6 more, all of them margin */
    ACROSS = 204,
    DOWN = 196,           /* dots an inch */
    SIDE_MAX = 100000,    /* of a page, in dots: no number overflows */
    ERRORS_MAX = 4 << 10, /* bytes: what matters is said first */
};
static const char document_name[] = "document.pdf", pages_name[] = "pages",
                  fitted_name[] = "fitted", errors_name[] = "errors";
static const struct child_limits limits = {
    .memory = 1U << 30,
    .file = 256U << 20, /* FAX_PAGES_MAX pages of A4 */
    .cpu_s = 30,        /* who is called gives up after 35 s (T.30 §5.4.3.1, T1) */
    .time_ms = 60000,
};

struct page {
    unsigned width, rows;
    long offset; /* of its rows, in the file */
};
struct drawing {
    const char *dir;
    const atomic_bool *stop;
    struct fault *fault;
    TIFF *tiff;
    unsigned n;
    struct page pages[FAX_PAGES_MAX + 1];
};

static void in_dir(const struct drawing *drawing, const char *name, char out[PATH_MAX_LEN + 16])
{
    snprintf(out, PATH_MAX_LEN + 16, "%s/%s", drawing->dir, name);
}

static enum err fail(struct drawing *drawing, const char *text)
{
    return fault_set(drawing->fault, ERR_UNSUPPORTED, "", 0, "the PDF cannot be faxed: %s", text);
}

/* --- the program --- */

/* The first of what it complains about, as one line of plain text. */
static void read_complaint(const struct drawing *drawing, char *out, size_t cap)
{
    char path[PATH_MAX_LEN + 16], text[ERRORS_MAX];
    in_dir(drawing, errors_name, path);
    FILE *file = fopen(path, "re");
    struct slice rest = slice_make(text, file ? fread(text, 1, sizeof text, file) : 0);
    size_t at = slice_find(rest, SLICE("Error"));
    rest = slice_from(rest, at < rest.len ? at + strlen("Error") : 0);
    struct slice line = slice_trim(slice_line(&rest));
    if (slice_starts(line, SLICE(":")))
        line = slice_trim(slice_from(line, 1));
    size_t n = (size_t)num_min((int64_t)line.len, (int64_t)cap - 1);
    for (size_t i = 0; i < n; i++)
        out[i] = isprint((unsigned char)line.ptr[i]) ? line.ptr[i] : '?';
    out[n] = '\0';
    if (file)
        fclose(file);
}

static enum err judge(struct drawing *drawing, enum err err)
{
    static const char locked[] = "Incorrect password";
    char said[FAULT_TEXT_MAX / 2];
    switch (err) {
    case OK:
        return OK;
    case ERR_NOT_FOUND:
        return fail(drawing, "pdftoppm, which draws it, is not installed (Debian: poppler-utils)");
    case ERR_LIMIT:
    case ERR_TIMEOUT:
        return fail(drawing, "drawing it takes too much time or space");
    case ERR_CLOSED:
        return fault_set(drawing->fault, err, "", 0, "it was stopped");
    case ERR_REFUSED:
        read_complaint(drawing, said, sizeof said);
        if (strncmp(said, locked, strlen(locked)) == 0)
            return fail(drawing, "it is locked with a password");
        return fail(drawing, said[0] ? said : "it cannot be drawn");
    default:
        return fault_set(drawing->fault, err, "pdftoppm", 0, "could not be started");
    }
}

/* Pages from..to into the file `output`: at the paper's resolution, or (`rows` > 0) as large as
 * that. */
static enum err draw(struct drawing *drawing, unsigned from, unsigned to, unsigned rows,
                     const char *output)
{
    char first[NUMBER_MAX], last[NUMBER_MAX], x[NUMBER_MAX], y[NUMBER_MAX];
    const char *const argv[] = {
        "pdftoppm",
        "-mono",
        "-cropbox",
        "-scale-dimension-before-rotation", /* else a turned page has its resolutions swapped */
        "-f",
        first,
        "-l",
        last,
        rows ? "-scale-to-x" : "-rx",
        x,
        rows ? "-scale-to-y" : "-ry",
        y,
        document_name,
        NULL,
    };
    const struct child_config config = { .argv = argv,
                                         .dir = drawing->dir,
                                         .output = output,
                                         .errors = errors_name,
                                         .limits = limits,
                                         .stop = drawing->stop };
    snprintf(first, sizeof first, "%u", from);
    snprintf(last, sizeof last, "%u", to);
    snprintf(x, sizeof x, "%u", rows ? WIDTH : ACROSS);
    snprintf(y, sizeof y, "%u", rows ? rows : DOWN);
    return judge(drawing, child_run(&config));
}

/* --- what it drew: PBM files one behind the other --- */

/* False: there is no further one. */
static bool read_header(FILE *file, struct page *page)
{
    unsigned width, rows;
    if (fscanf(file, "P4 %6u %6u", &width, &rows) != 2 || !isspace(fgetc(file)) || width < 1 ||
        width > SIDE_MAX || rows < 1 || rows > SIDE_MAX)
        return false;
    *page = (struct page){ width, rows, ftell(file) };
    return true;
}

static size_t row_bytes(const struct page *page)
{
    return (page->width + 7) / 8;
}

static unsigned find_pages(FILE *file, struct page *pages, unsigned max)
{
    unsigned n = 0;
    while (n < max && read_header(file, &pages[n])) {
        /* at most 10^5 * 10^5 / 8 */
        if (fseek(file, (long)(row_bytes(&pages[n]) * pages[n].rows), SEEK_CUR) != 0)
            break;
        n++;
    }
    return n;
}

/* A row on the paper: in its middle, to whole bytes; what does not fit on both sides is cut. */
static void place(const struct page *page, uint8_t *row, uint8_t out[ROW])
{
    size_t bytes = row_bytes(page), fit = bytes < ROW ? bytes : ROW;
    if (page->width % 8) /* what is behind the last dot may be anything */
        row[bytes - 1] &= (uint8_t)(0xff00 >> page->width % 8);
    memset(out, 0, ROW);
    memcpy(out + (ROW - fit) / 2, row + (bytes - fit) / 2, fit);
}

static bool begin_page(TIFF *tiff, const struct page *page)
{
    return TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH) &&
           TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, page->rows) &&
           TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, page->rows) &&
           TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1) &&
           TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1) &&
           TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4) &&
           TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE) &&
           TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH) &&
           TIFFSetField(tiff, TIFFTAG_XRESOLUTION, (double)ACROSS) &&
           TIFFSetField(tiff, TIFFTAG_YRESOLUTION, (double)DOWN);
}

static enum err append(struct drawing *drawing, FILE *file, const struct page *page)
{
    uint8_t out[ROW], *row = mem_alloc(row_bytes(page));
    bool ok = fseek(file, page->offset, SEEK_SET) == 0 && begin_page(drawing->tiff, page);
    for (unsigned y = 0; ok && y < page->rows; y++) {
        ok = fread(row, row_bytes(page), 1, file) == 1;
        if (!ok)
            break;
        place(page, row, out);
        ok = TIFFWriteScanline(drawing->tiff, out, y, 0) == 1;
    }
    mem_free(row);
    return ok && TIFFWriteDirectory(drawing->tiff)
               ? OK
               : fault_set(drawing->fault, ERR_IO, "", 0, "the pages cannot be written");
}

/* --- pages that fit, and those that must be made to --- */

static bool does_fit(const struct page *page)
{
    return page->width <= WIDTH + SLACK;
}

/* How many pages from there on are to be treated alike. */
static unsigned count_alike(const struct drawing *drawing, unsigned from)
{
    const struct page *first = &drawing->pages[from];
    unsigned n = 1;
    for (; from + n < drawing->n; n++) {
        const struct page *page = first + n;
        bool is_same = page->width == first->width && page->rows == first->rows;
        if (does_fit(page) != does_fit(first) || (!does_fit(first) && !is_same))
            break;
    }
    return n;
}

static enum err append_fitted(struct drawing *drawing, unsigned from, unsigned n)
{
    const struct page *wide = &drawing->pages[from];
    struct page page;
    char path[PATH_MAX_LEN + 16];
    unsigned rows = wide->rows * WIDTH / wide->width; /* 10^5 * 1728 fits */
    enum err err = draw(drawing, from + 1, from + n, rows > 0 ? rows : 1, fitted_name);
    if (err)
        return err;
    in_dir(drawing, fitted_name, path);
    FILE *file = fopen(path, "re");
    for (unsigned i = 0; !err && i < n; i++) {
        if (!file || !read_header(file, &page))
            err = fault_set(drawing->fault, ERR_IO, path, 0, "lacks a page");
        else
            err = append(drawing, file, &page);
    }
    if (file)
        fclose(file);
    return err;
}

static enum err append_all(struct drawing *drawing, FILE *file)
{
    enum err err = OK;
    drawing->n = find_pages(file, drawing->pages, COUNT_OF(drawing->pages));
    if (drawing->n == 0)
        return fail(drawing, "it has no page");
    if (drawing->n > FAX_PAGES_MAX)
        return fault_set(drawing->fault, ERR_UNSUPPORTED, "", 0,
                         "the document has more than %d pages", FAX_PAGES_MAX);
    for (unsigned from = 0, n; !err && from < drawing->n; from += n) {
        n = count_alike(drawing, from);
        if (!does_fit(&drawing->pages[from]))
            err = append_fitted(drawing, from, n);
        else
            for (unsigned i = 0; !err && i < n; i++)
                err = append(drawing, file, &drawing->pages[from + i]);
    }
    return err;
}

static enum err draw_all(struct drawing *drawing, struct slice pdf, const char *tiff_path)
{
    char path[PATH_MAX_LEN + 16];
    in_dir(drawing, document_name, path);
    enum err err = file_write_private(path, pdf, drawing->fault);
    if (!err)
        err = draw(drawing, 1, FAX_PAGES_MAX + 1, 0, pages_name);
    if (err)
        return err;
    in_dir(drawing, pages_name, path);
    FILE *file = fopen(path, "re");
    drawing->tiff = file ? TIFFOpen(tiff_path, "w") : NULL;
    err = drawing->tiff ? append_all(drawing, file)
                        : fault_set(drawing->fault, ERR_IO, tiff_path, 0, "cannot be written");
    if (drawing->tiff)
        TIFFClose(drawing->tiff);
    if (file)
        fclose(file);
    return err;
}

static bool name_dir(const char *path, char out[PATH_MAX_LEN])
{
    return snprintf(out, PATH_MAX_LEN, "%s.d", path) < PATH_MAX_LEN;
}

void fax_drawing_drop(const char *path)
{
    static const char *const names[] = { document_name, pages_name, fitted_name, errors_name };
    char dir[PATH_MAX_LEN], file[PATH_MAX_LEN + 16];
    if (!name_dir(path, dir))
        return;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(file, sizeof file, "%s/%s", dir, names[i]);
        unlink(file); /* not each of them is there */
    }
    rmdir(dir);
}

enum err fax_drawing_write(struct slice pdf, const char *path, const atomic_bool *stop,
                           struct fault *fault)
{
    char dir[PATH_MAX_LEN];
    if (!name_dir(path, dir))
        return fault_set(fault, ERR_LIMIT, path, 0, "the path is too long");
    if (mkdir(dir, 0700) != 0)
        return fault_set(fault, ERR_IO, dir, 0, "cannot be made: %s", strerror(errno));
    struct drawing *drawing = mem_new(struct drawing);
    *drawing = (struct drawing){ .dir = dir, .stop = stop, .fault = fault };
    enum err err = draw_all(drawing, pdf, path);
    fax_drawing_drop(path);
    mem_free(drawing);
    return err;
}
