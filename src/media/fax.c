#include "fax.h"

#include <pthread.h>
#include <signal.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "media/fax_machine.h"
#include "media/fax_wire.h"
#include "media/media_priv.h"
#include "media/rtp_ports.h"

enum {
    MAILBOX_CAP = 256, /* more than FAX_MAX faxes can have to say: control never waits */
    TICK_MS = 10,
    HEARD_MS = 1000, /* a second of a busy machine's thread */
    PLAY_MS = 400,
    LATE_MS = 160, /* of what is heard: as much jitter does no harm */
};

enum t38_state { T38_NONE, T38_OPEN, T38_ON };

struct fax {
    struct list link;
    struct fax_office *office;
    uint32_t id;
    unsigned pages;
    enum t38_state t38;
    struct rtp_pair pair; /* T38_OPEN: its even socket, T38_ON: of its thread */
    const struct fax_events *events;
    void *owner;
};

/* A machine on its thread. */
struct place {
    struct list link;
    uint32_t id;
    unsigned pages; /* that control knows of */
    struct fax_machine *machine;
    struct fax_wire wire;
    uint16_t port; /* of it */
};

enum order { ORDER_RUN, ORDER_T38, ORDER_STOP, ORDER_DROP, ORDER_END, ORDERS };
struct t38_order { /* heap */
    int fd;        /* -1: the one that it has */
    uint16_t port;
    struct fax_remote remote;
};
struct msg {
    enum order order;
    uint32_t id;
    union {
        struct fax_machine *give;
        struct t38_order *t38;
    };
};
struct news {
    uint32_t id;
    uint16_t port; /* is free again; 0: something else */
    unsigned page; /* 0: it is over */
    struct fax_result result;
};

struct fax_office {
    struct media *media;
    struct list live; /* of struct fax */
    unsigned n;
    uint32_t last_id;
    struct mailbox *news;
    pthread_t thread;
    struct loop *loop; /* of the thread; NULL: it has not begun */
    struct mailbox *box;
    struct list places;
    struct timer timer;
};

/* --- the thread of the machines --- */

static void tell(struct fax_office *office, const struct news *news)
{
    mailbox_post_wait(office->news, news);
}

static void give_back(struct fax_office *office, int fd, uint16_t port)
{
    if (fd < 0)
        return;
    close(fd);
    tell(office, &(struct news){ .port = port });
}

static void leave(struct fax_office *office, struct place *place)
{
    list_remove(&place->link);
    fax_machine_destroy(place->machine);
    give_back(office, place->wire.fd, place->port);
    mem_free(place);
}

/* What became of it; true: it is over, and left. */
static bool tell_place(struct fax_office *office, struct place *place)
{
    while (place->pages < fax_machine_pages(place->machine))
        tell(office, &(struct news){ .id = place->id, .page = ++place->pages });
    if (!fax_machine_is_done(place->machine))
        return false;
    const struct news news = { .id = place->id, .result = fax_machine_result(place->machine) };
    leave(office, place); /* first: the file is to be complete */
    tell(office, &news);
    return true;
}

static void turn(struct fax_office *office, struct place *place)
{
    char mem[UDPTL_DATAGRAM_MAX];
    struct slice datagram;
    while (fax_wire_read(&place->wire, mem, &datagram))
        fax_machine_feed(place->machine, datagram);
    fax_machine_tick(place->machine, loop_now_ms(office->loop));
}

static void on_tick(void *owner)
{
    struct fax_office *office = owner;
    LIST_EACH(link, &office->places)
    {
        struct place *place = LIST_ITEM(link, struct place, link);
        turn(office, place);
        tell_place(office, place);
    }
    if (!list_empty(&office->places))
        loop_timer_start(office->loop, &office->timer, TICK_MS, on_tick, office);
}

static struct place *find_place(struct fax_office *office, uint32_t id)
{
    LIST_EACH(link, &office->places)
    {
        struct place *place = LIST_ITEM(link, struct place, link);
        if (place->id == id)
            return place;
    }
    return NULL;
}

