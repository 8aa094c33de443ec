#include "net/http_chunked.h"

#include <string.h>

/* A line without its end; true when it is whole. */
static enum err take_line(struct http_chunked *chunked, char c, bool *whole)
{
    *whole = c == '\n';
    if (*whole) {
        if (chunked->line_len && chunked->line[chunked->line_len - 1] == '\r')
            chunked->line_len--;
        return OK;
    }
    if (chunked->line_len == sizeof chunked->line)
        return ERR_LIMIT;
    chunked->line[chunked->line_len++] = c;
    return OK;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* "1a3;name=value": the extension is ignored, as RFC 9112 §7.1.1 asks */
static enum err on_size(struct http_chunked *chunked)
{
    struct slice line = { chunked->line, chunked->line_len };
    struct slice digits = slice_trim(slice_cut(&line, ';'));
    size_t size = 0;
    if (digits.len == 0)
        return ERR_PARSE;
    if (digits.len > 7) /* 256 MiB: over every limit of ours, and far from overflow */
        return ERR_LIMIT;
    for (size_t i = 0; i < digits.len; i++) {
        int value = hex_value(digits.ptr[i]);
        if (value < 0)
            return ERR_PARSE;
        size = size * 16 + (size_t)value; /* value is 0 to 15 */
    }
    chunked->left = size;
    chunked->state = size ? HTTP_CHUNKED_DATA : HTTP_CHUNKED_TRAILER;
    return OK;
}

static enum err on_line(struct http_chunked *chunked)
{
    enum err err = OK;
    if (chunked->state == HTTP_CHUNKED_SIZE)
        err = on_size(chunked);
    else if (chunked->state == HTTP_CHUNKED_DATA_END && chunked->line_len)
        err = ERR_PARSE;
    else if (chunked->state == HTTP_CHUNKED_DATA_END)
        chunked->state = HTTP_CHUNKED_SIZE;
    else if (!chunked->line_len)
        chunked->state = HTTP_CHUNKED_DONE;
    else if ((chunked->trailer_len += chunked->line_len) > HTTP_CHUNK_TRAILER)
        err = ERR_LIMIT;
    chunked->line_len = 0;
    return err;
}

enum err http_chunked_feed(struct http_chunked *chunked, struct slice bytes, char *out, size_t cap,
                           size_t *len)
{
    while (bytes.len && chunked->state != HTTP_CHUNKED_DONE) {
        if (chunked->state == HTTP_CHUNKED_DATA) {
            struct slice data = slice_sub(bytes, 0, chunked->left);
            if (data.len > cap - *len)
                return ERR_LIMIT;
            memcpy(out + *len, data.ptr, data.len);
            *len += data.len;
            bytes = slice_from(bytes, data.len);
            chunked->left -= data.len;
            if (!chunked->left)
                chunked->state = HTTP_CHUNKED_DATA_END;
            continue;
        }
        bool whole;
        enum err err = take_line(chunked, bytes.ptr[0], &whole);
        if (!err && whole)
            err = on_line(chunked);
        if (err)
            return err;
        bytes = slice_from(bytes, 1);
    }
    return OK;
}
