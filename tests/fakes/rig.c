#include "fakes/rig.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "call/call.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/daemon_priv.h"
#include "sip/sip_agent.h"
#include "store/store_rows.h"

enum { RIG_YAML_MAX = 8192, RIG_TIMELINE_MAX = 32 << 10 };

static const char base_yaml[] = "listen:\n"
                                "  http: 127.0.0.1:0\n"
                                "  https: []\n"
                                "  sip: {udp: 127.0.0.1:0}\n"
                                "store: ':memory:'\n";

int64_t rig_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Every line from `log_from` on, into `log`. */
static void read_log(struct rig *rig)
{
    ssize_t len = pread(rig->log_fd, rig->log, RIG_LOG_MAX - 1, rig->log_from);
    rig->log[len > 0 ? len : 0] = '\0';
}

void rig_create(struct rig *rig)
{
    *rig = (struct rig){ 0 };
    snprintf(rig->dir, sizeof rig->dir, "/tmp/tandem-rig-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    rig->far_loop = loop_create();
    rig->log = mem_alloc(RIG_LOG_MAX);
    rig->log_fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(rig->log_fd >= 0);
    log_set_fd(rig->log_fd);
}

static void path_of(const struct rig *rig, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", rig->dir, name);
}

static struct config *load(const struct rig *rig, const char *yaml)
{
    char path[128], env[128];
    path_of(rig, "tandem.yaml", path);
    path_of(rig, ".env", env);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s%s", base_yaml, yaml);
    fclose(file);
    file = fopen(env, "w"); /* so that no .env of the working directory is read */
    assert_non_null(file);
    fclose(file);
    char *args[] = { (char *)(uintptr_t) "--config",   path,
                     (char *)(uintptr_t) "--env-file", env,
                     (char *)(uintptr_t) "--state",    (char *)(uintptr_t)rig->dir };
    struct config_input input = { .args = args, .n_args = COUNT_OF(args) };
    struct config *config = NULL;
    struct fault fault = { 0 };
    if (config_load(&config, &input, &fault))
        fail_msg("%d: %s %s", fault.line, fault.where, fault.text);
    return config;
}

enum err rig_try_start(struct rig *rig, const char *yaml, struct fault *fault)
{
    return daemon_create(&rig->daemon, load(rig, yaml), fault);
}

void rig_start(struct rig *rig, const char *yaml)
{
    struct fault fault = { 0 };
    if (rig_try_start(rig, yaml, &fault))
        fail_msg("%s %s", fault.where, fault.text);
    rig->loop = rig->daemon->env.loop;
    assert_int_equal(sip_agent_listeners(rig->daemon->env.agent, SIP_UDP, &rig->sip, 1), 1);
}

static void remove_dir(const char *path)
{
    char inside[400];
    struct dirent *entry;
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            remove_dir(inside);
        else
            unlink(inside);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void rig_destroy(struct rig *rig)
{
    if (rig->daemon) {
        daemon_stop(rig->daemon);
        daemon_run(rig->daemon);
        daemon_destroy(rig->daemon);
    }
    loop_turn(rig->far_loop, 1);
    loop_destroy(rig->far_loop);
    log_set_fd(STDERR_FILENO);
    rig->log_from = 0;
    read_log(rig);
    fputs(rig->log, stderr); /* run-tests shows it when a test failed */
    close(rig->log_fd);
    mem_free(rig->log);
    remove_dir(rig->dir);
}

void rig_turn(struct rig *rig)
{
    loop_turn(rig->far_loop, 0);
    if (rig->loop)
        loop_turn(rig->loop, 1);
}

void rig_run(struct rig *rig, int64_t ms)
{
    for (int64_t end_ms = rig_now_ms() + ms; rig_now_ms() < end_ms;)
        rig_turn(rig);
}

size_t rig_calls(const struct rig *rig)
{
    return calls_count(rig->daemon->env.calls);
}

const char *rig_live_call(const struct rig *rig)
{
    static char id[64];
    json_t *calls = calls_json(rig->daemon->env.calls);
    const json_t *last = json_array_get(calls, json_array_size(calls) - 1);
    const char *text = json_string_value(json_object_get(last, "id"));
    snprintf(id, sizeof id, "%s", text ? text : "");
    json_decref(calls);
    return id;
}

unsigned rig_files(const struct rig *rig, const char *folder)
{
    char path[128];
    unsigned n = 0;
    struct dirent *entry;
    snprintf(path, sizeof path, "%s/%s", rig->dir, folder);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

struct question {
    bool answered;
    char id[64], *text;
    size_t cap;
};

static void on_calls(void *owner, const struct store_answer *answer)
{
    struct question *question = owner;
    const struct store_call *row = answer->n ? STORE_ROWS(answer, store_call) : NULL;
    question->answered = true;
    if (!row)
        return;
    snprintf(question->id, sizeof question->id, "%s", row->id);
    snprintf(question->text, question->cap, "%s %d %s: %s", row->cause, (int)row->code,
             row->ended_by, row->cause_text);
}

static void on_events(void *owner, const struct store_answer *answer)
{
    struct question *question = owner;
    struct buf out;
    buf_init(&out, question->text, question->cap);
    const struct store_event *rows = STORE_ROWS(answer, store_event);
    for (size_t i = 0; i < answer->n; i++)
        buf_printf(&out, "%d %s %s\n", (int)rows[i].leg, rows[i].kind, rows[i].text);
    (void)buf_cstr(&out);
    question->answered = true;
}

static struct question ask_last(struct rig *rig, char *text, size_t cap)
{
    struct question question = { .text = text, .cap = cap };
    text[0] = '\0';
    store_call_list(rig->daemon->env.store, 0, 1, (struct store_reply){ on_calls, &question });
    RIG_UNTIL(rig, question.answered);
    return question;
}

const char *rig_last_record(struct rig *rig)
{
    static char text[RIG_RECORD_MAX];
    (void)ask_last(rig, text, sizeof text);
    return text;
}

const char *rig_last_timeline(struct rig *rig)
{
    static char text[RIG_TIMELINE_MAX];
    struct question question = ask_last(rig, text, sizeof text);
    question.answered = false;
    store_event_list(rig->daemon->env.store, question.id,
                     (struct store_reply){ on_events, &question });
    RIG_UNTIL(rig, question.answered);
    return text;
}

bool rig_logged(struct rig *rig, const char *text)
{
    read_log(rig);
    return strstr(rig->log, text) != NULL;
}

void rig_clear_log(struct rig *rig)
{
    rig->log_from = lseek(rig->log_fd, 0, SEEK_END);
}

unsigned rig_descriptors(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}
