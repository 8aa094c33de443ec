#pragma once
/* The parts of the daemon, as its files share them. */

#include <jansson.h>

#include "base/list.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/timer.h"
#include "call/call.h"
#include "daemon/daemon.h"
#include "legs/leg_env.h"
#include "media/media.h"
#include "message/message.h"
#include "net/egress.h"
#include "net/http_listener.h"

struct api;
struct bridge_face;
struct builtins;
struct config_input;
struct config_list;
struct http_client;
struct http_request;
struct http_server;
struct log_tail;
struct message_notify;
struct faxes;
struct messages;
struct sender_http;
struct script_source;
struct sender_smpp;
struct loop_lag;
struct public_address;
struct presence;
struct recognizer;
struct registrar;
struct router;
struct scripts;
struct signal_watch;
struct sip_face;
struct sip_face_account;
struct sip_face_domain;
struct sip_texts;
struct sip_uri;
struct store_number;
struct trunks;
struct trunks_news;
struct web_accounts;

enum { DAEMON_LISTENERS_MAX = 32, DAEMON_KINDS_MAX = 8 };

/* What an HTTP listener is for. */
struct daemon_listener {
    struct http_listener *http;
    bool tls;
    bool root_is_bridge; /* a bare "/" WebSocket is the bridge's */
    bool needs_auth;     /* the bridge there takes nothing before a token */
};

struct daemon {
    struct config *config;
    const struct config_input *input; /* NULL: no reload */
    struct leg_env env;
    struct router *router;
    struct builtins *builtins;
    struct trunks *trunks;
    struct registrar *registrar;
    struct presence *presence;
    struct web_accounts *web_accounts;
    struct sip_texts *texts;
    struct sip_face *sip_face;
    struct bridge_face *bridge;
    struct http_server *http;
    struct http_client *http_client; /* of scripts and webhooks */
    struct recognizer *recognizer;
    struct scripts *scripts;
    json_t *stored_scripts; /* id: text; NULL before the first look */
    json_t *resources;      /* id: number_resource(); the same */
    json_t *call_handlers;  /* number: number_call_handler(); the same */
    json_t *call_tellers;   /* number: number_call_teller(); the same */
    struct egress egress;   /* where programs may have us send to */
    json_t *text_handlers;  /* number -> what answers texts to it; NULL before the first look */
    json_t *signing_keys;   /* project id -> key */
    struct faxes *faxes;
    struct messages *messages;
    struct message_notify *message_notify;
    struct sender_http *sender_http; /* NULL: no provider's API */
    struct sender_smpp *sender_smpp; /* NULL: no centre */
    struct list texting;             /* messaging.c: on their way by SIP */
    struct api *api;
    struct public_address *public_address; /* asks for public_ip: auto; NULL otherwise */
    bool public_ip_told;                   /* it answered, or said that it cannot */
    struct log_tail *log_tail;
    struct loop_lag *lag;
    struct daemon_listener listeners[DAEMON_LISTENERS_MAX];
    size_t n_listeners;
    struct leg_kind kinds[DAEMON_KINDS_MAX];
    size_t n_kinds;
    struct list doctors; /* doctors.c */
    size_t n_doctors;
    uint32_t last_doctor;
    char *tls_cert_pem, *tls_key_pem;
    char *admin_token;
    char *record_dir; /* of recordings, in the state directory */
    struct recording_mender *recording_mender;
    struct signal_watch *on_term, *on_int, *on_hup;
    int64_t started_wall_ms;
    bool stopping, sip_done, http_done;
    struct timer stop_timer, purge_timer;
};

/* leg_kinds.c: which module serves which kind of target. */
void daemon_fill_kinds(struct daemon *daemon);
/* daemon.c */
struct media_limits daemon_media_limits(const struct config *config);
struct media_patience daemon_patience(const struct config *config);
/** local_nets of the configuration, or our own, into the environment. */
void daemon_fill_local_nets(struct daemon *daemon);
/* public_ip.c */
/** From the configuration: at once, or by asking. */
void daemon_apply_public_ip(struct daemon *daemon);
/** Until it is known or will not be soon: what is announced must be true. */
void daemon_await_public_ip(struct daemon *daemon);
/* housekeeping.c: what grows old goes. */
void daemon_start_housekeeping(struct daemon *daemon);
/* routing.c: the router from the configuration and the store. */
MUST_CHECK enum err daemon_fill_router(struct daemon *daemon, struct fault *fault);
/** Routes and default of that configuration into that router. */
MUST_CHECK enum err daemon_fill_routes(struct router *router, const struct config *config,
                                       struct fault *fault);
/* reload.c: read the configuration again and apply what can be; nothing changes on an error. `*out`
 * may be NULL; else as POST reload of the admin API, the caller's. */
MUST_CHECK enum err daemon_reload(struct daemon *daemon, json_t **out, struct fault *fault);
/** Numbers, and the resources that they lead to. */
void daemon_reload_numbers(struct daemon *daemon);
/** scripts_config.number_source */
void daemon_number_source(void *daemon, const char *number, struct script_source *out);
/* listen.c */
MUST_CHECK enum err daemon_listen_sip(struct daemon *daemon, struct fault *fault);
MUST_CHECK enum err daemon_listen_http(struct daemon *daemon, struct fault *fault);
/** The ready file (and ready.json in the state directory), and the addresses for people. */
MUST_CHECK enum err daemon_announce(struct daemon *daemon, struct fault *fault);
/** The first TLS listener's port, or 0. */
uint16_t daemon_https_port(const struct daemon *daemon);
/* doctors.c: as doctor_start and doctor_report of admin_live_ops */
uint32_t daemon_doctor_start(struct daemon *daemon, const char *trunk, const char *dry_invite,
                             bool try_forms);