static void do_run(struct fax_office *office, const struct msg *msg)
{
    struct place *place = mem_new(struct place);
    place->id = msg->id;
    place->machine = msg->give;
    fax_wire_init(&place->wire);
    if (list_empty(&office->places))
        loop_timer_start(office->loop, &office->timer, TICK_MS, on_tick, office);
    list_append(&office->places, &place->link);
}

static void send_datagram(void *owner, struct slice datagram)
{
    fax_wire_send(&((struct place *)owner)->wire, datagram);
}

static void do_t38(struct fax_office *office, const struct msg *msg)
{
    struct place *place = find_place(office, msg->id);
    const struct t38_order *t38 = msg->t38;
    if (place) {
        if (t38->fd >= 0) {
            place->wire.fd = t38->fd;
            place->port = t38->port;
        }
        rtp_learn_set_remote(&place->wire.learn, &t38->remote.rtp);
        fax_machine_go_t38(place->machine, &t38->remote, send_datagram, place);
    } else {
        give_back(office, t38->fd, t38->port);
    }
    mem_free(msg->t38);
}

static void do_stop(struct fax_office *office, const struct msg *msg)
{
    struct place *place = find_place(office, msg->id);
    if (!place)
        return;
    turn(office, place); /* what came last may be the last word */
    fax_machine_stop(place->machine);
    tell_place(office, place);
}

static void do_drop(struct fax_office *office, const struct msg *msg)
{
    struct place *place = find_place(office, msg->id);
    if (place)
        leave(office, place);
}

static void do_end(struct fax_office *office, const struct msg *msg)
{
    (void)msg;
    loop_timer_stop(office->loop, &office->timer);
    loop_stop(office->loop);
}

static void on_msg(void *owner, const void *msg)
{
    static void (*const orders[])(struct fax_office *, const struct msg *) = {
        [ORDER_RUN] = do_run,   [ORDER_T38] = do_t38, [ORDER_STOP] = do_stop,
        [ORDER_DROP] = do_drop, [ORDER_END] = do_end,
    };
    _Static_assert(sizeof orders / sizeof orders[0] == ORDERS, "each order is obeyed");
    orders[((const struct msg *)msg)->order](owner, msg);
}

static void *run(void *arg)
{
    loop_run(((struct fax_office *)arg)->loop);
    return NULL;
}

/* --- control --- */

static void free_port(struct fax_office *office, uint16_t port)
{
    rtp_ports_give_back(media_rtp_ports(office->media), port,
                        loop_now_ms(media_control_loop(office->media)));
}

static void on_news(void *owner, const void *msg)
{
    struct fax_office *office = owner;
    const struct news *news = msg;
    if (news->port)
        free_port(office, news->port);
    LIST_EACH(link, &office->live)
    {
        struct fax *fax = LIST_ITEM(link, struct fax, link);
        if (fax->id != news->id)
            continue;
        if (news->page)
            fax->pages = news->page;
        if (news->page)
            fax->events->on_page(fax->owner, news->page);
        else
            fax->events->on_done(fax->owner, &news->result);
        return;
    }
}

struct fax_office *fax_office_create(struct media *media)
{
    struct fax_office *office = mem_new(struct fax_office);
    office->media = media;
    list_init(&office->live);
    list_init(&office->places);
    return office;
}

