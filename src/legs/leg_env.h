#pragma once
/* What the leg kinds need from the daemon: engines and policies, wired once in daemon/. Control
 * thread. */

#include "call/leg.h"
#include "net/addr.h"

struct calls;
struct config;
struct dns;
struct leg_users;
struct loop;
struct media;
struct rtc;
struct seal;
struct sip_agent;
struct store;
struct trace;

struct leg_env {
    struct loop *loop;
    struct media *media;
    struct rtc *rtc;
    struct calls *calls;
    struct sip_agent *agent;
    struct dns *dns;
    struct store *store;
    struct leg_users *users; /* of the store */
    struct seal *seal;       /* opens what the store keeps sealed */
    struct trace *trace;     /* NULL: none is kept */
    const struct config *config;
    struct addr public_ip;                         /* unset: local addresses only */
    struct addr_block local_nets[ADDR_BLOCKS_MAX]; /* these get local addresses all the same */
    size_t n_local_nets;
    struct leg_codecs sip_codecs; /* offered to SIP, in order */
    struct leg_codecs web_codecs; /* offered to pages, in order */
};
