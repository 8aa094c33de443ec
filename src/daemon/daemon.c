#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/faxes.h"
#include "base/log_tail.h"
#include "base/loop.h"
#include "base/loop_lag.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "base/worker.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "daemon/recording_mender.h"
#include "legs/bridge_face.h"
#include "legs/leg_echo.h"
#include "legs/leg_policy.h"
#include "legs/presence.h"
#include "legs/registrar.h"
#include "legs/sip_face.h"
#include "legs/sip_texts.h"
#include "legs/trace.h"
#include "legs/trunks.h"
#include "legs/web_accounts.h"
#include "media/codecs.h"
#include "media/media.h"
#include "media/recognizer.h"
#include "message/message.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "rtc/public_address.h"
#include "rtc/rtc_transport.h"
#include "script/script.h"
#include "sip/sip_agent.h"
#include "sip/sip_ws.h"
#include "store/store.h"

enum { STOP_GRACE_MS = 2000, STOP_LIMIT_MS = 8000 };

void daemon_fill_local_nets(struct daemon *daemon)
{
    struct leg_env *env = &daemon->env;
    const struct config *config = daemon->config;
    env->n_local_nets = 0;
    for (size_t i = 0; i < config->local_nets.n && env->n_local_nets < ADDR_BLOCKS_MAX; i++)
        if (!addr_block_parse(slice_of(config->local_nets.items[i]),
                              &env->local_nets[env->n_local_nets]))
            env->n_local_nets++;
    if (!config->local_nets.n)
        env->n_local_nets = addr_local_nets(env->local_nets, ADDR_BLOCKS_MAX - 1);
    if (env->n_local_nets < ADDR_BLOCKS_MAX &&
        !addr_block_parse(SLICE("127.0.0.0/8"), &env->local_nets[env->n_local_nets]))
        env->n_local_nets++;
}

static void fill_policies(struct daemon *daemon)
{
    struct leg_env *env = &daemon->env;
    const struct config *config = daemon->config;
    size_t n;
    const struct codec *const *all = codecs_all(&n);
    env->sip_codecs = leg_codecs_named(&config->codecs);
    for (size_t i = 0; i < n && i < LEG_CODECS_MAX; i++)
        env->web_codecs.list[env->web_codecs.n++] = all[i];
    daemon_fill_local_nets(daemon);
}

static enum err open_store(struct daemon *daemon, struct fault *fault)
{
    struct store_config store = { .loop = daemon->env.loop,
                                  .url = daemon->config->store_url,
                                  .state_dir = daemon->config->state_dir };
    return store_open(&daemon->env.store, &store, fault);
}

struct media_patience daemon_patience(const struct config *config)
{
    return (struct media_patience){ .silent_ms = (int64_t)config->media_alert_s * 1000,
                                    .timeout_ms = (int64_t)config->media_timeout_s * 1000,
                                    .held_ms = (int64_t)config->media_silent_s * 1000 };
}

struct media_limits daemon_media_limits(const struct config *config)
{
    return (struct media_limits){ .transcode_percent = (unsigned)config->transcode_limit,
                                  .percent = (unsigned)config->load_limit }; /* 0 to 100 */
}

static enum err open_media(struct daemon *daemon, struct fault *fault)
{
    const struct config *config = daemon->config;
    struct addr bind = { 0 };
    if (addr_parse_ip(slice_of(config->rtp_host), 0, &bind))
        bind = addr_any4(0);
    struct media_config media = {
        .threads = config->threads == CONFIG_AUTO ? 0 : (unsigned)config->threads,
        .rtp_min = config->rtp_ports.low,
        .rtp_max = config->rtp_ports.high,
        .bind = bind,
        .patience = daemon_patience(config),
        .limits = daemon_media_limits(config),
    };
    enum err err = media_create(&daemon->env.media, daemon->env.loop, &media, fault);
    if (err)
        return err;
    struct rtc_config rtc = { .first_port =
                                  config_webrtc_port(config, media_threads(daemon->env.media)),
                              .bind = bind };
    return rtc_create(&daemon->env.rtc, daemon->env.media, &rtc, fault);
}

static enum err open_dns(struct daemon *daemon, struct fault *fault)
{
    struct dns_config dns = { 0 };
    const struct config_list *servers = &daemon->config->dns_servers;
    for (size_t i = 0; i < servers->n && dns.n_servers < DNS_MAX_SERVERS; i++)
        if (addr_parse(slice_of(servers->items[i]), 53, &dns.servers[dns.n_servers]))
            return fault_set(fault, ERR_INVALID, "dns.servers", 0, "'%s' is not an address",
                             servers->items[i]);
        else
            dns.n_servers++;
    enum err err = dns_create(&daemon->env.dns, daemon->env.loop, &dns);
    return err ? fault_set(fault, err, "dns", 0, "the resolver did not start") : OK;
}

