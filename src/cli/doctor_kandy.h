#pragma once
/* What doctor_kandy.c and doctor_ice.c share. */

#include "cli/doctor_priv.h"
#include "legs/kandy/kandy_event.h"
#include "legs/kandy/kandy_net.h"
#include "legs/kandy/kandy_reply.h"
#include "rtc/ice_uri.h"
#include "rtc/stun.h"

struct media;
struct media_stream;
struct rtc;
struct udp;

enum { DOCTOR_ICE_MAX = 16 };

/* A server to be tried. */
struct doctor_server {
    char text[200], username[KANDY_ID_MAX];
    struct secret password;
};

struct doctor_kandy {
    struct doctor *doctor;
    const struct kandy_dialect *dialect;
    bool is_auto, asks_token, has_token;
    struct kandy_identity who;
    char user[300]; /* the form that is tried */
    unsigned form;
    struct kandy_net *net;
    struct kandy_exchange *exchange;
    struct kandy_socket *socket;
    struct kandy_granted granted;
    json_t *ice_servers; /* that the cloud lists; NULL: none */
    char last_error[300];

    /* doctor_ice.c */
    struct doctor_server servers[DOCTOR_ICE_MAX];
    size_t n_servers, at_server;
    struct ice_uri uri;
    struct udp *udp;
    uint8_t stun_id[STUN_ID_LEN];
    unsigned tries;
    struct addr addr;
    struct media *media;
    struct rtc *rtc;
    struct media_stream *stream;
    char step[300];
};

/* doctor_ice.c */
/** Each STUN server is asked where we are, each TURN server for a relay. */
void doctor_ice(struct doctor *doctor);
void doctor_ice_clear(struct doctor_kandy *self);
