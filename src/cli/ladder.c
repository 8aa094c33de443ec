#include "ladder.h"

#include <string.h>

#include "base/buf.h"
#include "cli_table.h"

enum { TEXT_MAX = 400, NAME_MAX_LEN = 24, LANE_WIDTH = 4, KIND_WIDTH = 9 };

struct lanes {
    json_int_t legs[LADDER_LANES_MAX];
    size_t n;
};

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* What peers wrote must not steer the terminal. */
static void put_clean(FILE *out, const char *text)
{
    for (; text && *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

/* "1 bridge page 6f0c1a52, 2 sip +1555… via acme": which lane is whose */
static void put_head(struct cli *cli, const struct lanes *lanes, const json_t *legs)
{
    size_t i;
    json_t *leg;
    fprintf(cli->out, "%9s   ", "");
    for (size_t k = 0; k < lanes->n; k++)
        fprintf(cli->out, "%-*lld", LANE_WIDTH, (long long)lanes->legs[k]);
    json_array_foreach(legs, i, leg)
    {
        const char *via = json_string_value(json_object_get(leg, "via"));
        fprintf(cli->out, "%s%lld=%s ", i ? ", " : "", (long long)number(leg, "leg"),
                json_string_value(json_object_get(leg, "kind")));
        put_clean(cli->out, json_string_value(json_object_get(leg, "party")));
        if (via && via[0]) {
            fputs(" via ", cli->out);
            put_clean(cli->out, via);
        }
    }
    fputc('\n', cli->out);
}

static void put_entry(struct cli *cli, const struct lanes *lanes, const json_t *entry,
                      json_int_t begin_ms)
{
    json_int_t leg = number(entry, "leg");
    fprintf(cli->out, "%7.3f s   ", (double)(number(entry, "t") - begin_ms) / 1000);
    for (size_t k = 0; k < lanes->n; k++) /* the call's own entries cross every lane */
        fprintf(cli->out, "%s", leg == lanes->legs[k] ? "*   " : leg == 0 ? "----" : "|   ");
    fprintf(cli->out, "%s%-*s ", leg == 0 ? " " : "", KIND_WIDTH - (leg == 0),
            json_string_value(json_object_get(entry, "kind")));
    put_clean(cli->out, json_string_value(json_object_get(entry, "text")));
    fputc('\n', cli->out);
}

void ladder_print(struct cli *cli, const json_t *call)
{
    const json_t *legs = json_object_get(call, "legs");
    const json_t *timeline = json_object_get(call, "timeline");
    struct lanes lanes = { 0 };
    size_t i;
    json_t *item;
    json_array_foreach(legs, i, item) if (lanes.n < LADDER_LANES_MAX) lanes.legs[lanes.n++] =
        number(item, "leg");
    if (json_array_size(timeline) == 0) {
        fputs("nothing happened\n", cli->out);
        return;
    }
    put_head(cli, &lanes, legs);
    json_array_foreach(timeline, i, item) put_entry(cli, &lanes, item, number(call, "created_ms"));
}
