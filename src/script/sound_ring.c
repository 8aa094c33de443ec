/* Ringing as it is heard in many countries (ITU-T E.180, Supplement 2). */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "media/tone.h"
#include "script/sound.h"

enum { PARTS_MAX = 6 };

struct ring {
    const char *country;
    double hz1, hz2;        /* hz2 0: one tone */
    unsigned ms[PARTS_MAX]; /* on, off, on, off … */
};

/* sorted by country */
static const struct ring rings[] = {
    { "at", 420, 0, { 1000, 5000 } },
    { "au", 425, 450, { 400, 200, 400, 2000 } },
    { "be", 425, 0, { 1000, 3000 } },
    { "bg", 425, 0, { 1000, 4000 } },
    { "br", 425, 0, { 1000, 4000 } },
    { "ch", 425, 0, { 1000, 4000 } },
    { "cl", 400, 0, { 1000, 3000 } },
    { "cn", 450, 0, { 1000, 4000 } },
    { "cz", 425, 0, { 1000, 4000 } },
    { "de", 425, 0, { 1000, 4000 } },
    { "dk", 425, 0, { 1000, 4000 } },
    { "ee", 425, 0, { 1000, 4000 } },
    { "es", 425, 0, { 1500, 3000 } },
    { "fi", 425, 0, { 1000, 4000 } },
    { "fr", 440, 0, { 1500, 3500 } },
    { "gr", 425, 0, { 1000, 4000 } },
    { "hu", 425, 0, { 1250, 3750 } },
    { "il", 400, 0, { 1000, 3000 } },
    { "in", 400, 450, { 400, 200, 400, 2000 } },
    { "it", 425, 0, { 1000, 4000 } },
    { "jp", 384, 416, { 1000, 2000 } },
    { "lt", 425, 0, { 1000, 4000 } },
    { "mx", 425, 0, { 1000, 4000 } },
    { "my", 425, 0, { 400, 200, 400, 2000 } },
    { "nl", 425, 0, { 1000, 4000 } },
    { "no", 425, 0, { 1000, 4000 } },
    { "nz", 400, 450, { 400, 200, 400, 2000 } },
    { "ph", 425, 480, { 1000, 4000 } },
    { "pl", 425, 0, { 1000, 4000 } },
    { "pt", 425, 0, { 1000, 5000 } },
    { "ru", 425, 0, { 1000, 4000 } },
    { "se", 425, 0, { 1000, 5000 } },
    { "sg", 425, 0, { 400, 200, 400, 2000 } },
    { "th", 420, 0, { 1000, 4000 } },
    { "tw", 440, 480, { 1000, 2000 } },
    { "uk", 400, 450, { 400, 200, 400, 2000 } },
    { "us", 440, 480, { 2000, 4000 } },
    { "us-old", 420, 40, { 2000, 4000 } },
    { "ve", 425, 0, { 1000, 4000 } },
    { "za", 400, 450, { 400, 200, 400, 2000 } },
};
static const double ringing_dbm0 = -19; /* ITU-T E.180: what ringing is sent at, more or less */

enum err sound_ring(const char *country, int16_t **pcm, size_t *samples)
{
    const struct ring *ring = NULL;
    for (size_t i = 0; i < COUNT_OF(rings); i++)
        if (strcmp(rings[i].country, country) == 0)
            ring = &rings[i];
    if (!ring)
        return ERR_NOT_FOUND;
    size_t total = 0, at = 0;
    for (size_t i = 0; i < PARTS_MAX; i++)
        total += ring->ms[i] * (SOUND_RING_HZ / 1000);
    int16_t *out = mem_array(total, sizeof *out);
    struct tone tone;
    if (ring->hz2 > 0)
        tone_init_dual(&tone, SOUND_RING_HZ, ring->hz1, ringing_dbm0, ring->hz2, ringing_dbm0);
    else
        tone_init(&tone, SOUND_RING_HZ, ring->hz1, ringing_dbm0);
    for (size_t i = 0; i < PARTS_MAX; i++) {
        size_t n = ring->ms[i] * (SOUND_RING_HZ / 1000);
        if (i % 2 == 0)
            tone_render(&tone, out + at, n);
        at += n;
    }
    *pcm = out;
    *samples = total;
    return OK;
}
