/* Map stage and final stage over hand-made records: SQL text and records of two partitions in, rows out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/final_stage.h"
#include "engine/map_stage.h"
#include "engine/source.h"
#include "engine/state.h"
#include "record/table_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA "type STRING, code STRING, n BIGINT, d DOUBLE, at TIMESTAMP"

/* The static table `codes`: duplicates, a NULL key, a second column to compare with. */
static const char *const codes[][3] = {
    {"HAN", "Handled", "1"}, {"HAN", "Handled 2", "5"}, {"REP", "Report", "3"}, {NULL, "nothing", "2"}};

struct stages {
    struct config_source source;
    struct schema view;
    struct rowset table;
    const struct rowset *tables[1];
    struct plan *plan;
    struct pipeline pipeline;
    struct aggregate_layout *layout;
    struct aggregate_table partial; /* of both parts, where they share one */
    struct map_stage map;
    struct map_part *parts[2];
    struct wal *wal; /* of dir */
    struct state *state;
    struct final_stage *final;
    char dir[32];
    struct errbuf err;
};

static void make_table(struct stages *stages)
{
    struct schema schema;

    schema_init(&schema);
    assert_int_equal(schema_parse(&schema, "code STRING, text STRING, least BIGINT", &stages->err), 0);
    assert_int_equal(rowset_init(&stages->table, &schema), 0);
    schema_release(&schema);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        size_t row = rowset_append_null(&stages->table);

        assert_int_equal(row, i);
        for (size_t c = 0; c < 3; c++) {
            struct vector *column = &stages->table.columns[c];

            if (!codes[i][c])
                continue;
            column->nulls[row] = 0;
            if (c < 2)
                column->data.str[row] = (struct str){codes[i][c], (uint32_t)strlen(codes[i][c])};
            else
                column->data.i64[row] = strtoll(codes[i][c], NULL, 10);
        }
    }
    stages->tables[0] = &stages->table;
}

/* The parts share a partial aggregate where they may, unless they are to be kept apart. -1 with stages->err when the
 * plan does not compile. */
static int open_stages_apart(struct stages *stages, const char *sql, enum plan_output_mode mode, const char *ddl,
                             enum config_malformed malformed, bool apart)
{
    struct schema input;

    memset(stages, 0, sizeof(*stages));
    stages->source.name = "calls";
    stages->source.schema = ddl;
    stages->source.on_malformed = malformed;
    assert_int_equal(source_schema(&stages->source, &stages->view, &stages->err), 0);
    make_table(stages);
    struct plan_view view = {.name = "calls", .columns = &stages->view};
    if (ddl && strstr(ddl, "at TIMESTAMP")) {
        view.watermark_column = "at";
        view.watermark_delay_us = 3600 * INT64_C(1000000);
    }
    struct plan_table table = {"codes", &stages->table.schema};
    struct plan_catalog catalog = {1, &view, 1, &table};
    struct plan_options options = {.output_mode = mode, .zone = zone_utc()};
    stages->plan = plan_compile(sql, &catalog, &options, &stages->err);
    if (!stages->plan)
        return -1;
    assert_int_equal(pipeline_init(&stages->pipeline, stages->plan, stages->tables, &stages->err), 0);
    stages->map = (struct map_stage){.plan = stages->plan,
                                     .pipeline = &stages->pipeline,
                                     .view = &stages->view,
                                     .ndata = stages->view.ncolumns - SOURCE_KAFKA_COLUMNS,
                                     .raw = ddl == NULL,
                                     .on_malformed = malformed};
    schema_init(&input);
    if (stages->plan->aggregate < stages->plan->nops) {
        stages->layout = aggregate_layout_new(&stages->plan->ops[stages->plan->aggregate]);
        assert_non_null(stages->layout);
        stages->map.layout = stages->layout;
        if (!apart && aggregate_any_order(stages->layout)) {
            assert_int_equal(aggregate_table_init(&stages->partial, stages->layout), 0);
            stages->map.shared = &stages->partial;
        }
        snprintf(stages->dir, sizeof(stages->dir), "/tmp/stages-XXXXXX");
        assert_non_null(mkdtemp(stages->dir));
        stages->wal = wal_open(stages->dir, &stages->err);
        assert_non_null(stages->wal);
        stages->state = state_open(stages->wal, stages->dir, stages->layout, 0, 10, &stages->err);
        assert_non_null(stages->state);
        state_begin(stages->state);
    } else {
        assert_int_equal(map_stage_schema(&stages->map, &input), 0);
    }
    stages->final = final_stage_new(&stages->pipeline, &input, &stages->err);
    assert_non_null(stages->final);
    schema_release(&input);
    final_stage_begin(stages->final, INT64_MAX);
    map_stage_begin(&stages->map);
    for (int i = 0; i < 2; i++) {
        stages->parts[i] = map_part_new(&stages->map, "topic", i, &stages->err);
        assert_non_null(stages->parts[i]);
        map_part_begin(stages->parts[i]);
    }
    return 0;
}

