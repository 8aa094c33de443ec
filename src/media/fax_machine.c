#include "fax_machine.h"

#include <spandsp.h>
#include <stdio.h>

#include "base/mem.h"

enum {
    AHEAD_FRAMES = 10, /* said before it is due: what this thread may be late by */
    /* The last frame of a sender, its preamble and what is said ahead: then it is done, for the far
     * end hangs up as soon as it has heard that, and spandsp would wait another second. */
    GOODBYE_MS = 1440,
    STEP_MS = 10,  /* of T.38 */
    LATE_MS = 500, /* this thread was late by more: that time is lost */
};

struct fax_machine {
    fax_state_t *audio; /* NULL: it speaks T.38 */
    struct fax_t38 *t38;
    t30_state_t *session; /* of either */
    char *path, *identity, *header;
    int64_t t38_ms; /* how far that is; 0: not begun */
    struct pcm_pipe *heard, *play;
    bool is_sender, is_done, says_goodbye;
    bool is_delivered; /* the far end has confirmed every page: nothing can spoil that */
    unsigned pages, goodbye_ms;
    unsigned messages; /* by T.38, when it began to say goodbye */
    int code;
    unsigned rate_bps;
    char remote[FAX_IDENTITY_MAX + 1];
};

/* Count what is through: a page was confirmed, or received (T.30 phase D). */
static int on_phase_d(t30_state_t *state, void *user, int result)
{
    struct fax_machine *machine = user;
    t30_stats_t stats;
    (void)result;
    t30_get_transfer_statistics(state, &stats);
    int pages = machine->is_sender ? stats.pages_tx : stats.pages_rx;
    machine->pages = pages > 0 ? (unsigned)pages : 0;
    machine->is_delivered = machine->is_sender && pages > 0 && pages >= stats.pages_in_file;
    machine->rate_bps = pages > 0 && stats.bit_rate > 0 ? (unsigned)stats.bit_rate : 0;
    return T30_ERR_OK;
}

static void on_phase_e(t30_state_t *state, void *user, int code)
{
    struct fax_machine *machine = user;
    const char *remote = t30_get_rx_ident(state);
    if (machine->is_done)
        return;
    snprintf(machine->remote, sizeof machine->remote, "%s", remote ? remote : "");
    on_phase_d(state, user, code);
    machine->is_done = true;
    machine->code = machine->is_delivered ? T30_ERR_OK : code;
}

/* Every frame of control, heard or said. */
static void on_frame(t30_state_t *state, void *user, int is_heard, const uint8_t *frame, int len)
{
    struct fax_machine *machine = user;
    (void)state;
    if (is_heard || len <= 2 || frame[2] != (T30_DCN | 1)) /* T.30 §5.3.6.1.7: X is 1, we decide */
        return;
    machine->says_goodbye = machine->is_sender;
    machine->messages = machine->t38 ? fax_t38_messages(machine->t38) : 0;
}

static void prepare(struct fax_machine *machine)
{
    t30_state_t *t30 = machine->session;
    t30_set_tx_ident(t30, machine->identity ? machine->identity : "");
    if (machine->header)
        t30_set_tx_page_header_info(t30, machine->header);
    t30_set_ecm_capability(t30, TRUE);
    t30_set_supported_compressions(t30, T30_SUPPORT_T4_1D_COMPRESSION |
                                            T30_SUPPORT_T4_2D_COMPRESSION |
                                            T30_SUPPORT_T6_COMPRESSION);
    t30_set_supported_modems(t30, T30_SUPPORT_V27TER | T30_SUPPORT_V29 | T30_SUPPORT_V17);
    if (machine->is_sender)
        t30_set_tx_file(t30, machine->path, -1, -1);
    else
        t30_set_rx_file(t30, machine->path, -1);
    t30_set_phase_d_handler(t30, on_phase_d, machine);
    t30_set_phase_e_handler(t30, on_phase_e, machine);
    t30_set_real_time_frame_handler(t30, on_frame, machine);
}

static void say_ahead(struct fax_machine *machine)
{
    static const int16_t silence[FAX_FRAME];
    for (int i = 0; i < AHEAD_FRAMES; i++)
        pcm_pipe_write(machine->play, silence, FAX_FRAME);
}

struct fax_machine *fax_machine_create(const struct fax_machine_config *config)
{
    struct fax_machine *machine = mem_new(struct fax_machine);
    machine->is_sender = config->is_sender;
    machine->heard = config->take_heard;
    machine->play = config->take_play;
    machine->path = slice_dup(slice_of(config->path));
    machine->identity = config->identity ? slice_dup(slice_of(config->identity)) : NULL;
    machine->header = config->header ? slice_dup(slice_of(config->header)) : NULL;
    machine->audio = fax_init(NULL, config->is_sender);
    BUG_IF(!machine->audio);
    fax_set_transmit_on_idle(machine->audio, TRUE);
    machine->session = fax_get_t30_state(machine->audio);
    prepare(machine);
    say_ahead(machine);
    return machine;
}

