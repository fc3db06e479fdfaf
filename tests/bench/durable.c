/* What the disk alone takes of a small batch: the files that a batch with a checkpoint leaves (plan, state delta,
 * commit), each made durable by common/fileio, and the ones of RETAIN batches ago removed. Nothing else.
 *
 *   durable DIR BATCHES [DELTA_BYTES]     in an empty directory; prints the median, the 99th percentile and the
 * longest, in microseconds
 */
#include "common/clock.h"
#include "common/errbuf.h"
#include "common/fileio.h"
#include "common/parsenum.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETAIN = 100, PLAN_BYTES = 260, COMMIT_BYTES = 150, DELTA_MAX = 1 << 20 };

static char bytes[DELTA_MAX];

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

static void batch(const char *dir, int64_t id, const int64_t sizes[3])
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

    if (argc < 3 || parsenum_i64(argv[2], 1, 1000000, &batches) != 0 ||
        (argc > 3 && parsenum_i64(argv[3], 0, DELTA_MAX, &sizes[1]) != 0))
        die("usage", "durable DIR BATCHES [DELTA_BYTES]");
    for (int i = 0; i < 3; i++) {
        if (snprintf(path, sizeof(path), "%s/%s", argv[1],
                     i == 0   ? "offsets"
                     : i == 1 ? "state"
                              : "commits") >= (int)sizeof(path))
            die(argv[1], "too long");
        if (fileio_make_dirs(path, &err) != 0)
            die(path, err.text);
    }
    memset(bytes, 'x', sizeof(bytes));
    int64_t *times = calloc((size_t)batches, sizeof(*times));
    if (times == NULL)
        die("memory", "none");
    for (int64_t i = 0; i < batches; i++) {
        int64_t began_us = clock_monotonic_us();
        batch(argv[1], i, sizes);
        times[i] = clock_monotonic_us() - began_us;
    }
    qsort(times, (size_t)batches, sizeof(*times), ascending);
    printf("median_us=%" PRId64 " p99_us=%" PRId64 " max_us=%" PRId64 "\n", times[batches / 2],
           times[batches * 99 / 100], times[batches - 1]);
    free(times);
    return 0;
}
