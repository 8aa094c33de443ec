#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_memory(struct process_figures *out)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long long total, resident;
    long page = sysconf(_SC_PAGESIZE);
    if (!file)
        return;
    if (fscanf(file, "%lld %lld", &total, &resident) == 2) {
        out->virtual_bytes = total * page;
        out->resident_bytes = resident * page;
    }
    fclose(file);
}

/* Without "." and ".."; -1 when there is no such folder. */
static int64_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int64_t n = 0;
    if (!dir)
        return -1;
    for (const struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

struct process_figures process_measure(void)
{
    struct process_figures out = { -1, -1, -1, -1, -1, -1 };
    struct rusage usage;
    struct rlimit files;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out.cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    read_memory(&out);
    out.open_fds = count_entries("/proc/self/fd");
    if (out.open_fds > 0)
        out.open_fds--; /* the one that counted */
    out.threads = count_entries("/proc/self/task");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        out.max_fds = (int64_t)files.rlim_cur;
    return out;
}
