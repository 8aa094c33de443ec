#pragma once
/* What can be done to one far end, whoever asks: a step of a script or a command of the API. Play,
 * collect keys, record, send keys, detect, tap. Operations have a control id, tell the source of
 * events how they go, and end once. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/timer.h"
#include "media/fork_socket.h"
#include "media/machine.h"
#include "net/addr.h"

struct call;
struct codec;
struct leg;
struct media_heard;
struct line;
struct media_stream;
struct scripts;

struct line_config {
    struct scripts *scripts;
    struct call *call;
    struct leg *far; /* its watch is ours from now on */
    const char *project_id;
    bool is_loose; /* nobody owns it: it goes with the far end */
};
struct line *line_create(const struct line_config *config);
/** Ends every operation without a word to its owner; events are told. NULL is fine. */
void line_destroy(struct line *line);
struct leg *line_leg(const struct line *line);             /* NULL once it is over */
struct media_stream *line_stream(const struct line *line); /* may be NULL */
/** Of whoever the far end talks to now; NULL: nobody with audio. */
struct media_stream *line_other_stream(const struct line *line);
struct call *line_call(const struct line *line);
struct scripts *line_scripts(const struct line *line);
const char *line_project(const struct line *line);

/** Who answered, for LaML's forms: a text that stays; "" at first. */
void line_set_answered_by(struct line *line, const char *word);
const char *line_answered_by(const struct line *line);

/** What the far end types from now on is in no record, and nobody listens meanwhile: taps, streams
 * and recordings have silence. */
void line_hide_keys(struct line *line, bool on);

/* --- operations --- */
enum line_end { LINE_FINISHED, LINE_STOPPED, LINE_FAILED, LINE_OVER /* the far end is gone */ };
struct line_op;

/** A kind of operation. */
struct line_kind {
    const char *name;                    /* "play": also of the command and of the event */
    void (*stop)(struct line_op *op);    /* asked to end: calls line_op_end() now or later */
    void (*destroy)(struct line_op *op); /* the last call */
    void (*on_key)(struct line_op *op, char key); /* may be NULL */
    void (*on_play_done)(struct line_op *op, uint32_t play_id);
    void (*on_recorded)(struct line_op *op, uint32_t record_id, enum err err, int64_t duration_ms);
    void (*on_heard)(struct line_op *op, const struct media_heard *heard);
    void (*on_referred)(struct line_op *op, int status, bool is_over);
    void (*on_over)(struct line_op *op); /* the far end is gone; line_op_end() follows */
};

/** Called once with the outcome; `result` is borrowed and may be NULL. Not called when the owner
 * itself cancels. */
typedef void (*line_fn)(void *owner, enum line_end end, const json_t *result);

struct line_op { /* first member of every operation */
    const struct line_kind *kind;
    struct line *line; /* gone when destroy() comes */
    struct scripts *scripts;
    struct list in_line;
    char control_id[64], *status_url;
    const char *name; /* by which it is found, too; its own; may be NULL */
    line_fn fn;       /* NULL: nobody waits */
    void *owner;
    bool ended;
    unsigned seen; /* line.c: the round of news that reached it */
};

/** Take part in the line. A control_id that is NULL or "" is made up. */
void line_op_begin(struct line_op *op, struct line *line, const struct line_kind *kind,
                   const char *control_id, const char *status_url, line_fn fn, void *owner);
/** It is over: its owner hears of it, and it is destroyed at the end of this turn. */
void line_op_end(struct line_op *op, enum line_end end, const json_t *result);
/** The owner is no longer interested; it is stopped. NULL is fine. */
void line_op_cancel(struct line_op *op);
/** Ask it to end; its owner will hear. */
void line_op_stop(struct line_op *op);
/** "calling.call.<name>" with these params, which it takes. */
void line_op_tell(struct line_op *op, const char *type, json_t *take_params);
/** The newest live one of a kind with that control id; NULL or "" means any. */
struct line_op *line_find(const struct line *line, const char *kind, const char *control_id);
/** The newest live one of exactly this kind, or NULL. */
struct line_op *line_find_kind(const struct line *line, const struct line_kind *kind);
struct line_op *line_oldest(const struct line *line, const char *kind);
size_t line_count(const struct line *line, const char *kind);

/* --- the kinds --- */

/** One thing to be heard. */
enum sound_kind { SOUND_SAY, SOUND_FILE, SOUND_SILENCE, SOUND_RING };
enum { LINE_SOUNDS_MAX = 100 };
struct sound_spec {
    enum sound_kind kind;
    char *text;     /* to say, URL or path, country; the owner's */
    double seconds; /* of silence; of ringing, 0: once */
};
/** "say:…", "silence:2", "ring:5:us", a URL or a path. ERR_INVALID: `fault` names it. */
MUST_CHECK enum err sound_spec_parse(const char *text, struct sound_spec *out, struct fault *fault);
void sound_spec_clear(struct sound_spec *spec);