static int open_stages(struct stages *stages, const char *sql, enum plan_output_mode mode, const char *ddl,
                       enum config_malformed malformed)
{
    return open_stages_apart(stages, sql, mode, ddl, malformed, false);
}

static void close_stages(struct stages *stages)
{
    for (int i = 0; i < 2; i++)
        map_part_free(stages->parts[i]);
    if (stages->map.shared)
        aggregate_table_release(stages->map.shared);
    final_stage_free(stages->final);
    state_close(stages->state);
    wal_close(stages->wal);
    if (stages->dir[0])
        rmdir(stages->dir);
    if (stages->plan)
        pipeline_release(&stages->pipeline);
    aggregate_layout_free(stages->layout);
    plan_free(stages->plan);
    rowset_release(&stages->table);
    schema_release(&stages->view);
}

/* A record: text up to NUL; NULL is a tombstone. */
static int send(struct stages *stages, int part, int64_t offset, const char *value)
{
    struct reader_record record = {.value = value,
                                   .value_len = value ? strlen(value) : 0,
                                   .key = offset % 2 ? "odd" : NULL,
                                   .key_len = offset % 2 ? 3 : 0,
                                   .offset = offset,
                                   .timestamp_ms = 1546300800000 + offset};

    return map_part_record(stages->parts[part], &record);
}

/* Finish the batch; rows as "a|b" lines. */
static int finish(struct stages *stages, struct buf *out)
{
    const struct rowset *rows;

    for (int i = 0; i < 2; i++) {
        if (map_part_finish(stages->parts[i]) != 0) {
            stages->err = *map_part_error(stages->parts[i]);
            return -1;
        }
    }
    for (size_t i = 0; stages->state && i < map_stage_partials(&stages->map, 2); i++)
        if (state_merge(stages->state, map_part_partial(stages->parts[i]), INT64_MIN, &stages->err) != 0)
            return -1;
    for (int i = 0; i < 2; i++) {
        if (!stages->state && final_stage_rows(stages->final, map_part_rows(stages->parts[i]), &stages->err) != 0)
            return -1;
    }
    if (stages->state) {
        uint32_t *groups;
        size_t n;

        assert_int_equal(state_all(stages->state, &groups, &n), 0);
        if (final_stage_groups(stages->final, state_table(stages->state), groups, n, &stages->err) != 0)
            return -1;
    }
    rows = final_stage_end(stages->final, &stages->err);
    if (!rows)
        return -1;
    for (size_t row = 0; row < rows->nrows; row++) {
        for (size_t i = 0; i < rows->schema.ncolumns; i++) {
            if (i)
                buf_append_byte(out, '|');
            table_text_cell(out, &rows->columns[i], row, zone_utc());
        }
        buf_append_byte(out, '\n');
    }
    return 0;
}

#define R(type, code, n, at)                                                                                           \
    "{\"type\": \"" type "\", \"code\": " code ", \"n\": " #n ", \"d\": " #n ".5, \"at\": \"2018-12-31T" at "\"}"

/* Even numbers go to partition 0, odd ones to partition 1. */
static const char *const records[] = {
    R("A", "\"HAN\"", 1, "23:57:00"),
    R("B", "\"REP\"", 2, "23:02:00"),
    R("A", "\"XXX\"", 3, "22:00:00"),
    R("C", "null", 4, "21:59:59"),
    R("A", "\"HAN\"", 5, "23:58:00"),
    "{\"type\": \"B\"}",
    NULL,
    "garbage",
};
#define NRECORDS (sizeof(records) / sizeof(records[0]))

