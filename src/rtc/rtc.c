#include "rtc/rtc.h"

#include <errno.h>

#include "base/mem.h"
#include "media/media.h"
#include "media/media_thread.h"
#include "rtc/cert.h"
#include "rtc/dtls.h"
#include "rtc/rtc_mux.h"

struct rtc {
    struct media *media;
    unsigned n_workers;
    struct rtc_worker **workers;
    uint16_t *ports;
    char fingerprint[CERT_FINGERPRINT_TEXT];
};

static void destroy_worker(struct rtc_worker *worker)
{
    if (!worker)
        return;
    rtc_mux_destroy(worker->mux);
    dtls_context_destroy(worker->dtls);
    mem_free(worker);
}

static enum err create_worker(struct rtc_worker **out, const struct addr *bind, struct slice cert,
                              struct slice key, struct fault *fault)
{
    char text[ADDR_TEXT];
    struct rtc_worker *worker = mem_new(struct rtc_worker);
    enum err err = dtls_context_create(&worker->dtls, cert, key, fault);
    if (!err) {
        err = rtc_mux_create(&worker->mux, bind);
        if (err)
            fault_set(fault, err, "webrtc.port", 0, "cannot bind UDP %s for WebRTC: %s",
                      addr_print(bind, text), strerror(errno));
    }
    if (err)
        destroy_worker(worker);
    else
        *out = worker;
    return err;
}

static enum err create_workers(struct rtc *rtc, const struct rtc_config *config, struct slice cert,
                               struct slice key, struct fault *fault)
{
    struct addr bind = addr_is_set(&config->bind) ? config->bind : addr_any4(0);
    for (unsigned i = 0; i < rtc->n_workers; i++) {
        unsigned port = config->first_port ? config->first_port + i : 0;
        if (port > UINT16_MAX)
            return fault_set(fault, ERR_INVALID, "webrtc.port", 0,
                             "%u media threads need as many ports from %u on, past 65535",
                             rtc->n_workers, config->first_port);
        addr_set_port(&bind, (uint16_t)port);
        enum err err = create_worker(&rtc->workers[i], &bind, cert, key, fault);
        if (err)
            return err;
        rtc->ports[i] = rtc_mux_port(rtc->workers[i]->mux);
    }
    return OK;
}

static void open_worker(struct media_thread *thread, void *arg)
{
    struct rtc_worker *worker = arg;
    worker->thread = thread;
    rtc_mux_open(worker->mux, thread);
}

static void close_worker(struct media_thread *thread, void *arg)
{
    (void)thread;
    destroy_worker(arg);
}

static void free_rtc(struct rtc *rtc)
{
    mem_free(rtc->workers);
    mem_free(rtc->ports);
    mem_free(rtc);
}

/* With the certificate at hand: nothing of `rtc` is on other threads before all of it is good. */
static enum err set_up(struct rtc *rtc, const struct rtc_config *config, struct slice cert,
                       struct slice key, struct fault *fault)
{
    enum err err = create_workers(rtc, config, cert, key, fault);
    if (!err && cert_fingerprint(cert, "sha-256", rtc->fingerprint))
        err = fault_set(fault, ERR_PARSE, "DTLS certificate", 0, "no certificate in the PEM text");
    for (unsigned i = 0; i < rtc->n_workers; i++) {
        if (err)
            destroy_worker(rtc->workers[i]);
        else
            media_thread_run(rtc->media, i, open_worker, rtc->workers[i]);
    }
    return err;
}

enum err rtc_create(struct rtc **out, struct media *media, const struct rtc_config *config,
                    struct fault *fault)
{
    char *cert = NULL, *key = NULL;
    struct rtc *rtc = mem_new(struct rtc);
    rtc->media = media;
    rtc->n_workers = media_threads(media);
    rtc->workers = mem_array(rtc->n_workers, sizeof *rtc->workers);
    rtc->ports = mem_array(rtc->n_workers, sizeof *rtc->ports);
    enum err err = OK;
    if (!config->cert_pem)
        err = cert_make_ecdsa(&cert, &key, "tandem", NULL, fault);
    if (!err)
        err = set_up(rtc, config, slice_of(cert ? cert : config->cert_pem),
                     slice_of(key ? key : config->key_pem), fault);
    if (key)
        mem_wipe(key, strlen(key));
    mem_free(key);
    mem_free(cert);
    if (err)
        free_rtc(rtc);
    else
        *out = rtc;
    return err;
}

void rtc_destroy(struct rtc *rtc)
{
    if (!rtc)
        return;
    for (unsigned i = 0; i < rtc->n_workers; i++)
        media_thread_run(rtc->media, i, close_worker, rtc->workers[i]);
    free_rtc(rtc);
}

uint16_t rtc_port(const struct rtc *rtc, unsigned thread)
{
    BUG_IF(thread >= rtc->n_workers);
    return rtc->ports[thread];
}

const char *rtc_fingerprint(const struct rtc *rtc)
{
    return rtc->fingerprint;
}

struct rtc_worker *rtc_worker_of(const struct rtc *rtc, unsigned thread)
{
    BUG_IF(thread >= rtc->n_workers);
    return rtc->workers[thread];
}