json_t *daemon_doctor_report(struct daemon *daemon, uint32_t id, bool *is_known);
void daemon_drop_doctors(struct daemon *daemon);
/* live.c: the API, with what it may see of the daemon. */
void daemon_open_api(struct daemon *daemon);
/** Devices made from now on are told the domain of the configuration, or our address. */
void daemon_tell_domain(struct daemon *daemon);
/** What web phones that fetch their account are told; once the listeners are up, and again when the
 * configuration changes. */
void daemon_tell_provisioning(struct daemon *daemon);
/** Every registration, ours and others', as rows of `tandem registrations`; the caller's. */
json_t *daemon_registrations(const struct daemon *daemon);
/* news.c: what trunks tell beside calls. */
extern const struct trunks_news daemon_trunk_news;
/* status.c: /status, /registrations and /calls; false when it is none of them. */
bool daemon_serve_status(struct daemon *daemon, struct http_request *request);
/* metrics_table.c: answers /metrics. */
void daemon_serve_metrics(struct daemon *daemon, struct http_request *request);
/* pages.c: the files built in; false when the path is none of theirs. */
bool daemon_serve_page(struct http_request *request);
/* messaging.c: the queue of texts, and the ways out of it. */
MUST_CHECK enum err daemon_open_messages(struct daemon *daemon, struct fault *fault);
void daemon_close_messages(struct daemon *daemon);
/** scripts_config.send_sms */
enum err daemon_send_sms(void *daemon, const char *project_id, const json_t *params,
                         char id[UUID_TEXT], struct fault *fault);
/* number_status.c: the call, which is over, was for a number whose program wants to know */
void daemon_tell_number(struct daemon *daemon, const struct call *call);
/* faxing.c: once scripts are open */
void daemon_open_faxes(struct daemon *daemon);
/* domains.c */
/** Under which name the router knows who handles the calls of an account. */
bool daemon_account_key(struct slice sip_user, char *out, size_t cap);
/** Under which name it knows the domain of that resource; false: it is none. */
bool daemon_domain_key(const json_t *resource, char *out, size_t cap);
/** Who answers its calls, or handles those of an endpoint, as number_call_handler(), and what else
 * it says of them; the caller's. */
json_t *daemon_domain_handler(const struct daemon *daemon, const json_t *resource);
/** sip_face_set_domains() */
bool daemon_find_domain(void *daemon, const struct sip_uri *uri, const struct addr *from,
                        struct sip_face_domain *out);
/** sip_face_set_accounts() */
void daemon_find_account(void *daemon, struct slice sip_user, struct slice dialled,
                         struct sip_face_account *out);
/* scripting.c */
struct slice daemon_signing_key(void *daemon, const char *project_id);
/** What programs keep here and numbers lead to, by id; again when it changes. */
void daemon_reload_resources(struct daemon *daemon);
/** The text of a script that is kept, by its id; NULL; borrowed. */
const char *daemon_stored_script(const struct daemon *daemon, struct slice id);

/* texts_in.c */
/** Numbers were read: whose texts does a program answer? */
void daemon_note_text_handlers(struct daemon *daemon, const struct store_number *rows, size_t n);
/** A text for a number that a program answers: kept, and answered. False when it is none
 * (`*is_programs`), or cannot be kept. */
bool daemon_take_text(struct daemon *daemon, const struct message_new *text, bool *is_programs);
/** A text that a provider brings. */
void daemon_text_came(struct daemon *daemon, const struct message_new *text);
/** Who takes a text there: messages_ops.route. */
bool daemon_route_text(void *daemon, const struct message_new *message, char out[MESSAGE_TARGET]);
/** POST /messages/inbound and /messages/receipt of messages.http's provider; false: not these. */
bool daemon_serve_provider(struct daemon *daemon, struct http_request *request);
/** The egress policy from the configuration. */
void daemon_fill_egress(struct daemon *daemon);
void daemon_open_scripts(struct daemon *daemon);
void daemon_reload_signing_keys(struct daemon *daemon);
/* state.c: what lives in the state directory. */
MUST_CHECK enum err daemon_open_state(struct daemon *daemon, struct fault *fault);
/* keys.c: the keys that seal secrets at rest, env.seal; from the configuration or the state
 * directory. */
MUST_CHECK enum err daemon_open_keys(struct daemon *daemon, struct fault *fault);
/** A fresh key in front, written down; ERR_UNSUPPORTED when the configuration gives the keys. */
MUST_CHECK enum err daemon_renew_key(struct daemon *daemon, struct fault *fault);
/** Every text is sealed with the first key: the file forgets the others. */
MUST_CHECK enum err daemon_keep_first_key(struct daemon *daemon, struct fault *fault);
/** Says so in the log when the database was sealed with a key that we do not have. */
void daemon_check_keys(struct daemon *daemon);
/* web.c: pages, health, upgrades; the rest is api/'s. */
extern const struct http_server_events daemon_http_events;
extern const struct ws_server_events daemon_ws_events;
