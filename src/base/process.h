#pragma once
/* What this process uses, as the kernel (proc(5)) counts it. Any thread. */

#include <stdint.h>

struct process_figures { /* -1: not known */
    double cpu_s;        /* user and system, since the start */
    int64_t resident_bytes, virtual_bytes;
    int64_t open_fds, max_fds;
    int64_t threads;
};

struct process_figures process_measure(void);
