#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

enum { STACK_BYTES = 64 << 10, LOOK_MS = 10, FILES_MAX = 64, NICER = 10, NOT_BEGUN = 127 };

struct birth {
    const struct child_config *config;
    sigset_t before; /* the mask to go back to */
    enum err end;    /* what kept it from beginning */
};

static void limit(int what, uint64_t n)
{
    const struct rlimit both = { n, n };
    (void)setrlimit(what, &both); /* lowering is always allowed */
}

static bool point(int fd, const char *path, int flags)
{
    int file = open(path, flags, 0600);
    return file >= 0 && dup2(file, fd) == fd;
}

/* In the child, which has our memory until it becomes the program: nothing here may allocate, lock
 * or run a handler of ours. */
static void confine(const struct child_limits *limits)
{
    for (int signum = 1; signum < NSIG; signum++)
        (void)signal(signum, SIG_DFL);
    limit(RLIMIT_AS, limits->memory);
    limit(RLIMIT_FSIZE, limits->file);
    limit(RLIMIT_CPU, limits->cpu_s);
    limit(RLIMIT_NOFILE, FILES_MAX);
    limit(RLIMIT_CORE, 0);
    (void)setpriority(PRIO_PROCESS, 0, NICER);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
}

static int become(void *arg)
{
    static const char *const environment[] = { "LC_ALL=C", "HOME=/nonexistent", NULL };
    struct birth *birth = arg;
    const struct child_config *config = birth->config;
    const int writes = O_WRONLY | O_CREAT | O_TRUNC;
    birth->end = ERR_IO;
    if (chdir(config->dir) == 0 && point(STDIN_FILENO, "/dev/null", O_RDONLY) &&
        point(STDOUT_FILENO, config->output, writes) &&
        point(STDERR_FILENO, config->errors, writes)) {
        confine(&config->limits);
        sigprocmask(SIG_SETMASK, &birth->before, NULL);
        birth->end = OK;
        /* execvpe() writes to none of them */
        execvpe(config->argv[0], (char *const *)(uintptr_t)config->argv,
                (char *const *)(uintptr_t)environment);
        birth->end = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    _exit(NOT_BEGUN);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum err judge(int status)
{
    int signum = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signum == SIGXCPU || signum == SIGXFSZ || signum == SIGKILL)
        return ERR_LIMIT;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : ERR_REFUSED;
}

static enum err wait_for(pid_t pid, const struct child_config *config)
{
    const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };
    int64_t until_ms = now_ms() + config->limits.time_ms;
    enum err end = OK; /* ours */
    int status = 0;
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid)
            return end ? end : judge(status);
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        if (!end && config->stop && atomic_load(config->stop))
            end = ERR_CLOSED;
        else if (!end && now_ms() >= until_ms)
            end = ERR_TIMEOUT;
        if (end)
            (void)kill(pid, SIGKILL); /* ours until it is waited for */
        nanosleep(&pause, NULL);
    }
}

/* vfork() with a stack of its own: fork() would copy the tables of all our memory. */
enum err child_run(const struct child_config *config)
{
    struct birth birth = { .config = config };
    char *stack = mem_alloc(STACK_BYTES);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &birth.before);
    pid_t pid = clone(become, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
    pthread_sigmask(SIG_SETMASK, &birth.before, NULL);
    mem_free(stack);
    if (pid < 0)
        return ERR_IO;
    enum err err = wait_for(pid, config);
    return birth.end ? birth.end : err;
}
