#include "daemon/recording_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { PATH_MAX_LEN = 1200, ID_MAX_LEN = 48 };

struct file {
    char name[ID_MAX_LEN + 8];
    size_t id_len;
    int64_t bytes, written_ms;
};

/* The length of the id in "ID.wav"; 0: it is no recording. */
static size_t id_length(const char *name)
{
    static const char *const endings[] = { ".wav", ".mp3", ".tif" };
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