static const struct {
    const char *sql;
    enum plan_output_mode mode;
    const char *rows;
} cases[] = {
    /* row-wise: partition by partition */
    {"SELECT type, n + 1 AS m FROM calls WHERE n > 1", PLAN_APPEND, "A|4\nA|6\nB|3\nC|5\n"},
    {"SELECT _partition, _offset, _key, _topic FROM calls WHERE type = 'B'", PLAN_APPEND,
     "1|0|NULL|topic\n1|2|NULL|topic\n"},
    {"SELECT date_format(_timestamp, 'ss.SSS') AS t FROM calls WHERE n = 5", PLAN_APPEND, "00.002\n"},
    {"SELECT n FROM calls LIMIT 3", PLAN_APPEND, "1\n3\n5\n"},
    /* aggregates: groups by their keys, NULL first */
    {"SELECT type, count(*) AS c, sum(n) AS s FROM calls GROUP BY type", PLAN_COMPLETE,
     "NULL|2|NULL\nA|3|9\nB|2|2\nC|1|4\n"},
    {"SELECT count(*) AS c FROM calls", PLAN_COMPLETE, "8\n"},
    {"SELECT type, count(*) AS c FROM calls GROUP BY type HAVING c > 1 ORDER BY c DESC, type DESC NULLS FIRST",
     PLAN_COMPLETE, "A|3\nNULL|2\nB|2\n"},
    {"SELECT type FROM calls GROUP BY type ORDER BY max(n) DESC NULLS LAST LIMIT 2", PLAN_COMPLETE, "A\nC\n"},
    /* ties of a sort stay in the fixed order */
    {"SELECT type, count(*) AS c FROM calls GROUP BY type ORDER BY c", PLAN_COMPLETE, "C|1\nNULL|2\nB|2\nA|3\n"},
    {"SELECT type FROM calls GROUP BY type ORDER BY type NULLS LAST", PLAN_COMPLETE, "A\nB\nC\nNULL\n"},
    /* joins: duplicates multiply, NULL matches nothing unless asked to */
    {"SELECT c.n, k.text FROM calls c JOIN codes k ON c.code = k.code", PLAN_APPEND,
     "1|Handled\n1|Handled 2\n5|Handled\n5|Handled 2\n2|Report\n"},
    {"SELECT c.n, k.text FROM calls c LEFT JOIN codes k ON c.code = k.code WHERE c.n IS NOT NULL", PLAN_APPEND,
     "1|Handled\n1|Handled 2\n3|NULL\n5|Handled\n5|Handled 2\n2|Report\n4|NULL\n"},
    {"SELECT c.n, k.text FROM calls c JOIN codes k ON c.code <=> k.code WHERE c.n IS NOT NULL", PLAN_APPEND,
     "1|Handled\n1|Handled 2\n5|Handled\n5|Handled 2\n2|Report\n4|nothing\n"},
    {"SELECT c.n, k.text FROM calls c LEFT JOIN codes k ON c.code = k.code AND c.n >= k.least WHERE c.n IS NOT NULL",
     PLAN_APPEND, "1|Handled\n3|NULL\n5|Handled\n5|Handled 2\n2|NULL\n4|NULL\n"},
    {"SELECT c.n, k.text FROM calls c JOIN codes k ON c.code = k.code AND k.text LIKE '% 2'", PLAN_APPEND,
     "1|Handled 2\n5|Handled 2\n"},
    {"SELECT k.text, count(*) AS c FROM calls c JOIN codes k ON c.code = k.code GROUP BY k.text", PLAN_COMPLETE,
     "Handled|2\nHandled 2|2\nReport|1\n"},
    {"SELECT a.c, k.text FROM (SELECT code, count(*) AS c FROM calls GROUP BY code) a LEFT JOIN codes k ON a.code = "
     "k.code "
     "ORDER BY c DESC, text",
     PLAN_COMPLETE, "4|NULL\n2|Handled\n2|Handled 2\n1|NULL\n1|Report\n"},
    /* windows: a NULL time falls out; sliding ones, latest first */
    {"SELECT window(at, '60 minutes') AS w, count(*) AS c FROM calls GROUP BY window(at, '60 minutes')", PLAN_COMPLETE,
     "{2018-12-31 21:00:00, 2018-12-31 22:00:00}|1\n{2018-12-31 22:00:00, 2018-12-31 23:00:00}|1\n"
     "{2018-12-31 23:00:00, 2019-01-01 00:00:00}|3\n"},
    {"SELECT window.start AS s, count(*) AS c FROM calls WHERE n <= 2 GROUP BY window(at, '10 minutes', '5 minutes')",
     PLAN_COMPLETE, "2018-12-31 22:55:00|1\n2018-12-31 23:00:00|1\n2018-12-31 23:50:00|1\n2018-12-31 23:55:00|1\n"},
};

