#include "voice.h"

#include <math.h>

#include "media/tone.h"

enum { HANG_MS = 400, ONSET_MS = 40 };
static const double floor_start_dbov = -65, floor_min_dbov = -85;
static const double floor_max_dbov = -45; /* a steady sound louder than this is no background */
static const double margin_db = 12, least_dbov = -50;
static const double rise_db_s = 2; /* of the background */

void voice_init(struct voice *voice, uint32_t rate_hz, int64_t hang_ms)
{
    *voice = (struct voice){ .rate_hz = rate_hz,
                             .hang_ms = hang_ms ? hang_ms : HANG_MS,
                             .floor_dbov = floor_start_dbov };
}

static bool is_loud(struct voice *voice, double dbov, double ms)
{
    bool loud = dbov > fmax(least_dbov, voice->floor_dbov + margin_db);
    if (dbov < voice->floor_dbov)
        voice->floor_dbov = fmax(dbov, floor_min_dbov);
    else
        voice->floor_dbov =
            fmin(fmin(dbov, floor_max_dbov), voice->floor_dbov + rise_db_s * ms / 1000);
    return loud;
}

bool voice_feed(struct voice *voice, const int16_t *pcm, size_t n)
{
    int64_t ms = (int64_t)(n * 1000 / voice->rate_hz);
    bool loud = is_loud(voice, level_dbov(pcm, n), (double)ms);
    voice->heard_ms += ms;
    voice->loud_ms = loud ? voice->loud_ms + ms : 0;
    voice->quiet_ms = loud ? 0 : voice->quiet_ms + ms;
    if (!voice->talking && voice->loud_ms >= ONSET_MS) {
        voice->talking = true;
        voice->change_ms = voice->heard_ms - voice->loud_ms;
        return true;
    }
    if (voice->talking && voice->quiet_ms >= voice->hang_ms) {
        voice->talking = false;
        voice->change_ms = voice->heard_ms - voice->quiet_ms;
        return true;
    }
    return false;
}
