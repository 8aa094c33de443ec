#include "cli_table.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/num.h"

enum { CELL_MAX = 200, COLUMNS_MAX = 24, GAP = 2 };

#define BOLD "\033[1m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

static const struct {
    const char *word, *color;
} colors[] = {
    { "up", GREEN },      { "registered", GREEN }, { "alive", GREEN },     { "connected", GREEN },
    { "valid", GREEN },   { "ringing", YELLOW },   { "dialing", YELLOW },  { "early", YELLOW },
    { "trying", YELLOW }, { "failed", RED },       { "unreachable", RED }, { "rejected", RED },
    { "expired", RED },   { "revoked", RED },
};

static const char *color_of(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(colors); i++)
        if (strcmp(word, colors[i].word) == 0)
            return colors[i].color;
    return NULL;
}

/* C0, DEL, and C1 as UTF-8 (0xc2 0x80 to 0x9f) */
static void put_clean(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool c1 = c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0;
        text += c1;
        buf_char(out, c < 0x20 || c == 0x7f || c1 ? '?' : (char)c);
    }
}

static void put_time(struct buf *out, json_int_t ms)
{
    char text[32];
    struct tm tm;
    time_t seconds = (time_t)(ms / 1000);
    if (localtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
        buf_text(out, text);
}

static void put_span(struct buf *out, json_int_t ms)
{
    json_int_t seconds = ms / 1000;
    if (seconds >= 3600)
        buf_printf(out, "%lld:%02lld:%02lld", (long long)(seconds / 3600),
                   (long long)(seconds / 60 % 60), (long long)(seconds % 60));
    else
        buf_printf(out, "%lld:%02lld", (long long)(seconds / 60), (long long)(seconds % 60));
}

static void put_value(struct buf *out, const json_t *value, enum cli_column_kind kind)
{
    if (json_is_string(value))
        put_clean(out, json_string_value(value));
    else if (json_is_integer(value) && kind == CLI_TIME_MS)
        put_time(out, json_integer_value(value));
    else if (json_is_integer(value) && kind == CLI_SPAN_MS)
        put_span(out, json_integer_value(value));
    else if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(out, "%.1f", json_real_value(value));
    else if (json_is_boolean(value))
        buf_text(out, json_is_true(value) ? "yes" : "no");
}

/* `text` holds CELL_MAX + 1; a longer value ends in dots */
static void cell(const json_t *value, enum cli_column_kind kind, char *text)
{
    struct buf out;
    buf_init(&out, text, CELL_MAX + 1);
    put_value(&out, value, kind);
    if (out.overflow)
        snprintf(text + CELL_MAX - 3, 4, "...");
    else
        buf_cstr(&out);
}

static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* UTF-8's following bytes */
    return width;
}

static void put_padding(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)num_min((int64_t)n, CELL_MAX), "");
}

static void put_cell(struct cli *cli, const char *text, size_t width, bool right, bool last,
                     const char *color)
{
    size_t padding = width - width_of(text);
    if (right)
        put_padding(cli->out, padding);
    fprintf(cli->out, "%s%s%s", color && cli->is_color ? color : "", text,
            color && cli->is_color ? PLAIN : "");
    if (!last)
        put_padding(cli->out, (right ? 0 : padding) + GAP);
}

static bool is_right(enum cli_column_kind kind)
{
    return kind == CLI_NUMBER || kind == CLI_SPAN_MS;
}

static void put_row(struct cli *cli, const struct cli_column *columns, size_t n,
                    const size_t *widths, const json_t *row)
{
    for (size_t c = 0; c < n; c++) {
        char text[CELL_MAX + 1];
        cell(json_object_get(row, columns[c].key), columns[c].kind, text);
        put_cell(cli, text, widths[c], is_right(columns[c].kind), c + 1 == n,
                 columns[c].kind == CLI_STATE ? color_of(text) : NULL);
    }
    fputc('\n', cli->out);
}

void cli_table_print(struct cli *cli, const struct cli_column *columns, const json_t *rows,
                     const char *nothing)
{
    size_t widths[COLUMNS_MAX];
    size_t n = 0;
    size_t i;
    json_t *row;
    char text[CELL_MAX + 1];
    if (json_array_size(rows) == 0) {
        fprintf(cli->out, "%s\n", nothing);
        return;
    }
    for (; columns[n].key && n < COLUMNS_MAX; n++)
        widths[n] = width_of(columns[n].title);
    json_array_foreach(rows, i, row) for (size_t c = 0; c < n; c++)
    {
        cell(json_object_get(row, columns[c].key), columns[c].kind, text);
        size_t width = width_of(text);
        widths[c] = width > widths[c] ? width : widths[c];
    }
    for (size_t c = 0; c < n; c++)
        put_cell(cli, columns[c].title, widths[c], is_right(columns[c].kind), c + 1 == n, BOLD);
    fputc('\n', cli->out);
    json_array_foreach(rows, i, row) put_row(cli, columns, n, widths, row);
}

void cli_table_print_object(struct cli *cli, const json_t *object)
{
    const char *key;
    json_t *value;
    size_t width = 0;
    char text[CELL_MAX + 1];
    json_object_foreach((json_t *)(uintptr_t)object, key, value) width =
        strlen(key) > width ? strlen(key) : width;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (json_is_object(value) || json_is_array(value))
            continue;
        cell(value, strcmp(key, "duration_ms") == 0 ? CLI_SPAN_MS : CLI_TEXT, text);
        fprintf(cli->out, "%-*s  %s\n", (int)num_min((int64_t)width, CELL_MAX), key, text);
    }
}