/* What the page is told: every record came to the first operator, every row of the result to the sink, and the bad
 * record is there. */
static void check_told(const struct stages *stages, const char *result)
{
    size_t nops = stages->plan->nops;
    int64_t *reached = calloc(nops + 1, sizeof(*reached));
    const struct snapshot_bad *bad = map_part_bad(stages->parts[1], 0);
    int64_t rows = 0;

    assert_non_null(reached);
    for (const char *p = result; p && *p; p++)
        rows += *p == '\n';
    for (int i = 0; i < 2; i++)
        map_part_reached(stages->parts[i], reached);
    final_stage_reached(stages->final, reached);
    assert_int_equal(reached[nops], rows);
    if (nops > 0)
        assert_int_equal(reached[0], NRECORDS);
    free(reached);
    assert_non_null(bad);
    assert_int_equal(bad->offset, 3);
    assert_int_equal(bad->partition, 1);
    assert_int_equal(bad->size_bytes, 7);
    assert_memory_equal(bad->text, "garbage", 7);
    assert_false(bad->partial);
    assert_true(strlen(bad->reason) > 0);
    assert_null(map_part_bad(stages->parts[1], 1));
    assert_null(map_part_bad(stages->parts[0], 0));
}

/* What arrives when must not show: alternately, or one partition after the other. */
static void check_queries(bool apart, bool in_turn)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stages stages;
        struct map_counts counts;
        struct buf out;

        buf_init(&out);
        if (open_stages_apart(&stages, cases[i].sql, cases[i].mode, SCHEMA, CONFIG_MALFORMED_NULL, apart) != 0)
            fail_msg("%s: %s", cases[i].sql, stages.err.text);
        for (size_t k = 0; k < NRECORDS; k++) {
            size_t r = in_turn ? k : k < NRECORDS / 2 ? 2 * k + 1 : 2 * (k - NRECORDS / 2);

            assert_int_equal(send(&stages, (int)(r % 2), (int64_t)(r / 2), records[r]), 0);
        }
        if (finish(&stages, &out) != 0)
            fail_msg("%s: %s", cases[i].sql, stages.err.text);
        if (strcmp(out.data ? out.data : "", cases[i].rows) != 0)
            fail_msg("%s:\n%s", cases[i].sql, out.data ? out.data : "nothing");
        map_part_counts(stages.parts[1], &counts);
        assert_int_equal(counts.records, 4);
        assert_int_equal(counts.bad, 1);
        assert_int_equal(counts.first_bad_offset, 3);
        check_told(&stages, out.data);
        buf_release(&out);
        close_stages(&stages);
    }
}

static void test_queries(void **state)
{
    (void)state;
    check_queries(true, true);
    check_queries(true, false);
    check_queries(false, true);
    check_queries(false, false);
}

/* Many rows: several vector batches, NULLs in one that must not show in the next, chunks of a join that overflow. */
static void test_many(void **state)
{
    enum { ROWS = 3 * VECTOR_ROWS + 17 };
    struct stages stages;
    struct buf out;
    char value[96];

    (void)state;
    buf_init(&out);
    assert_int_equal(
        open_stages(&stages,
                    "SELECT count(*) AS c, count(c.n) AS cn, sum(c.n) AS s, count(k.text) AS ct, min(_offset) AS lo, "
                    "max(_offset) AS hi FROM calls c LEFT JOIN codes k ON c.code = k.code",
                    PLAN_COMPLETE, SCHEMA, CONFIG_MALFORMED_NULL),
        0);
    for (int i = 0; i < ROWS; i++) {
        /* NULLs in the first vector batch only */
        snprintf(value, sizeof(value), "{\"code\": \"HAN\", \"n\": %s}", i < VECTOR_ROWS && i % 2 ? "null" : "1");
        assert_int_equal(send(&stages, 0, i, value), 0);
    }
    assert_int_equal(finish(&stages, &out), 0);
    snprintf(value, sizeof(value), "%d|%d|%d|%d|0|%d\n", 2 * ROWS, 2 * (ROWS - VECTOR_ROWS / 2),
             2 * (ROWS - VECTOR_ROWS / 2), 2 * ROWS, ROWS - 1);
    assert_string_equal(out.data, value);
    buf_release(&out);
    close_stages(&stages);
}

