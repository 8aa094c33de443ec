#pragma once
/* What the files of the script floor share: one running script, its place in the document, and
 * what its methods may do. Control thread. */

#include <jansson.h>

#include "base/list.h"
#include "base/log.h"
#include "base/timer.h"
#include "script/expr.h"
#include "script/script.h"
#include "script/verbs.h"

struct connect_leg;
struct fax_office;
struct line;
struct map;
struct notifier;
struct script;

enum {
    SCRIPT_FRAMES_MAX = 64,    /* execute in execute: relay_script_nested_too_deep */
    SCRIPT_TRANSFERS_MAX = 32, /* of one call: relay_script_too_many_transfers */
    SCRIPT_BURST_MAX = 2000,   /* steps without any waiting: it would never end */
    SCRIPT_ID_TEXT = 40,
};

struct scripts {
    struct scripts_config config;
    struct calls *calls;
    struct router *router;
    struct list live;              /* of struct script */
    struct list texts;             /* of struct text_script */
    struct map *lines;             /* call id -> struct line */
    struct map *queues;            /* project/name -> struct wait_queue */
    struct list fax_jobs;          /* line_fax.c */
    struct fax_office *fax_office; /* the machines; NULL until there is a fax */
    struct list conference_records;
    struct list record_news;  /* of recordings whose files are being made */
    struct list transcribing; /* recordings that are being put into words */
    size_t n_transcribing;
    struct map *conferences; /* project/name -> struct conference */
    struct notifier *notifier;
    char node_id[SCRIPT_ID_TEXT];
    char public_url[256];
};

/** What a script needs of the leg that it is. Each may end the script. */
struct script_host {
    /** Answer the far end, if that is to be done. */
    void (*answer)(void *owner);
    /** The far end hears that somebody is being rung. */
    void (*ring)(void *owner);
    /** Let it hear us before the answer. */
    void (*sound_early)(void *owner);
    void (*hang_up)(void *owner, const struct cause *cause);
    /** The last step is done; `script_returned()` has its value. */
    void (*on_finished)(void *owner);
};

enum script_frame_kind { SCRIPT_SECTION, SCRIPT_BLOCK };
struct script_frame {
    enum script_frame_kind kind;
    const json_t *steps; /* of `document` */
    size_t at;
    json_t *document;      /* held */
    json_t *params;        /* a section: those of its caller, given back when it returns */
    const json_t *call;    /* a section: the execute that called it, of `call_document`; or NULL */
    json_t *call_document; /* held */
    json_t *jumps;         /* a section: label -> times */
};

struct script {
    struct scripts *scripts;
    struct list in_live;
    const struct script_host *host;
    void *host_owner;
    struct call *call;
    struct line *line;
    struct log_tag log;
    char project_id[SCRIPT_ID_TEXT];

    json_t *vars, *params, *envs, *call_info;
    struct script_frame frames[SCRIPT_FRAMES_MAX];
    size_t n_frames;
    unsigned transfers, burst, redirects;
    int64_t redirects_since_ms;
    bool in_confirm, over, running;

    /* the step that waits */
    const struct verb *verb;
    json_t *value;
    void *state;                           /* the method's own */
    void (*cancel)(struct script *script); /* lets go of `state`; NULL: nothing to let go */
    struct timer timer;                    /* the method's own, too */
    struct timer next;                     /* goes on in a turn of its own */
    struct timer max_duration;
    struct http_client_call *fetching;
    struct connect_leg *bridge; /* the far end that ours talks to; NULL: to the script */
    struct {                    /* the last one that was */
        char call_id[SCRIPT_ID_TEXT];
        int64_t joined_ms, left_ms; /* 0: it has not left */
    } peer;
};

/* script_run.c: the step machine */
struct script_start {
    struct scripts *scripts;
    const struct script_host *host;
    void *owner;
    struct call *call;
    struct line *line;
    const char *project_id;
    const json_t *envs, *params; /* copied; may be NULL */
};
struct script *script_create(const struct script_start *start);
/** Forgets everything under way; no callback comes any more. NULL is fine. */
void script_destroy(struct script *script);
/** As destroy, but the object stays: for whoever is inside one of its functions. */
void script_stop(struct script *script);
/** Run section main of a normal-form document, which it takes, instead of what ran. */
void script_begin(struct script *script, json_t *take_document);
/** Run a list of steps (connect.confirm). */
void script_begin_steps(struct script *script, const json_t *steps);
/** The step that waited is over; the next one follows in a turn of its own. */
void script_done(struct script *script);
/** Steps to be run next, in the current section. */
void script_push_block(struct script *script, const json_t *steps);
/** `document` is held; NULL: the current one. ERR_LIMIT: nested too deep, ERR_NOT_FOUND. */
MUST_CHECK enum err script_push_section(struct script *script, json_t *document, const char *name,
                                        const json_t *params, const json_t *call);
