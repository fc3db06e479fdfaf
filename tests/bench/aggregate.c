/* Counting groups: what the hash of a key costs alone, and what the table around it adds.
 *
 * The data looks like the real set: 1,517 categories, the frequent ones far more frequent than the rest, about 100,000
 * (category, hour) groups in 200,000 records. Rates of one run are compared with each other, never with another
 * machine's. Prints one line a measurement: name, median nanoseconds a record, ratio to the floor; then what follows a
 * batch of those groups (merging the parts of 8 partitions, the fixed order, rows, the checkpoint), and the same for a
 * million. */
#include "common/clock.h"
#include "common/fileio.h"
#include "engine/state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS = 200000, CATEGORIES = 1517, RUNS = 9, HOURS = 24 * 100 };

struct data {
    struct str text[RECORDS];
    int64_t start_us[RECORDS];
    char names[CATEGORIES][40];
    char *copies; /* each record has its own bytes, as decoded ones do */
};

static uint64_t seed = 42;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(seed >> 11) / 0x1p53;
}

static struct data *make_data(void)
{
    struct data *data = calloc(1, sizeof(*data));
    if (data == NULL)
        return NULL;
    data->copies = malloc((size_t)RECORDS * 40);
    if (data->copies == NULL) {
        free(data);
        return NULL;
    }
    for (int i = 0; i < CATEGORIES; i++) {
        int len = 4 + (int)(uniform() * 24);
        snprintf(data->names[i], sizeof(data->names[i]), "%04d%.*s", i, len, "Suspicious Person Vehicle Check x");
    }
    for (size_t i = 0; i < RECORDS; i++) {
        /* the most frequent category nearly every second record */
        int category = (int)(CATEGORIES * pow(uniform(), 9.0));
        size_t len = strlen(data->names[category]);
        memcpy(data->copies + i * 40, data->names[category], len);
        data->text[i] = (struct str){data->copies + i * 40, (uint32_t)len};
        /* in the order of time, as calls are written down */
        data->start_us[i] = (int64_t)(i * HOURS / RECORDS) * INT64_C(3600000000);
    }
    return data;
}

/* A batch over records [first, first + n): text, window. */
static void view(const struct data *data, size_t first, size_t n, struct vector columns[2], struct vector fields[2],
                 int64_t *ends, struct batch *batch, struct arena *arena)
{
    memset(columns, 0, 2 * sizeof(*columns));
    memset(fields, 0, 2 * sizeof(*fields));
    columns[0].type = type_of(TYPE_STRING);
    columns[0].data.str = (struct str *)(uintptr_t)(data->text + first);
    columns[1].type = type_window();
    columns[1].fields = fields;
    fields[0].type = fields[1].type = type_of(TYPE_TIMESTAMP);
    fields[0].data.i64 = (int64_t *)(uintptr_t)(data->start_us + first);
    fields[1].data.i64 = ends;
    for (size_t i = 0; i < n; i++)
        ends[i] = data->start_us[first + i] + INT64_C(3600000000);
    *batch = (struct batch){.nrows = n, .nselected = n, .ncolumns = 2, .columns = columns, .arena = arena};
}

typedef int (*work_fn)(const struct data *data, struct aggregate_table *table);

static volatile uint64_t sink;

static int hash_only(const struct data *data, struct aggregate_table *table)
{
    uint64_t sum = 0;

    (void)table;
    for (size_t i = 0; i < RECORDS; i++)
        sum += hashmap_hash(data->text[i].data, data->text[i].len);
    sink = sum;
    return 0;
}

static int update_range(const struct data *data, size_t from, size_t count, struct aggregate_table *table)
{
    struct vector columns[2], fields[2];
    struct arena arena = ARENA_INIT;
    struct batch batch;
    struct errbuf err;
    int64_t *ends = malloc(VECTOR_ROWS * sizeof(*ends));
    int result = ends == NULL ? -1 : 0;

    for (size_t first = from; first < from + count && result == 0; first += VECTOR_ROWS) {
        size_t n = from + count - first < VECTOR_ROWS ? from + count - first : VECTOR_ROWS;
        view(data, first, n, columns, fields, ends, &batch, &arena);
        struct eval eval = {.arena = &arena, .zone = zone_utc(), .batch = &batch, .err = &err};
        result = aggregate_update(table, &eval, &batch, &err);
        arena_reset(&arena);
    }
    free(ends);
    arena_release(&arena);
    return result;
}