static enum err open_sip(struct daemon *daemon, struct fault *fault)
{
    struct leg_env *env = &daemon->env;
    daemon->sip_face = sip_face_create(env);
    struct sip_agent_config agent = {
        .user_agent = SLICE("WebRTC-SIP-Bridge/1.0 tandem/" TANDEM_VERSION),
        .server = SLICE("WebRTC-SIP-Bridge/1.0 tandem/" TANDEM_VERSION),
        .local_nets = env->local_nets,
        .n_local_nets = env->n_local_nets,
        .rate = (unsigned)env->config->sip_rate, /* 0 or more: its row */
    };
    daemon_apply_public_ip(daemon);
    agent.public_ip = env->public_ip;
    env->agent = sip_agent_create(env->loop, &agent, &sip_face_events, daemon->sip_face);
    enum err err = daemon_listen_sip(daemon, fault);
    if (err)
        return err;
    daemon->trunks = trunks_create(env);
    daemon->registrar = registrar_create(env);
    daemon->presence = presence_create(env, daemon->registrar);
    daemon->web_accounts = web_accounts_create(env, daemon->registrar);
    sip_face_wire(daemon->sip_face, daemon->trunks, daemon->registrar);
    sip_face_set_domains(daemon->sip_face, daemon_find_domain, daemon);
    return OK;
}

static void on_call_event(void *owner, const struct call *call, uint32_t leg, const char *kind,
                          const char *text)
{
    struct daemon *daemon = owner;
    presence_call_event(daemon->presence, call, leg, kind);
    if (!leg && strcmp(kind, "state") == 0 && strcmp(text, call_state_name(CALL_DONE)) == 0)
        daemon_tell_number(daemon, call);
}

static void open_calls(struct daemon *daemon)
{
    struct leg_env *env = &daemon->env;
    daemon->builtins = builtins_create(env);
    daemon->bridge = bridge_face_create(env);
    daemon->router = router_create();
    daemon->texts = sip_texts_create(env, daemon->trunks, daemon->registrar, daemon->router);
    daemon_open_scripts(daemon);
    daemon_open_faxes(daemon);
    daemon_fill_kinds(daemon);
    struct calls_config calls = {
        .loop = env->loop,
        .media = env->media,
        .router = daemon->router,
        .kinds = daemon->kinds,
        .n_kinds = daemon->n_kinds,
        .ring_timeout_ms = (int64_t)daemon->config->ring_timeout_s * 1000,
        .max_calls = (size_t)daemon->config->max_calls,
        .store = env->store,
        .record_dir = daemon->record_dir,
        .on_event = on_call_event,
        .owner = daemon,
    };
    env->calls = calls_create(&calls);
    scripts_set_calls(daemon->scripts, env->calls, daemon->router);
}

static void on_signal(void *arg)
{
    daemon_stop(arg);
}

static void on_hup(void *arg)
{
    struct fault fault = { 0 };
    (void)!daemon_reload(arg, NULL, &fault); /* it logs what it did, or why not */
}

void daemon_set_input(struct daemon *daemon, const struct config_input *input)
{
    daemon->input = input;
}

static void watch_signals(struct daemon *daemon)
{
    daemon->on_term = signal_watch_create(daemon->env.loop, SIGTERM, on_signal, daemon);
    daemon->on_hup = signal_watch_create(daemon->env.loop, SIGHUP, on_hup, daemon);
    daemon->on_int = signal_watch_create(daemon->env.loop, SIGINT, on_signal, daemon);
}

enum err daemon_create(struct daemon **out, struct config *take_config, struct fault *fault)
{
    struct daemon *daemon = mem_new(struct daemon);
    daemon->config = take_config;
    daemon->env.config = take_config;
    daemon->env.loop = loop_create();
    daemon->log_tail = log_tail_create();
    log_set_tap(log_tail_tap, daemon->log_tail);
    daemon->lag = loop_lag_create(daemon->env.loop);
    daemon->env.trace = trace_create(daemon->env.loop);
    list_init(&daemon->doctors);
    list_init(&daemon->texting);
    daemon->started_wall_ms = loop_wall_ms(daemon->env.loop);
    fill_policies(daemon);
    enum err err = daemon_open_state(daemon, fault);
    if (!err)
        err = open_store(daemon, fault);
    if (!err)
        err = open_media(daemon, fault);
    if (!err)
        err = open_dns(daemon, fault);
    if (!err)
        err = open_sip(daemon, fault);
    if (!err) {
        open_calls(daemon);
        err = daemon_fill_router(daemon, fault);
    }
    if (!err)
        err = daemon_open_messages(daemon, fault);
    if (!err) {
        daemon_open_api(daemon);
        err = daemon_listen_http(daemon, fault);
    }
    if (!err)
        daemon_tell_provisioning(daemon);
    if (!err) {
        daemon_await_public_ip(daemon);
        watch_signals(daemon); /* who reads the ready file may stop us at once */
        err = daemon_announce(daemon, fault);
    }
    if (err) {
        daemon_destroy(daemon);
        return err;
    }
    trunks_set_news(daemon->trunks, &daemon_trunk_news, daemon);
    trunks_start(daemon->trunks);
    messages_start(daemon->messages);
    daemon_check_keys(daemon);
    daemon->recording_mender = recording_mender_create(daemon->env.loop, daemon->env.store,
                                                       daemon->record_dir, daemon->started_wall_ms);
    daemon_start_housekeeping(daemon);
    *out = daemon;
    return OK;
}

