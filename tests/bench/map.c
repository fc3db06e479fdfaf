/* What a plan costs per record once the bytes are there: records from memory through the map stage (decode, filter,
 * join, partial aggregate), for plans of several shapes, in turn. No broker, one thread; nanoseconds mean something
 * only beside the other lines of the same run.
 *
 * map [--smoke] CALLS.jsonl RADIO_CODE.json
 */
#include "common/clock.h"
#include "common/fileio.h"
#include "common/log.h"
#include "engine/compiled.h"
#include "engine/map_stage.h"
#include "engine/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 9
#define MOST_BYTES ((size_t)1 << 31)
#define PLACE                                                                                                          \
    "CASE WHEN address_type = 'Intersection' THEN 'street' WHEN city = '' OR city IS NULL THEN 'unknown' ELSE "        \
    "'premises' END"

static const char ddl[] =
    "crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date STRING, offense_date STRING, "
    "call_time STRING, call_date_time TIMESTAMP, disposition STRING, address STRING, city STRING, state STRING, "
    "agency_id STRING, address_type STRING, common_location STRING";

static const struct {
    const char *name;
    const char *zone;
    const char *sql;
} queries[] = {
    {"count of all", "UTC", "SELECT count(*) AS n FROM calls"},
    {"count per category", "UTC",
     "SELECT original_crime_type_name, count(*) AS n FROM calls GROUP BY original_crime_type_name"},
    {"left join, category x description", "UTC",
     "SELECT c.original_crime_type_name, r.description, count(*) AS n FROM calls c LEFT JOIN radio_code r ON "
     "c.disposition = r.disposition_code GROUP BY c.original_crime_type_name, r.description"},
    {"category x 60-minute window", "UTC",
     "SELECT original_crime_type_name, window(call_date_time, '60 minutes').start AS start, count(*) AS n FROM calls "
     "GROUP BY original_crime_type_name, window(call_date_time, '60 minutes')"},
    {"WHERE, CASE, two keys, date_trunc", "UTC",
     "SELECT " PLACE " AS place, disposition, date_trunc('day', call_date_time) AS day, count(*) AS n FROM calls WHERE "
     "state = 'CA' AND disposition <> 'CAN' GROUP BY " PLACE ", disposition, date_trunc('day', call_date_time)"},
    {"the same in a zone with summer time", "America/Los_Angeles",
     "SELECT " PLACE " AS place, disposition, date_trunc('day', call_date_time) AS day, count(*) AS n FROM calls WHERE "
     "state = 'CA' AND disposition <> 'CAN' GROUP BY " PLACE ", disposition, date_trunc('day', call_date_time)"},
    {"hour(), IN, LIKE, min, max, avg", "UTC",
     "SELECT hour(call_date_time) AS hour, count(*) AS n, min(crime_id) AS first, max(address) AS last, "
     "avg(length(address)) AS len FROM calls WHERE disposition IN ('HAN', 'REP', 'ADV', 'GOA') AND "
     "address_type LIKE '%Address' GROUP BY hour(call_date_time)"},
};

enum { QUERIES = sizeof(queries) / sizeof(queries[0]) };

struct line {
    const char *data;
    size_t len;
};

struct work {
    struct config_source source;
    struct config_table table;
    struct config_query query;
    struct config config;
    struct compiled compiled;
    struct pipeline pipeline;
    struct aggregate_layout *layout;
    struct map_stage stage;
    struct map_part *part;
    double ns[ROUNDS];
};

static struct line *lines;
static size_t nlines;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench map: %s: %s\n", what, why);
    exit(1);
}

static void split(const struct buf *text)
{
    size_t cap = 0;
    const char *end = text->data + text->len;

    for (const char *p = text->data, *eol; p < end && (eol = memchr(p, '\n', (size_t)(end - p))) != NULL; p = eol + 1) {
        if (nlines == cap) {
            cap = cap == 0 ? 1 << 16 : cap * 2;
            lines = reallocarray(lines, cap, sizeof(*lines));
            if (lines == NULL)
                die("records", "out of memory");
        }
        lines[nlines++] = (struct line){p, (size_t)(eol - p)};
    }
    if (nlines == 0)
        die("records", "there are none");
}

