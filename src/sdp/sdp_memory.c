#include "sdp_memory.h"

#include <string.h>

#include "base/mem.h"

struct sdp_memory *sdp_memory_create(void)
{
    struct sdp_memory *memory = mem_new(struct sdp_memory);
    memory->video = SDP_NO_LINE;
    return memory;
}

static void forget_lines(struct sdp_memory *memory)
{
    for (size_t i = 0; i < memory->n_lines; i++) {
        mem_free(memory->lines[i]);
        memory->lines[i] = NULL;
    }
    mem_free(memory->mid);
    mem_free(memory->proto);
    mem_free(memory->video_mid);
    mem_free(memory->video_proto);
    memory->mid = memory->proto = memory->video_mid = memory->video_proto = NULL;
    memory->n_lines = 0;
    memory->video = SDP_NO_LINE;
}

void sdp_memory_destroy(struct sdp_memory *memory)
{
    if (!memory)
        return;
    forget_lines(memory);
    if (memory->sent)
        mem_wipe(memory->sent, slice_of(memory->sent).len); /* a=crypto lines carry keys */
    mem_free(memory->sent);
    mem_free(memory);
}

/* Port 0 and the formats as offered (RFC 3264 §6), the mid so that the line can be told. */
static char *rejected_line(const struct sdp_media *media)
{
    struct slice mid = sdp_mid(media);
    size_t cap = 64 + media->kind_text.len + media->proto.len + mid.len;
    for (size_t i = 0; i < media->n_formats; i++)
        cap += 1 + media->formats[i].len;
    char *text = mem_alloc(cap);
    struct buf out;
    buf_init(&out, text, cap);
    buf_text(&out, "m=");
    buf_put(&out, media->kind_text);
    buf_text(&out, " 0 ");
    buf_put(&out, media->proto);
    for (size_t i = 0; i < media->n_formats; i++) {
        buf_char(&out, ' ');
        buf_put(&out, media->formats[i]);
    }
    buf_text(&out, "\r\n");
    if (mid.len) {
        buf_text(&out, "a=mid:");
        buf_put(&out, mid);
        buf_text(&out, "\r\n");
    }
    (void)buf_cstr(&out); /* the capacity was counted: it fits */
    return text;
}

static char *dup_mid(const struct sdp_media *media)
{
    struct slice mid = sdp_mid(media);
    return mid.len ? slice_dup(mid) : NULL;
}

void sdp_memory_keep_lines(struct sdp_memory *memory, const struct sdp_session *offer,
                           size_t active, size_t video)
{
    forget_lines(memory);
    for (size_t i = 0; i < offer->n_media; i++)
        if (i != active && i != video)
            memory->lines[i] = rejected_line(&offer->media[i]);
    struct slice mid = sdp_mid(&offer->media[active]);
    memory->n_lines = offer->n_media;
    memory->active = active;
    memory->video = video;
    memory->mid = dup_mid(&offer->media[active]);
    memory->proto = slice_dup(offer->media[active].proto);
    if (video != SDP_NO_LINE) {
        memory->video_mid = dup_mid(&offer->media[video]);
        memory->video_proto = slice_dup(offer->media[video].proto);
    }
    memory->bundled = mid.len && sdp_group_has(offer, "BUNDLE", mid);
}

void sdp_memory_keep_image(struct sdp_memory *memory, const struct sdp_session *offer, size_t at)
{
    char *proto = memory->proto;
    memory->proto = NULL;
    sdp_memory_keep_lines(memory, offer, at, SDP_NO_LINE);
    if (!proto)
        return;
    mem_free(memory->proto);
    memory->proto = proto;
}

void sdp_memory_first_line(struct sdp_memory *memory, const char *proto, const char *mid)
{
    forget_lines(memory);
    memory->n_lines = 1;
    memory->active = 0;
    memory->mid = mid ? slice_dup(slice_of(mid)) : NULL;
    memory->proto = slice_dup(slice_of(proto));
    memory->bundled = mid != NULL;
}

void sdp_memory_add_video(struct sdp_memory *memory, const char *proto, const char *mid)
{
    if (memory->video != SDP_NO_LINE || memory->n_lines == SDP_MAX_MEDIA)
        return;
    memory->video = memory->n_lines++;
    memory->video_mid = mid ? slice_dup(slice_of(mid)) : NULL;
    memory->video_proto = slice_dup(slice_of(proto));
}

static bool is_same(const struct sdp_known_format *known, const struct sdp_rtpmap *format)
{
    return slice_iis(format->name, known->name) && known->clock_hz == format->clock_hz &&
           known->channels == format->channels;
}

bool sdp_memory_find_pt(const struct sdp_memory *memory, const struct sdp_rtpmap *format,
                        uint8_t *out)
{
    for (size_t i = 0; i < memory->n_formats; i++)
        if (is_same(&memory->formats[i], format)) {
            *out = memory->formats[i].pt;
            return true;
        }
    return false;
}

bool sdp_memory_has_pt(const struct sdp_memory *memory, uint8_t pt)
{
    for (size_t i = 0; i < memory->n_formats; i++)
        if (memory->formats[i].pt == pt)
            return true;
    return pt && memchr(memory->video_pts, pt, sizeof memory->video_pts);
}

void sdp_memory_note_pt(struct sdp_memory *memory, const struct sdp_rtpmap *format)
{
    size_t kept = 0;
    for (size_t i = 0; i < memory->n_formats; i++)
        if (!is_same(&memory->formats[i], format) && memory->formats[i].pt != format->pt)
            memory->formats[kept++] = memory->formats[i];
    if (kept == SDP_MEMORY_MAX_FORMATS) { /* the oldest is the least likely to come again */
        kept--;
        memmove(memory->formats, memory->formats + 1, kept * sizeof *memory->formats);
    }
    memory->n_formats = kept;
    struct sdp_known_format known = { .clock_hz = format->clock_hz,
                                      .channels = format->channels,
                                      .pt = format->pt };
    /* names that are longer are none of ours */
    if (slice_copy(format->name, known.name, sizeof known.name))
        memory->formats[memory->n_formats++] = known;
}

/* A wish under 96 must be the static type of that very format (RFC 3551 §3). */
static bool suits(const struct sdp_memory *memory, const struct sdp_rtpmap *format, uint8_t wish)
{
    struct sdp_rtpmap fixed;
    if (wish > 127 || sdp_memory_has_pt(memory, wish))
        return false;
    if (wish >= 96)
        return true;
    return sdp_rtpmap_static(wish, &fixed) && slice_ieq(fixed.name, format->name) &&
           fixed.clock_hz == format->clock_hz && fixed.channels == format->channels;
}

uint8_t sdp_memory_choose_pt(struct sdp_memory *memory, const struct sdp_rtpmap *format,
                             uint8_t wish)
{
    uint8_t pt;
    if (sdp_memory_find_pt(memory, format, &pt))
        return pt;
    pt = wish;
    /* 32 dynamic numbers and at most 32 known formats: one short is possible only when all of those
     * are dynamic, and then the last number is shared with a format that this offer does not use */
    if (!suits(memory, format, pt))
        for (pt = 96; pt < 127 && sdp_memory_has_pt(memory, pt); pt++)
            ;
    struct sdp_rtpmap chosen = *format;
    chosen.pt = pt;
    sdp_memory_note_pt(memory, &chosen);
    return pt;
}
