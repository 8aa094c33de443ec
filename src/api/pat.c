#include "api/pat.h"

#include "base/mem.h"
#include "base/num.h"

static const int64_t day_ms = 24 * 3600 * 1000;

static void fill(struct pat *pat, struct store_token *row, int64_t now_ms)
{
    token_make(row->user_id && row->user_id[0] ? "PAT_" : "PT", pat->text);
    token_hash(slice_of(pat->text), pat->hash);
    row->hash = pat->hash;
    row->created_ms = now_ms;
}

void pat_make(struct pat *pat, struct store_token *row, int64_t now_ms, int64_t days)
{
    rand_uuid(pat->id);
    row->id = pat->id;
    row->expires_ms = days ? now_ms + days * day_ms : 0;
    fill(pat, row, now_ms);
}

void pat_renew(struct pat *pat, struct store_token *row, int64_t now_ms)
{
    row->expires_ms = row->expires_ms ? now_ms + (row->expires_ms - row->created_ms) : 0;
    fill(pat, row, now_ms);
}

void pat_clear(struct pat *pat)
{
    mem_wipe(pat, sizeof *pat);
}

const char *pat_state(const struct store_token *row, int64_t now_ms)
{
    if (row->revoked_ms)
        return "revoked";
    return row->expires_ms && row->expires_ms <= now_ms ? "expired" : "valid";
}

bool pat_are_scopes(struct slice value)
{
    static const char *const known[] = { "provisioning", "account", "domain" };
    bool found = !slice_empty(value);
    while (!slice_empty(value)) {
        struct slice scope = slice_trim(slice_cut(&value, ','));
        bool is_known = false;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            is_known = is_known || slice_is(scope, known[i]);
        found = found && is_known;
    }
    return found;
}