static int update(const struct data *data, struct aggregate_table *table)
{
    aggregate_table_reset(table);
    return update_range(data, 0, RECORDS, table);
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Medians of interleaved runs, so that a slow moment of the machine strikes all alike. */
static int measure(const struct data *data, struct aggregate_table tables[2])
{
    static const char *const names[] = {"hash only", "count per category", "count per (category, window)"};
    static const work_fn work[] = {hash_only, update, update};
    double ns[3][RUNS];

    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < 3; i++) {
            int64_t start = clock_monotonic_us();
            if (work[i](data, &tables[i > 1]) != 0)
                return -1;
            ns[i][run] = (double)(clock_monotonic_us() - start) * 1000 / RECORDS;
        }
    }
    for (int i = 0; i < 3; i++) {
        qsort(ns[i], RUNS, sizeof(ns[i][0]), ascending);
        printf("aggregate: %-30s %7.1f ns/record  %5.2f x hash only\n", names[i], ns[i][RUNS / 2],
               ns[i][RUNS / 2] / ns[0][RUNS / 2]);
    }
    printf("aggregate: groups %zu and %zu, table bytes %zu and %zu\n", tables[0].count, tables[1].count,
           aggregate_table_memory_bytes(&tables[0]), aggregate_table_memory_bytes(&tables[1]));
    return 0;
}

enum { PARTITIONS = 8, STEPS = 4 };

/* What comes after the last record of a batch, once: the parts are new, the state is empty. us: merge, sort, rows,
 * commit. */
static int finish_batch(const struct data *data, struct aggregate_layout *layout, double us[STEPS])
{
    char dir[] = "/tmp/sf-bench-XXXXXX";
    struct aggregate_table parts[PARTITIONS];
    struct arena arena = ARENA_INIT;
    struct state *state = NULL;
    struct wal *wal = NULL;
    struct errbuf err;
    struct batch batch;
    uint32_t *groups;
    size_t n, made = 0;
    int64_t at_us[STEPS + 1];
    int result = -1;

    errbuf_clear(&err);
    if (mkdtemp(dir) == NULL)
        return -1;
    for (; made < PARTITIONS; made++)
        if (aggregate_table_init(&parts[made], layout) != 0)
            goto done;
    for (size_t first = 0, part = 0; first < RECORDS; first += 250, part++)
        if (update_range(data, first, 250, &parts[part % PARTITIONS]) != 0)
            goto done;
    wal = wal_open(dir, &err);
    state = wal == NULL ? NULL : state_open(wal, dir, layout, 0, 10, &err);
    if (state == NULL)
        goto done;
    state_begin(state);
    at_us[0] = clock_monotonic_us();
    for (size_t i = 0; i < PARTITIONS; i++)
        if (state_merge(state, &parts[i], INT64_MIN, &err) != 0)
            goto done;
    at_us[1] = clock_monotonic_us();
    if (state_all(state, &groups, &n) != 0 || aggregate_sort(state_table(state), groups, n, &arena) != 0)
        goto done;
    at_us[2] = clock_monotonic_us();
    for (size_t first = 0; first < n; first += VECTOR_ROWS) {
        if (aggregate_rows(state_table(state), groups + first, n - first < VECTOR_ROWS ? n - first : VECTOR_ROWS,
                           &batch, &arena) != 0)
            goto done;
        arena_reset(&arena);
    }
    at_us[3] = clock_monotonic_us();
    if (state_commit(state, 1, &err) != 0 || wal_sync(wal, &err) != 0)
        goto done;
    at_us[4] = clock_monotonic_us();
    for (int i = 0; i < STEPS; i++)
        us[i] = (double)(at_us[i + 1] - at_us[i]);
    result = 0;
done:
    state_close(state);
    wal_close(wal);
    while (made > 0)
        aggregate_table_release(&parts[--made]);
    arena_release(&arena);
    (void)fileio_remove_tree(dir, &err);
    return result;
}

static int measure_finish(const struct data *data, struct aggregate_layout *layout)
{
    static const char *const names[STEPS] = {"merge", "sort", "rows", "commit"};
    double us[STEPS][RUNS];

    for (int run = 0; run < RUNS; run++) {
        double once[STEPS];
        if (finish_batch(data, layout, once) != 0)
            return -1;
        for (int i = 0; i < STEPS; i++)
            us[i][run] = once[i];
    }
    printf("finish: parts of %d partitions into one state,", PARTITIONS);
    for (int i = 0; i < STEPS; i++) {
        qsort(us[i], RUNS, sizeof(us[i][0]), ascending);
        printf(" %s %.1f ms%s", names[i], us[i][RUNS / 2] / 1000, i + 1 < STEPS ? "," : "\n");
    }
    return 0;
}

