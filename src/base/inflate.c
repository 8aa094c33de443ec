#include "base/inflate.h"

#include <zlib.h>

#include "base/mem.h"

enum { FIRST_ROOM = 4096 };

static enum err run(z_stream *stream, size_t max, char **mem)
{
    size_t cap = 0;
    int code = Z_OK;
    while (code == Z_OK) {
        size_t have = stream->total_out;
        if (have == max)
            return ERR_LIMIT; /* whatever follows, it is too much */
        cap = have ? 2 * have : FIRST_ROOM;
        if (cap > max)
            cap = max;
        *mem = mem_resize(*mem, cap + 1);
        stream->next_out = (unsigned char *)*mem + have;
        stream->avail_out = (unsigned)(cap - have);
        code = inflate(stream, Z_NO_FLUSH);
        if (code == Z_BUF_ERROR && stream->avail_out == 0)
            code = Z_OK;
    }
    return code == Z_STREAM_END ? OK : ERR_PARSE;
}

enum err inflate_bytes(struct slice packed, size_t max, struct slice *out)
{
    z_stream stream = { 0 };
    char *mem = NULL;
    if (packed.len > UINT32_MAX || max > UINT32_MAX)
        return ERR_LIMIT;
    stream.next_in = (unsigned char *)(uintptr_t)packed.ptr; /* it only reads */
    stream.avail_in = (unsigned)packed.len;
    if (inflateInit(&stream) != Z_OK)
        return ERR_IO;
    enum err err = run(&stream, max, &mem);
    size_t len = stream.total_out;
    inflateEnd(&stream);
    if (err) {
        mem_free(mem);
        return err;
    }
    mem[len] = '\0';
    *out = slice_make(mem, len);
    return OK;
}