static void leave_audio(struct fax_machine *machine)
{
    if (!machine->audio)
        return;
    fax_release(machine->audio);
    fax_free(machine->audio);
    machine->audio = NULL;
    pcm_pipe_close(machine->heard);
    pcm_pipe_close(machine->play);
}

void fax_machine_destroy(struct fax_machine *machine)
{
    fax_machine_stop(machine);
    leave_audio(machine);
    fax_t38_destroy(machine->t38);
    mem_free(machine->path);
    mem_free(machine->identity);
    mem_free(machine->header);
    mem_free(machine);
}

/* A session of T.30 cannot be carried over: both ends begin a new one, as the call is still in the
 * tones before it (T.38 §D.2). */
void fax_machine_go_t38(struct fax_machine *machine, const struct fax_remote *remote,
                        fax_t38_fn send, void *owner)
{
    if (machine->t38 || machine->is_done || machine->pages)
        return;
    t30_set_phase_d_handler(machine->session, NULL, NULL);
    t30_set_phase_e_handler(machine->session, NULL, NULL);
    t30_set_real_time_frame_handler(machine->session, NULL, NULL);
    leave_audio(machine);
    machine->says_goodbye = false;
    machine->goodbye_ms = 0;
    machine->t38 = fax_t38_create(machine->is_sender, remote, send, owner);
    machine->session = fax_t38_session(machine->t38);
    prepare(machine);
}

void fax_machine_feed(struct fax_machine *machine, struct slice datagram)
{
    if (machine->t38 && !machine->is_done)
        fax_t38_feed(machine->t38, datagram);
}

/* In step: for each frame heard one is said, AHEAD_FRAMES later. */
static void turn(struct fax_machine *machine)
{
    int16_t pcm[FAX_FRAME];
    pcm_pipe_read(machine->heard, pcm, FAX_FRAME);
    fax_rx(machine->audio, pcm, FAX_FRAME); /* writes into it, too */
    memset(pcm, 0, sizeof pcm);
    fax_tx(machine->audio, pcm, FAX_FRAME);
    if (pcm_pipe_written(machine->play) == pcm_pipe_done(machine->play))
        say_ahead(machine); /* this thread was late by all of it */
    pcm_pipe_write(machine->play, pcm, FAX_FRAME);
    if (machine->says_goodbye)
        machine->goodbye_ms += FAX_FRAME_MS;
}

static void tick_audio(struct fax_machine *machine)
{
    while (!machine->is_done && machine->goodbye_ms < GOODBYE_MS &&
           pcm_pipe_held(machine->heard) >= FAX_FRAME)
        turn(machine);
    if (pcm_pipe_is_alone(machine->play))
        fax_machine_stop(machine);
}

static void tick_t38(struct fax_machine *machine, int64_t now_ms)
{
    if (!machine->t38_ms || now_ms - machine->t38_ms > LATE_MS)
        machine->t38_ms = now_ms - STEP_MS;
    for (; now_ms - machine->t38_ms >= STEP_MS; machine->t38_ms += STEP_MS) {
        if (machine->is_done || machine->goodbye_ms >= GOODBYE_MS)
            return;
        fax_t38_tick(machine->t38, STEP_MS);
        if (machine->says_goodbye && fax_t38_messages(machine->t38) > machine->messages)
            machine->goodbye_ms = GOODBYE_MS; /* the far end has heard it, or will */
    }
}

void fax_machine_tick(struct fax_machine *machine, int64_t now_ms)
{
    if (machine->t38)
        tick_t38(machine, now_ms);
    else
        tick_audio(machine);
    if (machine->goodbye_ms >= GOODBYE_MS || machine->pages > FAX_PAGES_MAX)
        fax_machine_stop(machine);
}

void fax_machine_stop(struct fax_machine *machine)
{
    if (!machine->is_done)
        t30_terminate(machine->session); /* tells phase E */
    if (!machine->is_done)
        machine->code = T30_ERR_CALLDROPPED;
    machine->is_done = true;
}

unsigned fax_machine_pages(const struct fax_machine *machine)
{
    return machine->pages;
}

bool fax_machine_is_done(const struct fax_machine *machine)
{
    return machine->is_done;
}

struct fax_result fax_machine_result(const struct fax_machine *machine)
{
    struct fax_result result = { .success = machine->code == T30_ERR_OK,
                                 .code = machine->code,
                                 .text = t30_completion_code_to_str(machine->code),
                                 .pages = machine->pages,
                                 .is_t38 = machine->t38 != NULL,
                                 .rate_bps = machine->rate_bps };
    memcpy(result.remote_identity, machine->remote, sizeof machine->remote);
    return result;
}