void daemon_run(struct daemon *daemon)
{
    loop_run(daemon->env.loop);
}

static void stop_if_done(struct daemon *daemon)
{
    if (daemon->sip_done && daemon->http_done)
        loop_stop(daemon->env.loop);
}

static void on_sip_done(void *owner)
{
    struct daemon *daemon = owner;
    daemon->sip_done = true;
    stop_if_done(daemon);
}

static void on_http_done(void *owner)
{
    struct daemon *daemon = owner;
    daemon->http_done = true;
    stop_if_done(daemon);
}

static void on_stop_limit(void *owner)
{
    struct daemon *daemon = owner;
    log_warn(NULL, "stopping took too long: some peers were not told");
    loop_stop(daemon->env.loop);
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->stopping)
        return;
    daemon->stopping = true;
    log_info(NULL, "stopping calls=%zu", calls_count(daemon->env.calls));
    struct cause cause = cause_of_token("shutdown", CAUSE_BY_SYSTEM, NULL);
    calls_end_all(daemon->env.calls, &cause);
    messages_stop(daemon->messages);
    trunks_stop(daemon->trunks);
    presence_stop(daemon->presence);
    loop_timer_start(daemon->env.loop, &daemon->stop_timer, STOP_LIMIT_MS, on_stop_limit, daemon);
    http_server_stop(daemon->http, on_http_done, daemon);
    sip_agent_shutdown(daemon->env.agent, STOP_GRACE_MS, on_sip_done, daemon);
}

void daemon_destroy(struct daemon *daemon)
{
    struct leg_env *env = &daemon->env;
    if (env->store)
        store_forget(env->store, daemon);
    signal_watch_destroy(daemon->on_term);
    signal_watch_destroy(daemon->on_int);
    signal_watch_destroy(daemon->on_hup);
    loop_timer_stop(env->loop, &daemon->stop_timer);
    loop_timer_stop(env->loop, &daemon->purge_timer);
    if (env->agent)
        sip_ws_close_all(env->agent);
    http_server_destroy(daemon->http);
    api_destroy(daemon->api);
    daemon_drop_doctors(daemon);
    daemon_close_messages(daemon);
    sip_texts_destroy(daemon->texts);
    presence_destroy(daemon->presence);
    daemon->presence = NULL;
    bridge_face_destroy(daemon->bridge);
    calls_destroy(env->calls);
    router_destroy(daemon->router);
    faxes_destroy(daemon->faxes);
    daemon->faxes = NULL;
    scripts_destroy(daemon->scripts);
    recognizer_destroy(daemon->recognizer);
    http_client_destroy(daemon->http_client);
    json_decref(daemon->signing_keys);
    json_decref(daemon->stored_scripts);
    json_decref(daemon->resources);
    json_decref(daemon->call_handlers);
    json_decref(daemon->call_tellers);
    json_decref(daemon->text_handlers);
    builtins_destroy(daemon->builtins);
    sip_face_destroy(daemon->sip_face);
    web_accounts_destroy(daemon->web_accounts);
    registrar_destroy(daemon->registrar);
    trunks_destroy(daemon->trunks);
    if (env->agent)
        sip_agent_destroy(env->agent);
    public_address_destroy(daemon->public_address);
    dns_destroy(env->dns);
    loop_turn(env->loop, 1); /* deferred ends and closing handles */
    if (env->rtc)
        rtc_destroy(env->rtc);
    if (env->media)
        media_destroy(env->media);
    store_close(env->store);
    recording_mender_destroy(daemon->recording_mender);
    trace_destroy(env->trace);
    log_set_tap(NULL, NULL);
    log_tail_destroy(daemon->log_tail);
    loop_lag_destroy(daemon->lag);
    seal_destroy(env->seal);
    loop_destroy(env->loop);
    mem_free(daemon->tls_cert_pem);
    mem_free(daemon->tls_key_pem);
    mem_free(daemon->admin_token);
    mem_free(daemon->record_dir);
    config_destroy(daemon->config);
    mem_free(daemon);
}
