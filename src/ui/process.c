#include "ui/process.h"

#include "common/parsenum.h"

#include <dirent.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <microhttpd.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

/* The two first numbers of statm: pages of address space, pages resident. */
static int statm(long long *size, long long *resident)
{
    FILE *file = fopen("/proc/self/statm", "re");
    int read = 0;

    if (file == NULL)
        return -1;
    read = fscanf(file, "%lld %lld", size, resident);
    fclose(file);
    return read == 2 ? 0 : -1;
}

int64_t process_resident_bytes(void)
{
    long long size, resident;

    return statm(&size, &resident) == 0 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
}

int64_t process_virtual_bytes(void)
{
    long long size, resident;

    return statm(&size, &resident) == 0 ? (int64_t)size * sysconf(_SC_PAGESIZE) : -1;
}

int64_t process_peak_resident_bytes(void)
{
    struct rusage usage;
    int64_t now = process_resident_bytes();

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return now;
    /* The kernel notes the peak a little late. */
    int64_t peak = (int64_t)usage.ru_maxrss * 1024;
    return peak > now ? peak : now;
}

static int64_t entries(const char *path)
{
    DIR *dir = opendir(path);
    int64_t n = 0;

    if (dir == NULL)
        return -1;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2; /* "." and ".." */
}

int64_t process_open_descriptors(void)
{
    int64_t n = entries("/proc/self/fd");

    return n < 0 ? n : n - 1; /* the directory itself was open */
}

int64_t process_threads(void)
{
    return entries("/proc/self/task");
}

/* "1234 (name) S ...": a name may hold brackets and blanks, so its end is sought from behind. */
static bool read_thread(const char *id, struct process_thread *thread)
{
    char path[64], line[256];
    FILE *file = NULL;

    if (snprintf(path, sizeof(path), "/proc/self/task/%s/stat", id) < (int)sizeof(path))
        file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    char *open = read ? strchr(line, '(') : NULL, *close = read ? strrchr(line, ')') : NULL;
    if (open == NULL || close == NULL || close < open || close[1] != ' ' || close[2] == '\0')
        return false;
    thread->state = close[2];
    snprintf(thread->name, sizeof(thread->name), "%.*s", (int)(close - open - 1), open + 1);
    return parsenum_i64(id, 1, INT64_MAX, &thread->id) == 0;
}

static int by_id(const void *a, const void *b)
{
    const struct process_thread *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

size_t process_list_threads(struct process_thread *threads, size_t max)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    size_t n = 0;

    if (dir == NULL)
        return 0;
    while (n < max && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && read_thread(entry->d_name, &threads[n])) /* it may have ended meanwhile */
            n++;
    closedir(dir);
    qsort(threads, n, sizeof(*threads), by_id);
    return n;
}

double process_cpu_seconds(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return -1;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int process_cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : -1;
}

int64_t process_memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);

    return pages < 0 ? -1 : (int64_t)pages * sysconf(_SC_PAGESIZE);
}

const char *process_library(size_t i, const char **version)
{
    switch (i) {
    case 0:
        *version = MHD_get_version();
        return "libmicrohttpd";
    case 1:
        *version = jansson_version_str();
        return "jansson";
    case 2:
        *version = zlibVersion();
        return "zlib";
    case 3:
        *version = gnu_get_libc_version();
        return "glibc";
    default:
        return NULL;
    }
}
