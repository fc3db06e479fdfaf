/* For tests of aggregates and state: an aggregate operator by hand, and batches and results as text.
 *
 * A row is cells with '|' between, NULL for NULL; a window is "start..end". Doubles print with 17 digits. */
#ifndef TESTS_ENGINE_GROUPS_H
#define TESTS_ENGINE_GROUPS_H

#include "engine/aggregate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 8

struct groups {
    struct arena arena;
    size_t ncolumns;
    const struct type *columns[GROUPS_MAX];
    struct plan_op op;
    struct expr *keys[GROUPS_MAX];
    struct plan_aggregate_call calls[GROUPS_MAX];
    struct errbuf err;
};

static inline void groups_init(struct groups *groups)
{
    memset(groups, 0, sizeof(*groups));
    arena_init(&groups->arena);
    groups->op.kind = PLAN_AGGREGATE;
    groups->op.u.aggregate.keys = groups->keys;
    groups->op.u.aggregate.calls = groups->calls;
    groups->op.u.aggregate.event_time_key = -1;
}

static inline void groups_release(struct groups *groups)
{
    arena_release(&groups->arena);
}

/* Columns of the input: s STRING, i INT, l BIGINT, d DOUBLE, t TIMESTAMP, b BOOLEAN, y DATE, x BINARY, w window, n
 * NULL. */
static inline void groups_columns(struct groups *groups, const char *letters)
{
    groups->ncolumns = strlen(letters);
    for (size_t i = 0; i < groups->ncolumns; i++) {
        static const char names[] = "nbildstyx";
        static const enum type_id ids[] = {TYPE_NULL,   TYPE_BOOLEAN,   TYPE_INT,  TYPE_BIGINT, TYPE_DOUBLE,
                                           TYPE_STRING, TYPE_TIMESTAMP, TYPE_DATE, TYPE_BINARY};
        const char *found = strchr(names, letters[i]);
        groups->columns[i] = found == NULL ? type_window() : type_of(ids[found - names]);
    }
}

static inline struct expr *groups_column(struct groups *groups, size_t column)
{
    struct sql_range nowhere = {-1, -1};

    return expr_column(&groups->arena, column, groups->columns[column], "c", nowhere);
}

static inline void groups_key(struct groups *groups, size_t column)
{
    groups->keys[groups->op.u.aggregate.nkeys++] = groups_column(groups, column);
}

/* column -1: count(*); filter -1: none */
static inline void groups_call(struct groups *groups, enum aggregate_kind kind, int column, int filter)
{
    struct plan_aggregate_call *call = &groups->calls[groups->op.u.aggregate.ncalls++];

    call->kind = kind;
    call->arg = column < 0 ? NULL : groups_column(groups, (size_t)column);
    call->filter = filter < 0 ? NULL : groups_column(groups, (size_t)filter);
    call->name = "call";
    if (kind == AGGREGATE_COUNT)
        call->type = type_of(TYPE_BIGINT);
    else if (kind == AGGREGATE_AVG || (kind == AGGREGATE_SUM && call->arg->type->id == TYPE_DOUBLE))
        call->type = type_of(TYPE_DOUBLE);
    else if (kind == AGGREGATE_SUM)
        call->type = type_of(TYPE_BIGINT);
    else
        call->type = call->arg->type;
}

static inline void groups_cell(struct vector *vector, size_t row, const char *text, size_t len, struct arena *arena)
{
    char *copy = arena_strndup(arena, text, len);

    if (strcmp(copy, "NULL") == 0) {
        vector_set_null(vector, row);
        return;
    }
    switch (vector->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        vector->data.boolean[row] = copy[0] == 't';
        break;
    case TYPE_INT:
    case TYPE_DATE:
        vector->data.i32[row] = (int32_t)strtol(copy, NULL, 10);
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        vector->data.i64[row] = strtoll(copy, NULL, 10);
        break;
    case TYPE_DOUBLE:
        vector->data.f64[row] = strtod(copy, NULL);
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        vector->data.str[row] = (struct str){copy, (uint32_t)len};
        break;
    case TYPE_STRUCT: {
        const char *dots = strstr(copy, "..");
        groups_cell(&vector->fields[0], row, copy, (size_t)(dots - copy), arena);
        groups_cell(&vector->fields[1], row, dots + 2, strlen(dots + 2), arena);
        break;
    }
    }
}

