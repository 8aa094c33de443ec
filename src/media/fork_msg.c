#include "fork_msg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "media/g711.h"

/* Numbers are texts in these messages. */
static json_t *number(uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    return json_string(text);
}

static char *print(json_t *take)
{
    char *text = json_dumps(take, JSON_COMPACT);
    char *copy = slice_dup(slice_of(text));
    json_decref(take);
    free(text);
    return copy;
}

static json_t *envelope(const struct fork_names *names, const char *event, uint64_t seq)
{
    return json_pack("{s:s, s:o, s:s}", "event", event, "sequenceNumber", number(seq), "streamSid",
                     names->stream_id);
}

char *fork_msg_connected(void)
{
    return print(
        json_pack("{s:s, s:s, s:s}", "event", "connected", "protocol", "Call", "version", "1.0.0"));
}

char *fork_msg_start(const struct fork_names *names, uint64_t seq)
{
    json_t *msg = envelope(names, "start", seq), *tracks = json_array();
    if (names->inbound)
        json_array_append_new(tracks, json_string("inbound"));
    if (names->outbound)
        json_array_append_new(tracks, json_string("outbound"));
    json_t *format = json_pack("{s:s, s:i, s:i}", "encoding",
                               names->codec == FORK_ULAW ? "audio/x-mulaw" : "audio/x-l16",
                               "sampleRate", (int)names->rate_hz, "channels", 1);
    json_t *start = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "streamSid", names->stream_id,
                              "accountSid", names->account_id, "callSid", names->call_id, "tracks",
                              tracks, "mediaFormat", format, "customParameters",
                              names->custom ? json_deep_copy(names->custom) : json_object());
    if (names->name)
        json_object_set_new(start, "name", json_string(names->name));
    json_object_set_new(msg, "start", start);
    return print(msg);
}

static json_t *payload(enum fork_codec codec, const int16_t *pcm, size_t n)
{
    size_t len = codec == FORK_ULAW ? n : 2 * n, cap = (len + 2) / 3 * 4 + 1;
    uint8_t *bytes = mem_alloc(len + 1);
    char *text = mem_alloc(cap);
    for (size_t i = 0; i < n; i++) {
        uint16_t sample = (uint16_t)pcm[i]; /* two's complement */
        if (codec == FORK_ULAW) {
            bytes[i] = g711_ulaw(pcm[i]);
        } else {
            bytes[2 * i] = (uint8_t)(sample & 0xff);
            bytes[2 * i + 1] = (uint8_t)(sample >> 8);
        }
    }
    BUG_IF(!base64_print(bytes, len, text, cap));
    json_t *json = json_string(text);
    mem_free(bytes);
    mem_free(text);
    return json;
}

char *fork_msg_media(const struct fork_names *names, uint64_t seq, const struct fork_media *media)
{
    json_t *msg = envelope(names, "media", seq);
    json_object_set_new(msg, "media",
                        json_pack("{s:s, s:o, s:o, s:o}", "track",
                                  media->is_outbound ? "outbound" : "inbound", "chunk",
                                  number(media->chunk), "timestamp", number(media->at_ms),
                                  "payload", payload(names->codec, media->pcm, media->n)));
    return print(msg);
}

char *fork_msg_dtmf(const struct fork_names *names, uint64_t seq, char digit)
{
    json_t *msg = envelope(names, "dtmf", seq);
    const char text[] = { digit, '\0' };
    json_object_set_new(msg, "dtmf",
                        json_pack("{s:s, s:s}", "track", "inbound_track", "digit", text));
    return print(msg);
}

char *fork_msg_mark(const struct fork_names *names, uint64_t seq, const char *name)
{
    json_t *msg = envelope(names, "mark", seq);
    json_object_set_new(msg, "mark", json_pack("{s:s}", "name", name));
    return print(msg);
}

char *fork_msg_stop(const struct fork_names *names, uint64_t seq)
{
    json_t *msg = envelope(names, "stop", seq);
    json_object_set_new(
        msg, "stop",
        json_pack("{s:s, s:s}", "accountSid", names->account_id, "callSid", names->call_id));
    return print(msg);
}

/* What comes back */

static enum err parse_media(const json_t *msg, enum fork_codec codec, struct fork_msg *out)
{
    const json_t *text = json_object_get(json_object_get(msg, "media"), "payload");
    if (!json_is_string(text))
        return ERR_PARSE;
    size_t len = json_string_length(text) + 1;
    uint8_t *bytes = mem_alloc(len);
    enum err err =
        base64_parse(slice_make(json_string_value(text), json_string_length(text)), bytes, &len);
    if (!err && codec == FORK_L16 && len % 2)
        err = ERR_PARSE;
    if (!err) {
        out->n = codec == FORK_ULAW ? len : len / 2;
        out->pcm = mem_array(out->n + 1, sizeof *out->pcm);
        for (size_t i = 0; i < out->n; i++) {
            if (codec == FORK_ULAW)
                out->pcm[i] = g711_ulaw_pcm[bytes[i]];
            else
                out->pcm[i] = (int16_t)(uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
        }
    }
    mem_free(bytes);
    return err ? ERR_PARSE : OK;
}

static enum err parse_mark(const json_t *msg, struct fork_msg *out)
{
    const char *name = json_string_value(json_object_get(json_object_get(msg, "mark"), "name"));
    if (!name || strlen(name) > FORK_NAME_MAX)
        return ERR_PARSE;
    out->name = slice_dup(slice_of(name));
    return OK;
}

enum err fork_msg_parse(struct slice text, enum fork_codec codec, struct fork_msg *out)
{
    if (text.len > FORK_MSG_MAX)
        return ERR_LIMIT;
    json_t *msg = json_loadb(text.ptr, text.len, 0, NULL);
    const char *event = json_string_value(json_object_get(msg, "event"));
    enum err err = event ? OK : ERR_PARSE;
    *out = (struct fork_msg){ .kind = FORK_MSG_OTHER };
    if (event && strcmp(event, "media") == 0) {
        out->kind = FORK_MSG_MEDIA;
        err = parse_media(msg, codec, out);
    } else if (event && strcmp(event, "mark") == 0) {
        out->kind = FORK_MSG_MARK;
        err = parse_mark(msg, out);
    } else if (event && strcmp(event, "clear") == 0) {
        out->kind = FORK_MSG_CLEAR;
    }
    json_decref(msg);
    return err;
}

void fork_msg_clear(struct fork_msg *msg)
{
    mem_free(msg->pcm);
    mem_free(msg->name);
    *msg = (struct fork_msg){ .kind = FORK_MSG_OTHER };
}
