#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

enum { TEMP_MAX = 1100 };

static enum err fail(const char *path, struct fault *fault, const char *what)
{
    enum err err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return fault_set(fault, err, path, 0, "%s: %s", what, strerror(errno));
}

static enum err read_all(int fd, const char *path, size_t max, struct slice *out,
                         struct fault *fault)
{
    char *text = mem_alloc(max + 1);
    size_t len = 0;
    ssize_t got = 1;
    /* one byte more than allowed shows that there is more */
    while (got > 0 && len <= max) {
        got = read(fd, text + len, max + 1 - len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            len += (size_t)got; /* positive */
    }
    if (got < 0 || len > max) {
        mem_wipe(text, len);
        mem_free(text);
        if (got < 0)
            return fail(path, fault, "cannot be read");
        return fault_set(fault, ERR_LIMIT, path, 0, "is larger than %zu bytes", max);
    }
    text = mem_resize(text, len + 1);
    text[len] = '\0';
    *out = slice_make(text, len);
    return OK;
}

enum err file_read(const char *path, size_t max, struct slice *out, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
    if (fd < 0)
        return fail(path, fault, "cannot be opened");
    struct stat st;
    enum err err = OK;
    if (fstat(fd, &st) != 0)
        err = fail(path, fault, "cannot be read");
    else if (S_ISDIR(st.st_mode))
        err = fault_set(fault, ERR_INVALID, path, 0, "is a directory, not a file");
    else
        err = read_all(fd, path, max, out, fault);
    close(fd);
    return err;
}

static enum err write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t put = write(fd, text.ptr, text.len);
        if (put < 0 && errno != EINTR)
            return ERR_IO;
        if (put > 0)
            text = slice_from(text, (size_t)put); /* positive */
    }
    return OK;
}

enum err file_write_private(const char *path, struct slice text, struct fault *fault)
{
    char temp[TEMP_MAX];
    int len = snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temp)
        return fault_set(fault, ERR_LIMIT, path, 0, "the path is too long");
    int fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fail(path, fault, "cannot be written");
    enum err err = write_all(fd, text);
    if (close(fd) != 0 || (!err && rename(temp, path) != 0))
        err = ERR_IO;
    if (err) {
        err = fail(path, fault, "cannot be written");
        unlink(temp);
    }
    return err;
}
