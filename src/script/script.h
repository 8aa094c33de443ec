#pragma once
/* Scripts that drive calls: SWML documents run step by step on one far end. A script is a leg of
 * its call (leg_kind "swml"): the caller's far end is the other leg of a call that came in, the
 * called one of a call that scripts_dial_out() places. The same steps are commands of the API
 * (scripts_command()), and everything that happens comes out of one source of events, which
 * webhooks read now and RELAY will. Control thread. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/slice.h"
#include "call/call.h"
#include "net/http_client.h"

struct addr;
struct dns;
struct http_client;
struct loop;
struct media;
struct recognizer;
struct router;
struct script_source;
struct scripts;

/** Something happened that a program may want to know; borrowed until return. */
struct script_event {
    const char *type;       /* "calling.call.play" */
    const char *call_id;    /* of call_id() */
    const char *project_id; /* "" for none */
    const char *control_id; /* of the operation; "" for none */
    const char *url;        /* the status_url given for it; NULL: nobody asked by URL */
    const char *method;     /* "POST" unless told */
    const json_t *params;   /* complete: call_id, node_id, control_id, state … */
    const json_t *form;     /* the URL gets these fields, as LaML's do, in place of JSON; or NULL */
};

/** A request of a script to somebody's web server. */
struct script_request {
    struct http_client_request http; /* user:password@ already taken out of the URL */
    const char *project_id;
    bool is_signed;     /* SWML fetches are: X-SignalWire-Signature over URL and body */
    bool is_laml;       /* signed as LaML's forms are: over URL and fields */
    const json_t *form; /* the fields of its body; NULL: none */
};

struct scripts_config {
    struct loop *loop;
    struct media *media; /* NULL in simulated tests */
    struct http_client *http;
    struct recognizer *recognizer; /* understands what is said; NULL: nothing does */
    /** The signing key of a project, borrowed until return, or empty: fetches and callbacks are
     * signed with it. May be NULL. */
    struct slice (*signing_key)(void *owner, const char *project_id);
    /** Send it within the egress policy, as http_client_send(); NULL: anywhere. NULL returned:
     * refused, and `fault` says why. */
    struct http_client_call *(*send)(void *owner, const struct script_request *request,
                                     http_client_fn fn, void *fn_owner, struct fault *fault);
    struct dns *dns; /* for WebSockets of programs; NULL: there are none */
    /** The egress policy for them; NULL: anywhere. */
    bool (*may_reach)(const void *owner, const struct addr *addr);
    const void *reach_owner;
    /** Every event, in order. May be NULL. */
    void (*on_event)(void *owner, const struct script_event *event);
    /** The text of a stored script (JSON or YAML) by its name, or NULL; borrowed until return. */
    const char *(*find)(void *owner, struct slice name);
    /** How many may wait in a queue; 0: WAITING_MAX_DEFAULT. May be NULL. */
    size_t (*queue_max)(void *owner, const char *project_id, const char *name);
    /** How the web server of a number that leads to a script is asked: method, fallback_url and
     * fallback_method of `out`, borrowed until return. May be NULL. */
    void (*number_source)(void *owner, const char *number, struct script_source *out);
    /** send_sms: `params` as the method has them; the message's id, or an error with `fault`. */
    enum err (*send_sms)(void *owner, const char *project_id, const json_t *params,
                         char id[UUID_TEXT], struct fault *fault);
    void *owner;
    const char *record_dir; /* where recordings go, must exist */
};

struct scripts *scripts_create(const struct scripts_config *config);
/** "https://host:8443": what stands before /recordings/ID.wav, once listeners are up. Copied. */
void scripts_set_public_url(struct scripts *scripts, const char *url);
/** Once calls exist: kinds are needed to create them. */
void scripts_set_calls(struct scripts *scripts, struct calls *calls, struct router *router);
/** Every call must be over. NULL is fine. */
void scripts_destroy(struct scripts *scripts);
/** leg_kind.dial for targets of kind "swml": a URL, a stored script's name or a file's path. */
void scripts_dial(void *owner, struct call *call, const struct route_target *target,
                  struct cause *why);