/* Groups with texts of their own. */
static int many_texts(struct aggregate_table *table, uint32_t count)
{
    static char bytes[VECTOR_ROWS][16];
    static struct str texts[VECTOR_ROWS];
    struct vector column = {.type = type_of(TYPE_STRING), .data.str = texts};
    struct arena arena = ARENA_INIT;
    struct errbuf err;
    int result = 0;

    for (uint32_t first = 0; first < count && result == 0; first += VECTOR_ROWS) {
        uint32_t n = count - first < VECTOR_ROWS ? count - first : VECTOR_ROWS;
        struct batch batch = {.nrows = n, .nselected = n, .ncolumns = 1, .columns = &column, .arena = &arena};
        struct eval eval = {.arena = &arena, .zone = zone_utc(), .batch = &batch, .err = &err};
        for (uint32_t i = 0; i < n; i++) {
            int len =
                snprintf(bytes[i], sizeof(bytes[i]), "call %07u", (uint32_t)((uint64_t)(first + i) * 4999 % 1000000));
            texts[i] = (struct str){bytes[i], (uint32_t)len};
        }
        result = aggregate_update(table, &eval, &batch, &err);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return result;
}

/* A state of a million groups: merging, a batch that changes little, the snapshot, loading. */
static int measure_state(struct aggregate_layout *layout)
{
    enum { GROUPS = 1000000 };
    char dir[] = "/tmp/sf-bench-XXXXXX";
    struct aggregate_table partial;
    struct state_counts counts;
    struct errbuf err;
    int64_t started;
    int result = -1;

    if (mkdtemp(dir) == NULL)
        return -1;
    struct wal *wal = wal_open(dir, &err);
    struct state *state = wal == NULL ? NULL : state_open(wal, dir, layout, 0, 1, &err);
    if (state == NULL || aggregate_table_init(&partial, layout) != 0)
        goto done;
    for (int step = 0; step < 2; step++) {
        aggregate_table_reset(&partial);
        if (many_texts(&partial, step == 0 ? GROUPS : 200) != 0)
            goto done;
        started = clock_monotonic_us();
        state_begin(state);
        if (state_merge(state, &partial, INT64_MIN, &err) != 0)
            goto done;
        printf("state: merge of %zu groups %" PRId64 " us", partial.count, clock_monotonic_us() - started);
        started = clock_monotonic_us();
        if (state_commit(state, step + 1, &err) != 0 || wal_sync(wal, &err) != 0)
            goto done;
        printf(", commit %" PRId64 " us%s\n", clock_monotonic_us() - started, step == 0 ? " (delta and snapshot)" : "");
    }
    state_counts(state, &counts);
    printf("state: %" PRId64 " groups, %" PRId64 " bytes of memory\n", counts.total, counts.memory_bytes);
    state_close(state);
    state = NULL;
    if (wal_settle(wal, &err) != 0)
        goto done;
    started = clock_monotonic_us();
    state = state_open(wal, dir, layout, 2, 1, &err);
    if (state == NULL)
        goto done;
    printf("state: load %" PRId64 " us\n", clock_monotonic_us() - started);
    result = 0;
done:
    if (result != 0)
        fprintf(stderr, "state: %s\n", err.text);
    aggregate_table_release(&partial);
    state_close(state);
    wal_close(wal);
    (void)fileio_remove_tree(dir, &err);
    return result;
}

int main(void)
{
    static const struct sql_range nowhere = {-1, -1};
    struct arena arena = ARENA_INIT;
    struct plan_aggregate_call count = {.kind = AGGREGATE_COUNT, .type = type_of(TYPE_BIGINT), .name = "count(1)"};
    struct expr *keys[] = {expr_column(&arena, 0, type_of(TYPE_STRING), "category", nowhere),
                           expr_column(&arena, 1, type_window(), "window", nowhere)};
    struct plan_op ops[2] = {{.kind = PLAN_AGGREGATE}, {.kind = PLAN_AGGREGATE}};
    struct aggregate_layout *layouts[2];
    struct aggregate_table tables[2];
    struct data *data = make_data();
    int status = 1;

    for (int i = 0; i < 2; i++) {
        ops[i].u.aggregate.nkeys = (size_t)i + 1;
        ops[i].u.aggregate.keys = keys;
        ops[i].u.aggregate.ncalls = 1;
        ops[i].u.aggregate.calls = &count;
        ops[i].u.aggregate.event_time_key = i == 0 ? -1 : 1;
        ops[i].u.aggregate.event_time_window = i == 1;
        layouts[i] = aggregate_layout_new(&ops[i]);
        if (layouts[i] == NULL || data == NULL || aggregate_table_init(&tables[i], layouts[i]) != 0) {
            fprintf(stderr, "aggregate: out of memory\n");
            return 1;
        }
    }
    if (measure(data, tables) == 0 && measure_finish(data, layouts[1]) == 0 && measure_state(layouts[0]) == 0)
        status = 0;
    for (int i = 0; i < 2; i++) {
        aggregate_table_release(&tables[i]);
        aggregate_layout_free(layouts[i]);
    }
    free(data->copies);
    free(data);
    arena_release(&arena);
    return status;
}