static void prepare(struct work *work, size_t q, const char *codes)
{
    struct errbuf err;

    work->source = (struct config_source){.name = "calls",
                                          .subscribe = "topic",
                                          .starting_offsets = "earliest",
                                          .max_offsets_per_trigger = CONFIG_NONE,
                                          .min_offsets_per_trigger = CONFIG_NONE,
                                          .schema = ddl};
    work->table = (struct config_table){
        .name = "radio_code", .path = codes, .schema = "disposition_code STRING, description STRING", .format = "json"};
    work->query =
        (struct config_query){.name = "q", .sql = queries[q].sql, .output_mode = PLAN_COMPLETE, .format = "noop"};
    work->config = (struct config){.time_zone = queries[q].zone,
                                   .nsources = 1,
                                   .sources = &work->source,
                                   .ntables = 1,
                                   .tables = &work->table,
                                   .nqueries = 1,
                                   .queries = &work->query};
    if (compiled_init(&work->compiled, &work->config, &err) != 0)
        die(queries[q].name, err.text);
    const struct plan *plan = work->compiled.plans[0];
    if (pipeline_init(&work->pipeline, plan, work->compiled.rows, &err) != 0)
        die(queries[q].name, err.text);
    work->layout = aggregate_layout_new(&plan->ops[plan->aggregate]);
    work->stage = (struct map_stage){.plan = plan,
                                     .pipeline = &work->pipeline,
                                     .layout = work->layout,
                                     .view = &work->compiled.schemas[0],
                                     .ndata = work->compiled.schemas[0].ncolumns - SOURCE_KAFKA_COLUMNS};
    work->part = work->layout == NULL ? NULL : map_part_new(&work->stage, "topic", 0, &err);
    if (work->part == NULL)
        die(queries[q].name, "out of memory");
}

/* Returns the number of groups. */
static size_t run(struct work *work, int round)
{
    struct reader_record record = {0};
    int64_t began_us;

    map_part_begin(work->part);
    began_us = clock_monotonic_us();
    for (size_t i = 0; i < nlines; i++) {
        record.value = lines[i].data;
        record.value_len = lines[i].len;
        record.offset = (int64_t)i;
        if (map_part_record(work->part, &record) != 0)
            die("record", map_part_error(work->part)->text);
    }
    if (map_part_finish(work->part) != 0)
        die("records", map_part_error(work->part)->text);
    work->ns[round] = (double)(clock_monotonic_us() - began_us) * 1000 / (double)nlines;
    return map_part_partial(work->part)->count;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    static struct work works[QUERIES];
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    int rounds = smoke ? 1 : ROUNDS;
    struct buf text = BUF_INIT;
    size_t groups[QUERIES];
    struct errbuf err;
    bool missing;

    log_configure(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    if (argc != 3 + smoke)
        die("usage", "map [--smoke] CALLS.jsonl RADIO_CODE.json");
    if (fileio_read(argv[1 + smoke], MOST_BYTES, &text, &missing, &err) != 0)
        die(argv[1 + smoke], err.text);
    split(&text);
    for (size_t q = 0; q < QUERIES; q++)
        prepare(&works[q], q, argv[2 + smoke]);
    for (int round = 0; round < rounds; round++)
        for (size_t q = 0; q < QUERIES; q++)
            groups[q] = run(&works[q], round);
    printf("map: %zu records of %zu bytes, medians of %d rounds\n", nlines, text.len / nlines, rounds);
    for (size_t q = 0; q < QUERIES; q++) {
        struct work *work = &works[q];
        qsort(work->ns, (size_t)rounds, sizeof(*work->ns), ascending);
        printf("  %-36s %7.1f ns/record, %6zu groups\n", queries[q].name, work->ns[rounds / 2], groups[q]);
        map_part_free(work->part);
        pipeline_release(&work->pipeline);
        aggregate_layout_free(work->layout);
        compiled_release(&work->compiled);
    }
    buf_release(&text);
    free(lines);
    return 0;
}