/** Where a script comes from: exactly one of url, text and document. Copied. */
struct script_source {
    struct slice url;            /* http: or https: */
    bool is_laml;                /* it is asked with LaML's form, not with JSON */
    struct slice text;           /* JSON or YAML, or LaML */
    const json_t *document;      /* the same, parsed */
    struct slice fallback_url;   /* asked when `url` fails */
    const char *method;          /* NULL: POST */
    const char *fallback_method; /* NULL: as `method` */
};
/** Is this a script that could run? Text and documents are checked, URLs only looked at. `fault`
 * has the JSON path and the line. */
MUST_CHECK enum err script_source_check(const struct script_source *source, struct fault *fault);

/** A call that begins at our side. Copied. */
/** Who answers, a human or a machine? */
struct script_amd {
    bool message_end;         /* of a machine: wait until it records */
    bool is_async;            /* the document runs meanwhile, and `url` is told */
    const char *url, *method; /* may be NULL: nobody is told; POST */
    int64_t timeout_ms, speech_ms, speech_end_ms, silence_ms;
    unsigned words;
};
struct script_dial {
    struct slice project_id;
    struct slice from, from_name;    /* number, sip: URI or user */
    struct slice to;                 /* number, sip: URI, user:NAME, verto:NAME, client:NAME,
                                        /private/NAME */
    struct script_source source;     /* run once it is answered */
    const json_t *envs;              /* custom_variables: object of text; may be NULL */
    const json_t *params;            /* may be NULL */
    const json_t *headers;           /* X- headers of the INVITE: object of text; may be NULL */
    const char *codecs;              /* "PCMU,OPUS"; NULL: ours */
    const char *username, *password; /* SIP credentials for this call; may be NULL */
    unsigned timeout_s;              /* ringing at most; 0: 60 */
    unsigned max_duration_s;         /* 0: 14400 */
    const char *send_digits;         /* after the answer; may be NULL */
    const char *status_url;          /* calling.call.state events carry it; may be NULL */
    const char *status_events;       /* "answered ended": only those states; NULL: all */
    const char *status_method;       /* NULL: POST */
    const json_t *record;            /* record_call's parameters, from the answer on; may be NULL */
    const struct script_amd *amd;    /* LaML's forms tell who answered; NULL: nobody asks */
    bool reports_laml;               /* status_url gets LaML's forms, and those events have its
                                        words: "initiated completed" */
};
/** ERR_INVALID: a script that cannot run (`fault` as above).  ERR_NOT_FOUND: no route leads to
 * `to`. The call is under way when this returns, its end may be too. */
MUST_CHECK enum err scripts_dial_out(struct scripts *scripts, const struct script_dial *dial,
                                     struct call **out, struct fault *fault);

/** One command on a live call, with the names and params of POST /api/calling/calls:
 * "calling.play", "calling.play.stop" … `*answer`, the caller's, may stay NULL (nothing to add).
 * ERR_NOT_FOUND: no such live call, or nothing runs under that control_id.  ERR_UNSUPPORTED: no
 * such command.  ERR_INVALID: `fault.where` is the parameter.  ERR_MISUSE: not now.  ERR_EXISTS:
 * the control_id is taken. */
MUST_CHECK enum err scripts_command(struct scripts *scripts, struct slice call_id,
                                    const char *command, const json_t *params, json_t **answer,
                                    struct fault *fault);
/** Run another script on a live call instead of what runs ("update" with url or swml). */
MUST_CHECK enum err scripts_redirect(struct scripts *scripts, struct slice call_id,
                                     const struct script_source *source, struct fault *fault);
/** Post `event` to its URL, behind those of the same call; on_event hears nothing of it. */
void scripts_post(struct scripts *scripts, const struct script_event *event);