/* A batch of these rows (lines, the last NULL), in arena. */
static inline void groups_batch(const struct groups *groups, const char *const *rows, struct batch *batch,
                                struct arena *arena)
{
    size_t n = 0;

    while (rows[n] != NULL)
        n++;
    *batch = (struct batch){.nrows = n, .nselected = n, .ncolumns = groups->ncolumns, .arena = arena};
    batch->columns = arena_calloc(arena, groups->ncolumns, sizeof(*batch->columns));
    for (size_t i = 0; i < groups->ncolumns; i++)
        vector_alloc(&batch->columns[i], groups->columns[i], n, arena);
    for (size_t row = 0; row < n; row++) {
        const char *at = rows[row];
        for (size_t i = 0; i < groups->ncolumns; i++) {
            size_t len = strcspn(at, "|");
            groups_cell(&batch->columns[i], row, at, len, arena);
            at += len + (at[len] == '|');
        }
    }
}

static inline void groups_show(const struct vector *vector, size_t row, struct buf *out)
{
    if (vector->type->id == TYPE_NULL || vector_is_null(vector, row)) {
        buf_append_text(out, "NULL");
        return;
    }
    switch (vector->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        buf_append_text(out, vector->data.boolean[row] != 0 ? "true" : "false");
        break;
    case TYPE_INT:
    case TYPE_DATE:
        buf_append_i64(out, vector->data.i32[row]);
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        buf_append_i64(out, vector->data.i64[row]);
        break;
    case TYPE_DOUBLE:
        buf_printf(out, "%.17g", isnan(vector->data.f64[row]) ? (double)NAN : vector->data.f64[row]);
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        buf_append(out, vector->data.str[row].data, vector->data.str[row].len);
        break;
    case TYPE_STRUCT:
        groups_show(&vector->fields[0], row, out);
        buf_append_text(out, "..");
        groups_show(&vector->fields[1], row, out);
        break;
    }
}

/* The groups as lines "key|result", in the order of their keys. */
static inline void groups_text(const struct aggregate_table *table, uint32_t *numbers, size_t n, struct buf *out)
{
    struct arena arena;

    arena_init(&arena);
    if (aggregate_sort(table, numbers, n, &arena) != 0)
        abort();
    for (size_t first = 0; first < n; first += VECTOR_ROWS) {
        size_t some = n - first < VECTOR_ROWS ? n - first : VECTOR_ROWS;
        struct batch batch;
        if (aggregate_rows(table, numbers + first, some, &batch, &arena) != 0)
            abort();
        for (size_t row = 0; row < some; row++) {
            for (size_t i = 0; i < batch.ncolumns; i++) {
                if (i > 0)
                    buf_append_byte(out, '|');
                groups_show(&batch.columns[i], row, out);
            }
            buf_append_byte(out, '\n');
        }
        arena_reset(&arena);
    }
    if (out->data == NULL)
        buf_append_text(out, "");
    arena_release(&arena);
}

/* Evaluate the rows into the table. */
static inline int groups_update(struct groups *groups, struct aggregate_table *table, const char *const *rows)
{
    struct arena arena;
    struct batch batch;

    arena_init(&arena);
    groups_batch(groups, rows, &batch, &arena);
    struct eval eval = {.arena = &arena, .zone = zone_utc(), .batch = &batch, .err = &groups->err};
    int result = aggregate_update(table, &eval, &batch, &groups->err);
    arena_release(&arena);
    return result;
}

#endif
