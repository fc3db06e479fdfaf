/* A state that grows to a million groups by batches of new ones: no batch may wait for what growth brings with it
 * (tables that double, arrays that move, snapshots that are written).
 *
 * Two kinds of groups: a text of its own each, and 1,517 texts by hour. Each batch is merged and committed as the
 * query does it, and beside it a file of the delta's size is written durably: what the disk takes at that moment.
 * Prints the median, the 99th percentile and the longest batch of each, by the clock and by the CPU time of the
 * thread (which waits for no disk and no other process), and the bytes a group takes in memory. --smoke: 20,000
 * groups. */
#include "common/clock.h"
#include "common/fileio.h"
#include "engine/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GROUPS = 1000000, BATCH = 10000, TEXTS = 1517, SAMPLES = GROUPS / BATCH };
enum { MERGE, MERGE_CPU, COMMIT, COMMIT_CPU, DISK, MEASURES };

static const char *const names[MEASURES] = {"merge", "merge, on the CPU", "commit", "commit, on the CPU", "disk alone"};

struct moment {
    int64_t wall_us;
    int64_t cpu_us;
};

static struct moment now(void)
{
    struct timespec cpu = {0, 0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (struct moment){clock_monotonic_us(), (int64_t)cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000};
}

/* Rows [first, first + n) of the stream, a new group each. */
static int update(struct aggregate_table *table, uint32_t first, uint32_t n, bool windows, struct errbuf *err)
{
    static char bytes[VECTOR_ROWS][16];
    static struct str texts[VECTOR_ROWS];
    static int64_t starts[VECTOR_ROWS], ends[VECTOR_ROWS];
    struct vector fields[2] = {{.type = type_of(TYPE_TIMESTAMP), .data.i64 = starts},
                               {.type = type_of(TYPE_TIMESTAMP), .data.i64 = ends}};
    struct vector columns[2] = {{.type = type_of(TYPE_STRING), .data.str = texts},
                                {.type = type_window(), .fields = fields}};
    struct arena arena = ARENA_INIT;
    int result = 0;

    for (uint32_t at = 0; at < n && result == 0; at += VECTOR_ROWS) {
        uint32_t rows = n - at < VECTOR_ROWS ? n - at : VECTOR_ROWS;
        struct batch batch = {.nrows = rows, .nselected = rows, .ncolumns = 2, .columns = columns, .arena = &arena};
        struct eval eval = {.arena = &arena, .zone = zone_utc(), .batch = &batch, .err = err};
        for (uint32_t i = 0; i < rows; i++) {
            uint32_t number = first + at + i;
            int len = snprintf(bytes[i], sizeof(bytes[i]), "call %07u", windows ? number % TEXTS : number);
            texts[i] = (struct str){bytes[i], (uint32_t)len};
            starts[i] = (int64_t)(number / TEXTS) * INT64_C(3600000000);
            ends[i] = starts[i] + INT64_C(3600000000);
        }
        result = aggregate_update(table, &eval, &batch, err);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return result;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* The same bytes each time, as many as a delta of n groups has. */
static int write_alone(const char *dir, size_t bytes, struct errbuf *err)
{
    static char block[4 << 20];
    char path[64];

    if (bytes > sizeof(block))
        bytes = sizeof(block);
    snprintf(path, sizeof(path), "%s/disk", dir);
    return fileio_replace(path, block, bytes, true, err);
}

static int grow(const struct aggregate_layout *layout, bool windows, uint32_t groups)
{
    static double ms[MEASURES][SAMPLES];
    char dir[] = "/tmp/sf-bench-XXXXXX";
    struct aggregate_table partial;
    struct state_counts counts;
    struct errbuf err;
    size_t n = 0;
    int result = -1;

    errbuf_clear(&err);
    if (mkdtemp(dir) == NULL)
        return -1;
    struct wal *wal = wal_open(dir, &err);
    struct state *state = wal == NULL ? NULL : state_open(wal, dir, layout, 0, 10, &err);
    if (state == NULL || aggregate_table_init(&partial, layout) != 0)
        goto done;
    for (uint32_t first = 0; first < groups && n < SAMPLES; first += BATCH, n++) {
        aggregate_table_reset(&partial);
        if (update(&partial, first, BATCH, windows, &err) != 0)
            goto done;
        struct moment began = now();
        state_begin(state);
        if (state_merge(state, &partial, INT64_MIN, &err) != 0)
            goto done;
        struct moment merged = now();
        if (state_commit(state, (int64_t)n + 1, &err) != 0 || wal_sync(wal, &err) != 0)
            goto done;
        state_purge(state, (int64_t)n + 1 - 100);
        struct moment committed = now();
        if (write_alone(dir, (size_t)BATCH * 50, &err) != 0)
            goto done;
        ms[MERGE][n] = (double)(merged.wall_us - began.wall_us) / 1000;
        ms[MERGE_CPU][n] = (double)(merged.cpu_us - began.cpu_us) / 1000;
        ms[COMMIT][n] = (double)(committed.wall_us - merged.wall_us) / 1000;
        ms[COMMIT_CPU][n] = (double)(committed.cpu_us - merged.cpu_us) / 1000;
        ms[DISK][n] = (double)(clock_monotonic_us() - committed.wall_us) / 1000;
    }
    state_counts(state, &counts);
    printf("growth: %" PRId64 " groups by %s, %zu batches of %d new ones, %.0f bytes a group (%.0f of them key "
           "and count)\n",
           counts.total, windows ? "text and window" : "text", n, BATCH,
           (double)counts.memory_bytes / (double)counts.total,
           (double)counts.current_version_bytes / (double)counts.total);
    for (int i = 0; i < MEASURES; i++) {
        qsort(ms[i], n, sizeof(ms[i][0]), ascending);
        printf("growth: %-18s median %6.2f ms, p99 %6.2f, longest %6.2f\n", names[i], ms[i][n / 2], ms[i][n * 99 / 100],
               ms[i][n - 1]);
    }
    result = 0;
done:
    if (result != 0)
        fprintf(stderr, "growth: %s\n", err.text);
    aggregate_table_release(&partial);
    state_close(state);
    wal_close(wal);
    (void)fileio_remove_tree(dir, &err);
    return result;
}

int main(int argc, char **argv)
{
    static const struct sql_range nowhere = {-1, -1};
    struct arena arena = ARENA_INIT;
    struct plan_aggregate_call count = {.kind = AGGREGATE_COUNT, .type = type_of(TYPE_BIGINT), .name = "count(1)"};
    struct expr *keys[] = {expr_column(&arena, 0, type_of(TYPE_STRING), "category", nowhere),
                           expr_column(&arena, 1, type_window(), "window", nowhere)};
    uint32_t groups = argc > 1 && strcmp(argv[1], "--smoke") == 0 ? 2 * BATCH : GROUPS;
    int status = 0;

    for (int windows = 0; windows < 2 && status == 0; windows++) {
        struct plan_op op = {.kind = PLAN_AGGREGATE};
        op.u.aggregate.nkeys = (size_t)windows + 1;
        op.u.aggregate.keys = keys;
        op.u.aggregate.ncalls = 1;
        op.u.aggregate.calls = &count;
        op.u.aggregate.event_time_key = windows ? 1 : -1;
        op.u.aggregate.event_time_window = windows;
        struct aggregate_layout *layout = aggregate_layout_new(&op);
        status = layout == NULL || grow(layout, windows, groups) != 0;
        aggregate_layout_free(layout);
    }
    arena_release(&arena);
    return status;
}
