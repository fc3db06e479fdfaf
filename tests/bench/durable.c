/* What the disk alone takes of a small batch's checkpoint (plan, state delta, commit), and nothing else:
 *
 *   durable log DIR BATCHES [DELTA_BYTES]      appended to one file, one fdatasync a batch, as engine/wal does
 *   durable files DIR BATCHES [DELTA_BYTES]    a file of its own for each of the three, durable by common/fileio, and
 *                                              the ones of RETAIN batches ago removed
 *
 * in an empty directory; prints the median, the 99th percentile and the longest, in microseconds
 */
#include "common/clock.h"
#include "common/errbuf.h"
#include "common/fileio.h"
#include "common/fileio_log.h"
#include "common/parsenum.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETAIN = 100, PLAN_BYTES = 260, COMMIT_BYTES = 150, DELTA_MAX = 1 << 20 };

static char bytes[DELTA_MAX + PLAN_BYTES + COMMIT_BYTES];

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench durable: %s: %s\n", what, why);
    exit(1);
}

static void name_of(char path[512], const char *dir, const char *folder, int64_t id)
{
    if (snprintf(path, 512, "%s/%s/%" PRId64, dir, folder, id) >= 512)
        die(dir, "too long");
}

static void write_files(const char *dir, int64_t id, const int64_t sizes[3])
{
    static const char *const folders[] = {"offsets", "state", "commits"};
    char path[512];
    struct errbuf err;

    for (size_t i = 0; i < 3; i++) {
        name_of(path, dir, folders[i], id);
        if (fileio_replace(path, bytes, (size_t)sizes[i], false, &err) != 0)
            die(path, err.text);
    }
    for (size_t i = 0; i < 3 && id >= RETAIN; i++) {
        name_of(path, dir, folders[i], id - RETAIN);
        if (fileio_remove(path, &err) != 0)
            die(path, err.text);
    }
}

static void append(struct fileio_log *log, const int64_t sizes[3])
{
    struct errbuf err;

    if (fileio_log_append(log, bytes, (size_t)(sizes[0] + sizes[1] + sizes[2]), &err) != 0)
        die("log", err.text);
}

static int ascending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    int64_t batches, sizes[3] = {PLAN_BYTES, 4096, COMMIT_BYTES};
    char path[512];
    struct errbuf err;

    if (argc < 4 || (strcmp(argv[1], "log") != 0 && strcmp(argv[1], "files") != 0) ||
        parsenum_i64(argv[3], 1, 1000000, &batches) != 0 ||
        (argc > 4 && parsenum_i64(argv[4], 0, DELTA_MAX, &sizes[1]) != 0))
        die("usage", "durable log|files DIR BATCHES [DELTA_BYTES]");
    bool files = strcmp(argv[1], "files") == 0;
    for (int i = 0; i < 3; i++) {
        if (snprintf(path, sizeof(path), "%s/%s", argv[2],
                     i == 0   ? "offsets"
                     : i == 1 ? "state"
                              : "commits") >= (int)sizeof(path))
            die(argv[2], "too long");
        if (fileio_make_dirs(path, &err) != 0)
            die(path, err.text);
    }
    if (snprintf(path, sizeof(path), "%s/log", argv[2]) >= (int)sizeof(path))
        die(argv[2], "too long");
    struct fileio_log *log = fileio_log_create(path, &err);
    if (log == NULL)
        die(path, err.text);
    memset(bytes, 'x', sizeof(bytes));
    int64_t *times = calloc((size_t)batches, sizeof(*times));
    if (times == NULL)
        die("memory", "none");
    for (int64_t i = 0; i < batches; i++) {
        int64_t began_us = clock_monotonic_us();
        if (files)
            write_files(argv[2], i, sizes);
        else
            append(log, sizes);
        times[i] = clock_monotonic_us() - began_us;
    }
    qsort(times, (size_t)batches, sizeof(*times), ascending);
    printf("median_us=%" PRId64 " p99_us=%" PRId64 " max_us=%" PRId64 "\n", times[batches / 2],
           times[batches * 99 / 100], times[batches - 1]);
    free(times);
    fileio_log_close(log);
    return 0;
}
