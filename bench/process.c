/* Processes and their cores. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

enum { PRIORITY = -15 };

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* For root: others' work disturbs less. Where sessions are scheduled as groups (autogroup), it is
 * the session's weight that counts. */
static void go_first(void)
{
    (void)setsid();
    (void)setpriority(PRIO_PROCESS, 0, PRIORITY);
    FILE *file = fopen("/proc/self/autogroup", "w");
    if (!file)
        return;
    fprintf(file, "%d\n", PRIORITY);
    fclose(file);
}

void process_pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* with one core alone it stays as it is */
    go_first();
}

static void raise_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

pid_t process_fork(int *fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(pair[0]);
        *fd = pair[1];
        process_pin(SUBJECT_CORE);
        raise_files();
        return 0;
    }
    close(pair[1]);
    *fd = pair[0];
    return pid;
}

void process_end(struct subject *subject)
{
    kill(subject->pid, SIGKILL);
    waitpid(subject->pid, NULL, 0);
    close(subject->fd);
}

int64_t process_cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
        return -1;
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int64_t process_rss_kb(pid_t pid)
{
    char path[64];
    long pages = -1;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    if (fscanf(file, "%*s %ld", &pages) != 1)
        pages = -1;
    fclose(file);
    return pages < 0 ? -1 : (int64_t)pages * (sysconf(_SC_PAGESIZE) / 1024);
}