static void begin(struct fax_office *office)
{
    sigset_t all, before;
    /* what libtiff has to say about a document is in the result */
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandler(NULL);
    office->loop = loop_create();
    office->box = mailbox_create(office->loop, sizeof(struct msg), MAILBOX_CAP, on_msg, office);
    office->news = mailbox_create(media_control_loop(office->media), sizeof(struct news),
                                  MAILBOX_CAP, on_news, office);
    sigfillset(&all); /* signals are control's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    BUG_IF(pthread_create(&office->thread, NULL, run, office));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(office->thread, "fax");
}

void fax_office_destroy(struct fax_office *office)
{
    if (!office)
        return;
    BUG_IF(office->n > 0);
    if (office->loop) {
        mailbox_post_wait(office->box, &(struct msg){ .order = ORDER_END });
        BUG_IF(pthread_join(office->thread, NULL));
        mailbox_destroy(office->box);
        LIST_EACH(link, &office->places)
        leave(office, LIST_ITEM(link, struct place, link));
        loop_destroy(office->loop);
        mailbox_destroy(office->news);
    }
    mem_free(office);
}

enum err fax_create(struct fax **out, struct fax_office *office, const struct fax_config *config,
                    const struct fax_events *events, void *owner)
{
    if (office->n >= FAX_MAX)
        return ERR_LIMIT;
    if (!office->loop)
        begin(office);
    struct fax *fax = mem_new(struct fax);
    *fax =
        (struct fax){ .office = office, .id = ++office->last_id, .events = events, .owner = owner };
    list_append(&office->live, &fax->link);
    office->n++;
    struct pcm_pipe *heard = pcm_pipe_create(FAX_RATE_HZ / 1000 * HEARD_MS),
                    *play = pcm_pipe_create(FAX_RATE_HZ / 1000 * PLAY_MS);
    const struct fax_machine_config machine = { .is_sender = config->is_sender,
                                                .path = config->path,
                                                .identity = config->identity,
                                                .header = config->header,
                                                .take_heard = heard,
                                                .take_play = play };
    const struct msg msg = { .order = ORDER_RUN,
                             .id = fax->id,
                             .give = fax_machine_create(&machine) };
    media_stream_pipes(config->stream, &(struct media_pipes){ .heard = heard,
                                                              .play = play,
                                                              .rate_hz = FAX_RATE_HZ,
                                                              .late_ms = LATE_MS });
    mailbox_post_wait(office->box, &msg);
    *out = fax;
    return OK;
}

void fax_stop(struct fax *fax)
{
    mailbox_post_wait(fax->office->box, &(struct msg){ .order = ORDER_STOP, .id = fax->id });
}

enum err fax_open_t38(struct fax *fax, struct addr *local, struct fault *fault)
{
    struct fax_office *office = fax->office;
    if (fax->pages && fax->t38 != T38_ON)
        return fault_set(fault, ERR_MISUSE, "", 0, "the fax is under way in audio");
    if (fax->t38 == T38_NONE) {
        enum err err = rtp_ports_take(media_rtp_ports(office->media), &fax->pair,
                                      loop_now_ms(media_control_loop(office->media)), fault);
        if (err)
            return err;
        close(fax->pair.rtcp_fd);
        fax->t38 = T38_OPEN;
    }
    *local = fax->pair.rtp;
    return OK;
}

void fax_go_t38(struct fax *fax, const struct fax_remote *remote)
{
    BUG_IF(fax->t38 == T38_NONE);
    struct t38_order *t38 = mem_new(struct t38_order);
    t38->fd = fax->t38 == T38_OPEN ? fax->pair.rtp_fd : -1;
    t38->port = addr_port(&fax->pair.rtp);
    t38->remote = *remote;
    fax->t38 = T38_ON;
    mailbox_post_wait(fax->office->box,
                      &(struct msg){ .order = ORDER_T38, .id = fax->id, .t38 = t38 });
}

void fax_close_t38(struct fax *fax)
{
    if (fax->t38 != T38_OPEN)
        return;
    close(fax->pair.rtp_fd);
    free_port(fax->office, addr_port(&fax->pair.rtp));
    fax->t38 = T38_NONE;
}

void fax_destroy(struct fax *fax)
{
    if (!fax)
        return;
    fax_close_t38(fax);
    mailbox_post_wait(fax->office->box, &(struct msg){ .order = ORDER_DROP, .id = fax->id });
    list_remove(&fax->link);
    fax->office->n--;
    mem_free(fax);
}