void script_clear_frames(struct script *script);
/** Leave the current section with a value, which is taken. */
void script_return(struct script *script, json_t *take_value);
/** Jump behind a label of the current section; false when there is none. */
bool script_jump(struct script *script, const char *label);
/** How often `label` was jumped to in this run of the section; one more after the call. */
unsigned script_count_jump(struct script *script, const char *label);
/** A document error: script_error is set, the event sent, and the call ends. */
void script_fail(struct script *script, const struct fault *fault);
void script_warn(struct script *script, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** {case, default} or a list as of cond, by return_value. */
MUST_CHECK enum err script_branch(struct script *script, const json_t *result, struct fault *fault);

/* script_vars.c */
struct expr_scope script_scope(const struct script *script);
void script_set(struct script *script, const char *name, json_t *take);
void script_set_text(struct script *script, const char *name, const char *text);
/** "<method>_result" = word */
void script_result(struct script *script, const char *method, const char *word);
const json_t *script_get(const struct script *script, const char *name);
/** The body of a fetch: {call, vars, envs, params}; the caller's. */
json_t *script_body(const struct script *script, const json_t *params);
json_t *script_describe_call(const struct scripts *scripts, const struct call *call,
                             const struct leg *far, const char *project_id);

/* Parameters of a step whose placeholders are replaced: texts stand for numbers and booleans. */
const char *param_text(const json_t *value, const char *name, const char *otherwise);
double param_number(const json_t *value, const char *name, double otherwise);
bool param_bool(const json_t *value, const char *name, bool otherwise);
/** Seconds as milliseconds, not negative, at most a day. */
int64_t param_ms(const json_t *value, const char *name, double otherwise_s);

/* script_event.c */
struct script_note {
    const char *type, *control_id, *url, *method;
    const json_t *form; /* as of script_event */
};
/** Tell whoever listens; `take_params` gets call_id, node_id and control_id. */
void scripts_tell(struct scripts *scripts, const struct call *call, const char *project_id,
                  const struct script_note *note, json_t *take_params);
/** The same of a call that may be over. */
void scripts_tell_of(struct scripts *scripts, const char *call_id, const char *project_id,
                     const struct script_note *note, json_t *take_params);
void script_tell(struct script *script, const char *type, const char *control_id,
                 json_t *take_params);

/* script_fetch.c */
typedef void (*script_fetched_fn)(void *owner, json_t *take_document, const struct fault *fault);
struct script_fetch {
    const char *url, *fallback_url;
    const char *method, *fallback_method; /* NULL: POST; NULL: as `method` */
    json_t *take_body;                    /* one of the two */
    json_t *take_form;                    /* LaML's */
};
struct script_fetching;
/** `fn` comes once, later; document NULL: `fault` tells. */
struct script_fetching *script_fetch(struct script *script, const struct script_fetch *fetch,
                                     script_fetched_fn fn, void *owner);
void script_fetch_cancel(struct script_fetching *fetching);
/** ErrorCode of an answer without a document that can be run; NULL: it could not even be asked. */
unsigned script_error_code(const struct http_client_answer *answer);
/** ErrorCode and ErrorUrl, without its credentials, for the server that is asked instead. */
void script_put_error(json_t *form, unsigned code, const char *url);
/** `url` with a form as its query; the caller's. */
char *script_url_with(const char *url, const char *query);
/** Send a request as scripts_config says, credentials of its URL as Basic. */
struct http_client_call *scripts_send(struct scripts *scripts, const struct script_request *request,
                                      http_client_fn fn, void *owner, struct fault *fault);

/** Does a LaML document run? */
bool script_is_laml(const struct script *script);

/* verb_record.c */
/** What record_call does; false when another recording runs. */
bool script_record_call(struct script *script, const json_t *value);

/* scripts.c */
/** Whom to ring for a number, sip: URI, user:NAME, or an address of that project ("/private/ann").
 * ERR_NOT_FOUND, ERR_LIMIT. */
MUST_CHECK enum err scripts_plan(struct scripts *scripts, struct slice project_id, struct slice to,
                                 struct route_plan *plan, struct fault *fault);

/* leg_script.c */
/** The far end is answered, or is being: what is played now is heard. */
void script_answer(struct script *script);
bool script_is_answered(const struct script *script);
