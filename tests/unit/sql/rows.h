/* A table of a few hundred rows with NULLs among them, and expressions in SQL text evaluated over it: all rows at once,
 * some, or one by one. */
#ifndef TESTS_UNIT_SQL_ROWS_H
#define TESTS_UNIT_SQL_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/timestamp.h"
#include "sql/function.h"
#include "sql/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 300
#define NO_RANGE ((struct sql_range){-1, -1})

struct rows {
    struct schema schema;
    struct vector columns[9];
    struct arena arena;
    int64_t offsets[ROWS];
    const struct zone *zone;
};

/* s, s2 STRING, n, n2 BIGINT, i INT, d DOUBLE, b BOOLEAN, t TIMESTAMP, dt DATE; every column NULL in rows of its own */
static inline void rows_init(struct rows *rows)
{
    static const char *const texts[] = {"",           "Hello",       "hello world",
                                        "  pad ",     "12",          "-7",
                                        "3.5",        "Stra\u00dfe", "\u65e5\u672c\U0001F600",
                                        "a,b,,c",     "x%y_z",       "true",
                                        "2018-12-31", "caf\xE9",     "ABC abc"};
    static const struct {
        const char *name;
        enum type_id type;
    } columns[] = {{"s", TYPE_STRING}, {"s2", TYPE_STRING}, {"n", TYPE_BIGINT},    {"n2", TYPE_BIGINT}, {"i", TYPE_INT},
                   {"d", TYPE_DOUBLE}, {"b", TYPE_BOOLEAN}, {"t", TYPE_TIMESTAMP}, {"dt", TYPE_DATE}};
    static const double doubles[] = {0.0, -0.0, 1.5, -2.5, 1e10, -1e-5, 0.1, NAN, INFINITY, -INFINITY, 123456.789};
    const size_t ntexts = sizeof(texts) / sizeof(texts[0]);
    uint32_t random = 12345;

    memset(rows, 0, sizeof(*rows));
    schema_init(&rows->schema);
    rows->zone = zone_open("America/Los_Angeles", strlen("America/Los_Angeles"), NULL);
    assert_non_null(rows->zone);
    for (size_t c = 0; c < 9; c++) {
        struct vector *v = &rows->columns[c];
        const struct type *type = type_of(columns[c].type);
        assert_int_equal(schema_add(&rows->schema, columns[c].name, type), 0);
        assert_int_equal(vector_alloc(v, type, ROWS, &rows->arena), 0);
        for (size_t row = 0; row < ROWS; row++) {
            random = random * 1664525 + 1013904223;
            uint32_t pick = random >> 8;
            switch (columns[c].type) {
            case TYPE_STRING:
                v->data.str[row].data = texts[pick % ntexts];
                v->data.str[row].len = (uint32_t)strlen(texts[pick % ntexts]);
                break;
            case TYPE_BIGINT:
                v->data.i64[row] = (int64_t)(pick % 2001) - 1000;
                break;
            case TYPE_INT:
                v->data.i32[row] = (int32_t)(pick % 21) - 10;
                break;
            case TYPE_DOUBLE:
                v->data.f64[row] = doubles[pick % (sizeof(doubles) / sizeof(doubles[0]))];
                break;
            case TYPE_BOOLEAN:
                v->data.boolean[row] = pick % 2;
                break;
            case TYPE_TIMESTAMP:
                v->data.i64[row] = INT64_C(1500000000000000) + (int64_t)pick * 1000003;
                break;
            default:
                v->data.i32[row] = (int32_t)(pick % 40000) - 10000;
                break;
            }
            if (pick % 7 == c % 7)
                vector_set_null(v, row);
        }
    }
    for (size_t row = 0; row < ROWS; row++)
        rows->offsets[row] = 1000 + (int64_t)row;
}

static inline void rows_release(struct rows *rows)
{
    schema_release(&rows->schema);
    arena_release(&rows->arena);
    zone_close_all();
}

static inline struct plan *rows_compile(const struct rows *rows, const char *expr, struct errbuf *err)
{
    struct plan_view view = {.name = "t", .columns = &rows->schema};
    struct plan_catalog catalog = {.nviews = 1, .views = &view};
    struct plan_options options = {.output_mode = PLAN_COMPLETE, .batch = true, .zone = rows->zone};
    char sql[1200];

    errbuf_clear(err);
    snprintf(sql, sizeof(sql), "SELECT %s AS v FROM t", expr);
    return plan_compile(sql, &catalog, &options, err);
}

/* The select item of a plan that is one projection. */
static inline const struct expr *rows_item(const struct plan *plan)
{
    assert_int_equal(plan->nops, 1);
    assert_int_equal(plan->ops[0].kind, PLAN_PROJECT);
    return plan->ops[0].u.project.exprs[0];
}

/* The columns that the plan wants, of rows [first, first + n). */
static inline void rows_batch(struct rows *rows, const struct plan *plan, size_t first, size_t n, struct batch *batch,
                              struct arena *arena)
{
    memset(batch, 0, sizeof(*batch));
    batch->nrows = batch->nselected = n;
    batch->ncolumns = plan->ncolumns;
    batch->columns = arena_calloc(arena, plan->ncolumns + 1, sizeof(struct vector));
    assert_non_null(batch->columns);
    batch->arena = arena;
    batch->topic = "calls";
    batch->partition = 3;
    batch->offsets = rows->offsets + first;
    for (size_t c = 0; c < plan->ncolumns; c++) {
        struct vector *v = &batch->columns[c];
        *v = rows->columns[plan->columns[c]];
        v->nulls += first;
        switch (v->type->id) {
        case TYPE_BOOLEAN:
            v->data.boolean += first;
            break;
        case TYPE_INT:
        case TYPE_DATE:
            v->data.i32 += first;
            break;
        case TYPE_STRING:
            v->data.str += first;
            break;
        default:
            v->data.i64 += first;
            break;
        }
    }
}

/* Both NULL, or equal values; a NaN is itself. */
static inline bool rows_same(const struct vector *a, size_t a_row, const struct vector *b, size_t b_row)
{
    bool a_null = a->type->id == TYPE_NULL || vector_is_null(a, a_row);
    bool b_null = b->type->id == TYPE_NULL || vector_is_null(b, b_row);

    if (a_null || b_null)
        return a_null && b_null;
    return vector_compare(a, vector_row(a, a_row), b, vector_row(b, b_row)) == 0;
}

#endif