/* Who hears what is played: what the far end listens to, what it seems to speak, both. */
enum line_play_direction { LINE_PLAY_LISTEN, LINE_PLAY_SPEAK, LINE_PLAY_BOTH };
struct line_play_config {
    struct sound_spec *take_sounds; /* an array of `n`, which it takes */
    size_t n;
    enum line_play_direction direction;
    double volume_db;
    unsigned loops; /* 0: for ever */
    const char *control_id, *status_url;
};
/** Plays in turn with others of this line, and over what the far end hears besides. */
struct line_op *line_play(struct line *line, const struct line_play_config *config, line_fn fn,
                          void *owner);
void line_play_pause(struct line_op *op, bool on);
void line_play_volume(struct line_op *op, double volume_db);

struct line_speech {    /* what is said counts as well */
    bool on;            /* the rest is of no account otherwise; copied */
    const char *engine; /* as of recognizer_request; may be NULL, as the next */
    const char *language;
    const char *const *hints;
    size_t n_hints;
    int64_t end_silence_ms, max_ms; /* 0: 1000, 60000 */
    bool partial;                   /* events tell what is understood so far */
};
struct line_collect_config {
    unsigned max_digits; /* 0: speech alone */
    struct line_speech speech;
    bool continuous; /* goes on after an input, until it is stopped */
    const char *terminators;
    int64_t digit_ms, initial_ms;
    bool starts_later;             /* the initial time runs from line_collect_start_timers() on */
    bool secret;                   /* keys go into no event and no log */
    void (*on_input)(void *owner); /* the first key or sound, before anything else; may be NULL */
    const char *control_id, *status_url;
};
/** `result`: {"type": "digit"|"no_input", "digits", "terminator"}, {"type": "speech", "text",
 * "confidence"} or {"type": "no_match"|"error"}. LINE_FAILED: speech is wanted, nothing else would
 * do, and nothing understands it. */
struct line_op *line_collect(struct line *line, const struct line_collect_config *config,
                             line_fn fn, void *owner);
/** A list of texts as hints, borrowed from it: how many, at most LINE_HINTS_MAX. */
enum { LINE_HINTS_MAX = 500 };
size_t line_hints(const json_t *list, const char *out[LINE_HINTS_MAX]);
void line_collect_start_timers(struct line_op *op);

struct line_record_config {
    bool stereo, beep;
    const char *direction; /* "speak": what the far end says, "listen": what it hears, "both" */
    const char *format;    /* "wav", "mp3" */
    const char *terminators;
    int64_t initial_ms, end_silence_ms, max_ms; /* 0: none */
    double sensitivity;
    const char *control_id, *status_url;
    const char *status_method;  /* NULL: POST */
    const char *laml_events;    /* status_url gets LaML's forms of these; NULL: JSON of all */
    const char *source;         /* who wants it: "RecordVerb"; NULL: "StartCallRecordingApi" */
    bool trims;                 /* without the silence around what is heard */
    bool transcribes;           /* then to be put into words */
    const char *transcribe_url; /* told of them; may be NULL */
};
/** `result`: {"url", "duration", "size", "recording_id", "state": "finished"|"no_input"}.
 * LINE_FAILED at once when another recording of the line runs. */
struct line_op *line_record(struct line *line, const struct line_record_config *config, line_fn fn,
                            void *owner);
/** Where it will be found once it is over; borrowed. */
const char *line_record_url(const struct line_op *op);
/** What happens meanwhile is left out of it, or is silence in it. ERR_MISUSE: it does not run. */
enum line_record_pause { LINE_RECORD_ON, LINE_RECORD_SKIP, LINE_RECORD_SILENCE };
MUST_CHECK enum err line_record_pause(struct line_op *op, enum line_record_pause pause);

/** Keys with pauses: w half a second, W and , a second. */
struct line_op *line_send_digits(struct line *line, const char *digits, line_fn fn, void *owner);
/** Ask the far end to call that address itself (REFER, RFC 3515). `result`: {"status": final SIP
 * status, 0 when it does not do that}. */
struct line_op *line_refer(struct line *line, const char *uri, const char *status_url, line_fn fn,
                           void *owner);
/** May its audio be decoded and mixed from now on? False also tells the timeline that there will be
 * no `what` ("conference"). Emergency calls always may. */
