#include "daemon/recording_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "media/fax_drawing.h"
#include "media/record_file.h"

enum { PATH_MAX_LEN = 1200, ID_MAX_LEN = 48 };

struct file {
    char name[ID_MAX_LEN + 8];
    size_t id_len;
    int64_t bytes, written_ms;
};

/* The length of the id in "ID.wav"; 0: it is no recording. */
static size_t id_length(const char *name)
{
    static const char *const endings[] = { ".wav", ".mp3", ".tif", ".pdf" };
    struct slice text = slice_of(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct slice ending = slice_of(endings[i]);
        if (text.len <= ending.len || !slice_ends(text, ending))
            continue;
        size_t len = text.len - ending.len;
        bool is_plain = slice_index(slice_sub(text, 0, len), '.') == len;
        return is_plain && len <= ID_MAX_LEN ? len : 0;
    }
    return 0;
}

static bool look(const char *dir, const char *name, struct file *out)
{
    char path[PATH_MAX_LEN];
    struct stat st;
    size_t id_len = id_length(name);
    if (!id_len || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
        lstat(path, &st) || !S_ISREG(st.st_mode))
        return false;
    snprintf(out->name, sizeof out->name, "%s", name);
    out->id_len = id_len;
    out->bytes = st.st_size;
    out->written_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    return true;
}

/* All of them, on the heap. */
static struct file *read_all(const char *dir, size_t *n)
{
    struct file *files = NULL;
    size_t cap = 0;
    struct dirent *entry;
    DIR *open = opendir(dir);
    *n = 0;
    while (open && (entry = readdir(open))) {
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            files = mem_resize(files, cap * sizeof *files);
        }
        *n += look(dir, entry->d_name, &files[*n]);
    }
    if (open)
        closedir(open);
    return files;
}

/* --- what a process left behind that died --- */

static const char part_ending[] = ".part.wav", fax_ending[] = ".part.tif";

static json_t *row_of(const json_t *rows, struct slice id)
{
    size_t i;
    json_t *row;
    json_array_foreach(
        rows, i, row) if (slice_is(id, json_string_value(json_object_get(row, "id")))) return row;
    return NULL;
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

/* A part file has both directions on two channels unless the mix was wanted; what nobody knows of
 * stays as it is. */
static bool make_from_part(const char *dir, struct slice id, const json_t *row)
{
    char from[PATH_MAX_LEN], to[PATH_MAX_LEN];
    struct record_file_done done;
    const char *track = text_of(row, "track");
    bool is_mp3 = strcmp(text_of(row, "format"), "mp3") == 0;
    bool is_one = row && json_integer_value(json_object_get(row, "channels")) == 1;
    const struct record_file_config config = {
        .from = from,
        .to = to,
        .channel = is_one && strcmp(track, "inbound") == 0    ? RECORD_FILE_FIRST
                   : is_one && strcmp(track, "outbound") == 0 ? RECORD_FILE_SECOND
                                                              : RECORD_FILE_ALL,
        .is_mp3 = is_mp3,
    };
    if (snprintf(from, sizeof from, "%s/%.*s%s", dir, SLICE_ARG(id), part_ending) >=
            (int)sizeof from ||
        snprintf(to, sizeof to, "%s/%.*s.%s", dir, SLICE_ARG(id), is_mp3 ? "mp3" : "wav") >=
            (int)sizeof to)
        return false;
    record_file_make(&config, &done);
    return !done.err;
}

/* By way of a part file, so that dying again loses nothing. */
static bool close_wav(const char *dir, struct slice id)
{
    char path[PATH_MAX_LEN], part[PATH_MAX_LEN];
    bool fits = snprintf(path, sizeof path, "%s/%.*s.wav", dir, SLICE_ARG(id)) < (int)sizeof path &&
                snprintf(part, sizeof part, "%s/%.*s%s", dir, SLICE_ARG(id), part_ending) <
                    (int)sizeof part;
    struct record_file_done done;
    if (!fits || record_file_is_complete(path))
        return false;
    record_file_measure(path, &done); /* is it sound at all? */
    return !done.err && !rename(path, part) && make_from_part(dir, id, NULL);
}

static bool mend(const char *dir, const char *name, int64_t before_ms, const json_t *rows)
{
    struct slice id = slice_of(name);
    struct stat st;
    char path[PATH_MAX_LEN];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path || lstat(path, &st) ||
        !S_ISREG(st.st_mode) || st.st_mtim.tv_sec * 1000 >= before_ms)
        return false;
    if (slice_ends(id, slice_of(fax_ending))) {
        fax_drawing_drop(path);
        (void)unlink(path);
        return false;
    }
    if (slice_ends(id, slice_of(part_ending)) && id.len - strlen(part_ending) <= ID_MAX_LEN) {
        id.len -= strlen(part_ending);
        return make_from_part(dir, id, row_of(rows, id));
    }
    id.len = slice_ends(id, SLICE(".wav")) ? id_length(name) : 0;
    return id.len && close_wav(dir, id);
}

static void measure_row(const char *dir, json_t *row)
{
    char path[PATH_MAX_LEN];
    struct record_file_done done;
    if (snprintf(path, sizeof path, "%s/%s.%s", dir, text_of(row, "id"), text_of(row, "format")) >=
        (int)sizeof path)
        return;
    record_file_measure(path, &done);
    if (done.err || !done.duration_ms)
        return;
    json_object_set_new(row, "duration_ms", json_integer(done.duration_ms));
    json_object_set_new(row, "bytes", json_integer(done.bytes));
}

size_t recording_files_mend(const char *dir, int64_t before_ms, json_t *rows)
{
    struct dirent **names = NULL;
    size_t mended = 0, i;
    json_t *row;
    int n = scandir(dir, &names, NULL, NULL);
    for (int at = 0; at < n; at++) {
        mended += mend(dir, names[at]->d_name, before_ms, rows);
        free(names[at]);
    }
    free(names);
    json_array_foreach(rows, i, row) measure_row(dir, row);
    return mended;
}

/* --- for an operator --- */

static bool remove_file(const char *dir, const char *name)
{
    char path[PATH_MAX_LEN];
    return snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path && !unlink(path);
}

static int newest_first(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    return (x->written_ms < y->written_ms) - (x->written_ms > y->written_ms);
}

json_t *recording_files_list(const char *dir)
{
    size_t n;
    struct file *files = read_all(dir, &n);
    json_t *list = json_array();
    if (n)
        qsort(files, n, sizeof *files, newest_first);
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_pack("{s:s%, s:s, s:I, s:I}", "id", files[i].name, files[i].id_len,
                                "file", files[i].name, "bytes", (json_int_t)files[i].bytes,
                                "written_ms", (json_int_t)files[i].written_ms);
        if (row) /* its name is text */
            json_array_append_new(list, row);
    }
    mem_free(files);
    return list;
}

bool recording_files_remove(const char *dir, struct slice id)
{
    size_t n;
    struct file *files = read_all(dir, &n);
    bool removed = false;
    for (size_t i = 0; i < n; i++)
        if (slice_eq(slice_make(files[i].name, files[i].id_len), id))
            removed = remove_file(dir, files[i].name) || removed;
    mem_free(files);
    return removed;
}

size_t recording_files_purge(const char *dir, int64_t before_ms)
{
    size_t n, gone = 0;
    struct file *files = read_all(dir, &n);
    for (size_t i = 0; i < n; i++)
        gone += files[i].written_ms < before_ms && remove_file(dir, files[i].name);
    mem_free(files);
    return gone;
}
