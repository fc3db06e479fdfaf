/* From SQL text to a tree of operators, checked as Spark's analyzer checks.
 *
 * A plan is a chain, because joins have a static table on one side: the rows of the streaming view flow through `ops`
 * from first to last. At most one operator is PLAN_AGGREGATE: everything before it is the map stage (run per partition
 * range), everything after it the final stage. Without an aggregate all row-wise operators are the map stage, and only
 * what needs all rows of a batch (SORT never streams without one; LIMIT) comes in the final stage.
 *
 * Each operator's expressions see the columns that the one before it leaves:
 *   FILTER, WATERMARK, SORT, LIMIT   the same columns
 *   PROJECT                          one column per expression
 *   JOIN                             the columns so far, then the table's needed columns
 *   WINDOW                           the columns so far, then one struct<start,end> column; rows with a NULL time
 *                                    vanish; sliding windows multiply rows, latest start first
 *   AGGREGATE                        the keys, then the aggregates
 * Immutable after plan_compile; freed as a whole.
 */
#ifndef SQL_PLAN_H
#define SQL_PLAN_H

#include "common/errbuf.h"
#include "record/schema.h"
#include "record/zone.h"
#include "sql/expr.h"

enum plan_output_mode { PLAN_COMPLETE, PLAN_UPDATE, PLAN_APPEND };

enum plan_op_kind {
    PLAN_FILTER,
    PLAN_PROJECT,
    PLAN_JOIN,
    PLAN_WINDOW,
    PLAN_WATERMARK,
    PLAN_AGGREGATE,
    PLAN_SORT,
    PLAN_LIMIT
};

/* What the text may name. Borrowed for the time of plan_compile. */
struct plan_view {
    const char *name;             /* "calls" */
    const struct schema *columns; /* every column of the view, the source's own (_key, _topic ...) last */
    size_t nhidden; /* how many of the last columns `*` does not name: 0, as in Spark's captures all count */
    const char *watermark_column; /* or NULL */
    int64_t watermark_delay_us;
};

struct plan_table {
    const char *name; /* "radio_code" */
    const struct schema *columns;
};

struct plan_catalog {
    size_t nviews;
    const struct plan_view *views;
    size_t ntables;
    const struct plan_table *tables;
};

struct plan_options {
    enum plan_output_mode output_mode;
    bool batch;              /* a test's query over static data: no streaming restrictions */
    const struct zone *zone; /* session zone; borrowed for the plan's life */
};

#define PLAN_NO_VIEW SIZE_MAX

struct plan_sort_key {
    struct expr *expr;
    bool descending;
    bool nulls_first;
};

struct plan_aggregate_call {
    enum aggregate_kind kind;
    struct expr *arg;        /* NULL: count(*) */
    struct expr *filter;     /* or NULL; BOOLEAN */
    const struct type *type; /* of the result */
    const char *name;        /* "count(1)": for checkpoints' fingerprints and the plan page */
};

struct plan_op {
    enum plan_op_kind kind;
    size_t ncolumns; /* after this operator */
    const struct type_field *columns;
    union {
        struct expr *filter;
        struct {
            struct expr **exprs; /* ncolumns of them */
        } project;
        struct {
            size_t table; /* index in the catalog */
            const char *table_name;
            bool left;    /* LEFT OUTER with the stream on the left; else INNER */
            size_t nkeys; /* equalities stream_keys[i] = table_keys[i]; both sides of one type */
            struct expr **stream_keys;
            struct expr **table_keys;  /* over all of the table's columns */
            bool *null_safe;           /* keys compared by <=> */
            struct expr *table_filter; /* over all of the table's columns; NULL: none */
            struct expr *condition; /* what else must hold, over (columns so far, needed table columns); NULL: none */
            size_t nneeded;
            const size_t *needed; /* the table's columns that are appended */
        } join;
        struct {
            struct expr *time; /* TIMESTAMP */
            int64_t window_us, slide_us, start_us;
        } window;
        struct {
            size_t column; /* TIMESTAMP */
            int64_t delay_us;
        } watermark;
        struct {
            size_t nkeys;
            struct expr **keys;
            size_t ncalls;
            const struct plan_aggregate_call *calls;
            int event_time_key;     /* the key that is the watermarked column or a window over it; -1: none */
            bool event_time_window; /* it is a window: its end is compared with the watermark */
            bool distinct;          /* SELECT DISTINCT: keys only */
        } aggregate;
        struct {
            size_t nkeys;
            const struct plan_sort_key *keys;
        } sort;
        struct {
            int64_t rows;
        } limit;
    } u;
};

struct plan {
    struct arena arena;
    const char *sql;
    enum plan_output_mode output_mode;
    const struct zone *zone;
    size_t view; /* index in the catalog; PLAN_NO_VIEW (batch only): one row without columns */
    const char *view_name;
    size_t ncolumns;       /* the view's columns that are needed: the first operator sees these, in this order */
    const size_t *columns; /* indices into the view's schema */
    const struct type_field *scan_columns; /* those columns themselves */
    size_t nops;
    struct plan_op *ops;
    size_t aggregate;     /* index of PLAN_AGGREGATE, or nops */
    size_t final_stage;   /* index of the first operator of the final stage (aggregate + 1; without aggregate: LIMIT, or
                             nops) */
    struct schema output; /* names and types of the result */
    bool deterministic_order; /* ends in SORT: rows come in the query's own order */
};

/* "complete", "Update", "APPEND": letter case does not count. Returns 0, or -1 with err
 * (STREAMING_OUTPUT_MODE.INVALID). */
int plan_output_mode(const char *text, enum plan_output_mode *mode, struct errbuf *err);

/* Compile and check. Returns the plan, or NULL with err: Spark's condition and SQLSTATE, the place with line and
 * column, the text of Spark with the fragment and a caret line, code EXIT_CODE_USAGE. What is outside the subset:
 * SFCRIME_UNSUPPORTED (0A000) naming feature and place. */
struct plan *plan_compile(const char *sql, const struct plan_catalog *catalog, const struct plan_options *options,
                          struct errbuf *err);
void plan_free(struct plan *plan);

/* The operators as an indented tree, last one on top, as EXPLAIN shows: one line each. */
void plan_explain(const struct plan *plan, struct buf *out);

/* What a checkpoint must agree with: grouping expressions with types, aggregates, watermark, output mode; a line
 * each. */
void plan_fingerprint(const struct plan *plan, struct buf *out);

#endif