bool line_has_room(const struct line *line, const char *what);
/** Less noise in what the far end says. ERR_UNSUPPORTED: there is no audio.  ERR_LIMIT: no room. */
MUST_CHECK enum err line_denoise(struct line *line, bool on);
/** One key to the far end in the way that it takes keys. */
void line_send_key(struct line *line, char key, unsigned ms);

struct line_detect_config {
    bool machine, fax;
    const char *digits; /* keys, of which one is waited for, without machine and fax; else NULL */
    const char *tone;   /* of a fax: "CED", "CNG"; NULL: either */
    bool message_end;   /* of a machine: wait until it records */
    int64_t timeout_ms;
    struct machine_config greeting;
    const char *control_id, *status_url;
};
/** `result`: {"result": "human"|"machine"|"fax"|"digit"|"unknown", "beep", "ms"}. One at a time for
 * machine and fax: another is stopped. */
struct line_op *line_detect(struct line *line, const struct line_detect_config *config, line_fn fn,
                            void *owner);

struct line_fork_config {           /* "stream": audio to a program's WebSocket, and back */
    const char *url, *token, *name; /* ws: or wss:; Bearer or NULL; NULL */
    const json_t *custom;           /* an object, or NULL */
    bool inbound, outbound;         /* what the far end says; what it hears */
    enum fork_codec codec;
    uint32_t rate_hz;
    const char *control_id, *status_url;
    const char *status_method; /* NULL: POST */
    const char *stream_id;     /* a UUID, for the program; NULL: a new one */
    bool is_laml;              /* status_url gets forms */
};
/** ERR_INVALID: the URL.  ERR_MISUSE: the far end has no audio. */
MUST_CHECK enum err line_fork(struct line *line, const struct line_fork_config *config,
                              struct line_op **out, struct fault *fault);
/** What a fork's socket needs of this line; it borrows from `config` and `stream_id`. */
struct fork_socket_config line_fork_socket(const struct line *line,
                                           const struct line_fork_config *config,
                                           const char *stream_id);

struct line_tap_config { /* audio for somebody to listen to */
    const char *uri;     /* ws: or wss:, PCMU in the form of `stream`; NULL: RTP to `remote` */
    struct addr remote;  /* of RTP */
    const struct codec *codec; /* PCMU, PCMA, Opus; of a WebSocket PCMU */
    unsigned ptime_ms;         /* of RTP */
    bool heard, sent;          /* what the far end says; what it hears */
    const char *control_id, *status_url;
};
/** ERR_INVALID: the destination.  ERR_MISUSE: the far end has no audio.  ERR_IO: no way there. */
MUST_CHECK enum err line_tap(struct line *line, const struct line_tap_config *config,
                             struct line_op **out, struct fault *fault);
/** Where its RTP comes from; NULL: it is a WebSocket. */
const struct addr *line_tap_source(const struct line_op *op);
/** The codec and rate of "PCMU", "L16", "L16@16000h"; false: none that a stream has. */
bool line_fork_codec(const char *text, enum fork_codec *codec, uint32_t *rate_hz);

struct line_transcribe_config { /* what is said, as text */
    bool is_live;               /* every utterance is an event "calling.call.live_transcribe" with
                                   state, direction, text, confidence, final, start_time, end_time;
                                   else the whole comes once, as "calling.transcript.completed" */
    bool remote, local;         /* what the far end says; what it hears */
    const char *engine, *language;
    int64_t silence_ms, max_ms; /* as of line_speech */
    bool partial;
    const char *control_id, *status_url;
};
/** One of each sort at a time. ERR_EXISTS.  ERR_MISUSE: no audio.  ERR_UNSUPPORTED: no engine. */
MUST_CHECK enum err line_transcribe(struct line *line, const struct line_transcribe_config *config,
                                    struct line_op **out, struct fault *fault);
/** The same with the parameters of live_transcribe's `start`. ERR_INVALID, too. */
MUST_CHECK enum err line_transcribe_live(struct line *line, const json_t *start,
                                         const char *control_id, struct line_op **out,
                                         struct fault *fault);

struct line_fax_config { /* a fax out of a document, or into one */
    bool is_sender;
    const char *document;          /* to send: its URL */
    const char *identity, *header; /* ours, and on top of each page; may be NULL */
    const char *control_id, *status_url;
};
/** `result`: {"success", "document", "identity", "remote_identity", "pages", "result",
 * "result_text", "direction", "format", "fax_id", "size", "rate", "t38"}, NULL with LINE_OVER.
 * Events "calling.call.fax" have {"type": "page"|"finished", "params"}, and, for records and no
 * URL, "started". */
struct line_op *line_fax(struct line *line, const struct line_fax_config *config, line_fn fn,
                         void *owner);
/** What is under way when the module goes. */
void line_faxes_drop(struct scripts *scripts);