/* Without a schema the view is the text itself, and bytes that are no UTF-8 stay apart. */
static void test_raw(void **state)
{
    struct stages stages;
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(open_stages(&stages, "SELECT value, count(*) AS c FROM calls GROUP BY value", PLAN_COMPLETE, NULL,
                                 CONFIG_MALFORMED_NULL),
                     0);
    assert_int_equal(send(&stages, 0, 0, "garbage"), 0);
    assert_int_equal(send(&stages, 0, 1, NULL), 0);
    assert_int_equal(send(&stages, 0, 2, "caf\xE9"), 0);
    assert_int_equal(send(&stages, 1, 0, "caf\xFF"), 0);
    assert_int_equal(send(&stages, 1, 1, "garbage"), 0);
    assert_int_equal(finish(&stages, &out), 0);
    assert_string_equal(out.data, "NULL|1\ncaf\xE9|1\ncaf\xFF|1\ngarbage|2\n");
    buf_release(&out);
    close_stages(&stages);
}

static void test_failfast(void **state)
{
    struct stages stages;

    (void)state;
    assert_int_equal(open_stages(&stages, "SELECT type FROM calls", PLAN_APPEND, SCHEMA, CONFIG_MALFORMED_FAIL), 0);
    assert_int_equal(send(&stages, 1, 41, "{\"type\": \"A\"}"), 0);
    assert_int_equal(send(&stages, 1, 42, NULL), 0); /* not malformed */
    assert_int_equal(send(&stages, 1, 43, "garbage"), -1);
    const struct errbuf *err = map_part_error(stages.parts[1]);
    assert_string_equal(err->condition, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
    assert_int_equal(err->exit_code, EXIT_CODE_RUNTIME);
    assert_non_null(strstr(err->text, "topic topic, partition 1, offset 43"));
    close_stages(&stages);
}

/* An error in an expression names the record. */
static void test_runtime_error(void **state)
{
    struct stages stages;
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(open_stages(&stages, "SELECT 10 / n AS q FROM calls", PLAN_APPEND, SCHEMA, CONFIG_MALFORMED_NULL),
                     0);
    assert_int_equal(send(&stages, 0, 7, "{\"n\": 5}"), 0);
    assert_int_equal(send(&stages, 0, 8, "{\"n\": 0}"), 0);
    assert_int_equal(finish(&stages, &out), -1);
    assert_string_equal(stages.err.condition, "DIVIDE_BY_ZERO");
    assert_non_null(strstr(stages.err.text, "offset 8"));
    buf_release(&out);
    close_stages(&stages);
}

/* A part is used again: nothing of the batch before is left. */
static void test_next_batch(void **state)
{
    struct stages stages;
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(open_stages(&stages, "SELECT type, n FROM calls", PLAN_APPEND, SCHEMA, CONFIG_MALFORMED_NULL), 0);
    assert_int_equal(send(&stages, 0, 0, NULL), 0);
    assert_int_equal(finish(&stages, &out), 0);
    assert_string_equal(out.data, "NULL|NULL\n");
    buf_reset(&out);
    final_stage_begin(stages.final, INT64_MAX);
    map_part_begin(stages.parts[0]);
    map_part_begin(stages.parts[1]);
    assert_int_equal(send(&stages, 0, 1, "{\"type\": \"A\", \"n\": 1}"), 0);
    assert_int_equal(finish(&stages, &out), 0);
    assert_string_equal(out.data, "A|1\n");
    buf_release(&out);
    close_stages(&stages);
}

/* LIMIT in append mode: what earlier batches let through counts. */
static void test_limit_remaining(void **state)
{
    struct stages stages;
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(open_stages(&stages, "SELECT n FROM calls LIMIT 3", PLAN_APPEND, SCHEMA, CONFIG_MALFORMED_NULL),
                     0);
    final_stage_begin(stages.final, 1);
    for (size_t r = 0; r < NRECORDS; r++)
        assert_int_equal(send(&stages, (int)(r % 2), (int64_t)(r / 2), records[r]), 0);
    assert_int_equal(finish(&stages, &out), 0);
    assert_string_equal(out.data, "1\n");
    assert_int_equal(final_stage_limited(stages.final), 1);
    buf_release(&out);
    close_stages(&stages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),         cmocka_unit_test(test_many),          cmocka_unit_test(test_raw),
        cmocka_unit_test(test_failfast),        cmocka_unit_test(test_runtime_error), cmocka_unit_test(test_next_batch),
        cmocka_unit_test(test_limit_remaining),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
