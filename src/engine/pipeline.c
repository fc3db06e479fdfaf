/* Rows that keep their places (filters, projections, tumbling windows, joins with at most one match) are never copied:
 * a filter shrinks the selection, and new columns are written at the rows' own indices. Only rows that multiply
 * (sliding windows, duplicate keys, joins with a further condition) are gathered into chunks.
 */
#include "engine/pipeline.h"

#include "record/window.h"

#include <stdlib.h>
#include <string.h>

static int push_from(struct pipeline_run *run, size_t op, struct batch *batch);

static int no_memory(struct pipeline_run *run, size_t size_bytes)
{
    return errbuf_oom(run->eval.err, "batch", size_bytes);
}

static size_t row_at(const struct batch *batch, size_t i)
{
    return batch->sel ? batch->sel[i] : i;
}

/* --- operators that keep rows in place -------------------------------------------------------------------------- */

static int run_filter(struct pipeline_run *run, const struct plan_op *op, struct batch *batch)
{
    uint16_t *sel = arena_alloc(batch->arena, batch->nselected * sizeof(*sel) + 1);

    if (!sel)
        return no_memory(run, batch->nselected * sizeof(*sel));
    long n = expr_select(&run->eval, op->u.filter, batch, batch->sel, batch->nselected, sel);
    if (n < 0)
        return -1;
    batch->sel = sel;
    batch->nselected = (size_t)n;
    return 0;
}

static int run_project(struct pipeline_run *run, const struct plan_op *op, struct batch *batch)
{
    struct vector *columns = arena_calloc(batch->arena, op->ncolumns + 1, sizeof(*columns));

    if (!columns)
        return no_memory(run, op->ncolumns * sizeof(*columns));
    for (size_t i = 0; i < op->ncolumns; i++)
        if (expr_eval(&run->eval, op->u.project.exprs[i], batch, batch->sel, batch->nselected, &columns[i]) != 0)
            return -1;
    batch->columns = columns;
    batch->ncolumns = op->ncolumns;
    return 0;
}

/* The batch's columns with room for `more` behind them. */
static struct vector *widen(const struct batch *batch, size_t more)
{
    struct vector *columns = arena_calloc(batch->arena, batch->ncolumns + more + 1, sizeof(*columns));

    if (columns && batch->ncolumns)
        memcpy(columns, batch->columns, batch->ncolumns * sizeof(*columns));
    return columns;
}

static void run_watermark(struct pipeline_run *run, const struct plan_op *op, const struct batch *batch)
{
    if (run->watermark)
        watermark_observe(run->watermark, &batch->columns[op->u.watermark.column], batch->sel, batch->nselected);
}

/* --- chunks: rows that multiply --------------------------------------------------------------------------------- */

/* Collects pairs (row of the batch, something) and hands them on as gathered batches. */
struct chunk {
    struct pipeline_run *run;
    size_t op;
    const struct batch *batch; /* the source */
    size_t extra;              /* columns behind the source's */
    size_t n;
    uint32_t *rows;    /* of the source */
    uint32_t *matches; /* join: table rows, or JOIN_NONE */
    int64_t *starts;   /* window: starts */
};

static int gather(const struct vector *src, const uint32_t *rows, size_t n, struct vector *dst, struct arena *arena)
{
    if (src->constant) {
        *dst = *src;
        return 0;
    }
    return vector_alloc(dst, src->type, n, arena) != 0 ? -1 : vector_gather(dst, 0, src, rows, n, NULL);
}

/* Columns of the table for the chunk's matches. */
static int gather_table(struct chunk *chunk, struct vector *columns, struct arena *arena)
{
    const struct plan_op *op = &chunk->run->pipeline->plan->ops[chunk->op];
    const struct rowset *table = chunk->run->pipeline->tables[op->u.join.table];

    for (size_t c = 0; c < op->u.join.nneeded; c++) {
        const struct vector *src = &table->columns[op->u.join.needed[c]];

        if (vector_alloc(&columns[c], src->type, chunk->n, arena) != 0)
            return -1;
        for (size_t i = 0; i < chunk->n; i++) {
            if (chunk->matches[i] == JOIN_NONE)
                vector_set_null(&columns[c], i);
            else if (vector_copy(&columns[c], i, src, chunk->matches[i], NULL) != 0)
                return -1;
        }
    }
    return 0;
}

static int gather_window(const struct chunk *chunk, struct vector *column, struct arena *arena)
{
    const struct plan_op *op = &chunk->run->pipeline->plan->ops[chunk->op];

    if (vector_alloc(column, op->columns[op->ncolumns - 1].type, chunk->n, arena) != 0)
        return -1;
    for (size_t i = 0; i < chunk->n; i++) {
        column->fields[0].data.i64[i] = chunk->starts[i];
        column->fields[1].data.i64[i] = (int64_t)((uint64_t)chunk->starts[i] + (uint64_t)op->u.window.window_us);
    }
    return 0;
}

/* Make the gathered batch of a chunk in arena. */
static int gather_chunk(struct chunk *chunk, struct batch *out, struct arena *arena)
{
    const struct batch *batch = chunk->batch;
    struct vector *columns = arena_calloc(arena, batch->ncolumns + chunk->extra + 1, sizeof(*columns));
    int64_t *offsets = NULL;

    if (!columns)
        return no_memory(chunk->run, chunk->n);
    for (size_t c = 0; c < batch->ncolumns; c++)
        if (gather(&batch->columns[c], chunk->rows, chunk->n, &columns[c], arena) != 0)
            return no_memory(chunk->run, chunk->n);
    if (batch->offsets) {
        offsets = arena_alloc(arena, chunk->n * sizeof(*offsets) + 1);
        if (!offsets)
            return no_memory(chunk->run, chunk->n);
        for (size_t i = 0; i < chunk->n; i++)
            offsets[i] = batch->offsets[chunk->rows[i]];
    }
    if ((chunk->starts ? gather_window(chunk, &columns[batch->ncolumns], arena)
                       : gather_table(chunk, columns + batch->ncolumns, arena)) != 0)
        return no_memory(chunk->run, chunk->n);
    *out = *batch;
    out->nrows = out->nselected = chunk->n;
    out->sel = NULL;
    out->columns = columns;
    out->ncolumns = batch->ncolumns + chunk->extra;
    out->arena = arena;
    out->offsets = offsets;
    return 0;
}

/* Send the chunk on to the operators behind and empty it. */
static int flush_chunk(struct chunk *chunk)
{
    struct pipeline_run *run = chunk->run;
    struct arena *arena = &run->arenas[chunk->op];
    struct arena *outer = run->eval.arena;
    const struct batch *outer_batch = run->eval.batch;
    struct batch out;
    int result;

    if (chunk->n == 0)
        return 0;
    arena_reset(arena);
    if (gather_chunk(chunk, &out, arena) != 0)
        return -1;
    run->eval.arena = arena;
    result = push_from(run, chunk->op + 1, &out);
    run->eval.arena = outer;
    run->eval.batch = outer_batch;
    chunk->n = 0;
    return result;
}

static int chunk_add(struct chunk *chunk, size_t row, uint32_t match, int64_t start)
{
    chunk->rows[chunk->n] = (uint32_t)row;
    if (chunk->starts)
        chunk->starts[chunk->n] = start;
    else
        chunk->matches[chunk->n] = match;
    return ++chunk->n == VECTOR_ROWS ? flush_chunk(chunk) : 0;
}

static int chunk_init(struct chunk *chunk, struct pipeline_run *run, size_t op, const struct batch *batch, size_t extra,
                      bool window)
{
    memset(chunk, 0, sizeof(*chunk));
    chunk->run = run;
    chunk->op = op;
    chunk->batch = batch;
    chunk->extra = extra;
    chunk->rows = arena_alloc(batch->arena, VECTOR_ROWS * sizeof(*chunk->rows));
    if (window)
        chunk->starts = arena_alloc(batch->arena, VECTOR_ROWS * sizeof(*chunk->starts));
    else
        chunk->matches = arena_alloc(batch->arena, VECTOR_ROWS * sizeof(*chunk->matches));
    return chunk->rows && (chunk->starts || chunk->matches) ? 0 : no_memory(run, VECTOR_ROWS * sizeof(int64_t));
}

/* --- windows ---------------------------------------------------------------------------------------------------- */

/* Window bounds that leave 64 bits end the query, as in Spark. */
static int check_bounds(struct pipeline_run *run, const struct window *window, int64_t time_us)
{
    if (window_fits(window, time_us))
        return 0;
    return errbuf_condition(run->eval.err, "ARITHMETIC_OVERFLOW", "22003",
                            "long overflow: the window of an event time of %lld microseconds since 1970",
                            (long long)time_us);
}

/* One window a row: the struct stands at the row's own index; rows without a time fall out of the selection. */
static int run_tumbling(struct pipeline_run *run, const struct plan_op *op, const struct window *window,
                        const struct vector *time, struct batch *batch)
{
    struct vector *columns = widen(batch, 1);
    uint16_t *sel = arena_alloc(batch->arena, batch->nselected * sizeof(*sel) + 1);
    struct vector *column = columns ? &columns[batch->ncolumns] : NULL;
    size_t n = 0;

    if (!columns || !sel || vector_alloc(column, op->columns[op->ncolumns - 1].type, batch->nrows, batch->arena) != 0)
        return no_memory(run, batch->nrows * sizeof(int64_t));
    for (size_t i = 0; i < batch->nselected; i++) {
        size_t row = row_at(batch, i);

        if (vector_is_null(time, row))
            continue;
        int64_t time_us = time->data.i64[vector_row(time, row)];
        if (check_bounds(run, window, time_us) != 0)
            return -1;
        int64_t start = window_start(window, time_us);
        column->fields[0].data.i64[row] = start;
        column->fields[1].data.i64[row] = (int64_t)((uint64_t)start + (uint64_t)window->length_us);
        sel[n++] = (uint16_t)row;
    }
    batch->columns = columns;
    batch->ncolumns++;
    batch->sel = sel;
    batch->nselected = n;
    return 0;
}

static int run_sliding(struct pipeline_run *run, size_t op_index, const struct window *window,
                       const struct vector *time, struct batch *batch)
{
    struct chunk chunk;
    size_t max = window_max(window);
    int64_t *starts = arena_alloc(batch->arena, max * sizeof(*starts) + 1);

    if (!starts)
        return no_memory(run, max * sizeof(*starts));
    if (chunk_init(&chunk, run, op_index, batch, 1, true) != 0)
        return -1;
    for (size_t i = 0; i < batch->nselected; i++) {
        size_t row = row_at(batch, i);

        if (vector_is_null(time, row))
            continue;
        int64_t time_us = time->data.i64[vector_row(time, row)];
        if (check_bounds(run, window, time_us) != 0)
            return -1;
        size_t n = window_starts(window, time_us, starts);
        for (size_t k = 0; k < n; k++)
            if (chunk_add(&chunk, row, JOIN_NONE, starts[k]) != 0)
                return -1;
    }
    return flush_chunk(&chunk);
}

/* *done: the rows were handed on already. */
static int run_window(struct pipeline_run *run, size_t op_index, struct batch *batch, bool *done)
{
    const struct plan_op *op = &run->pipeline->plan->ops[op_index];
    struct window window = {op->u.window.window_us, op->u.window.slide_us, op->u.window.start_us};
    struct vector time;

    if (expr_eval(&run->eval, op->u.window.time, batch, batch->sel, batch->nselected, &time) != 0)
        return -1;
    if (window.length_us == window.slide_us)
        return run_tumbling(run, op, &window, &time, batch);
    *done = true;
    return run_sliding(run, op_index, &window, &time, batch);
}

/* --- joins ------------------------------------------------------------------------------------------------------ */

/* A table's texts beside the rows that match them; the bytes are the table's. */
static void place_texts(struct vector *dst, const struct vector *src, const uint32_t *first, const uint16_t *sel,
                        size_t n)
{
    bool nulls = false;

    for (size_t i = 0; i < n; i++) {
        uint32_t match = first[sel[i]];
        bool null = match == JOIN_NONE || vector_is_null(src, match);
        dst->nulls[sel[i]] = null;
        nulls |= null;
        if (!null)
            dst->data.str[sel[i]] = src->data.str[match];
    }
    dst->has_nulls = nulls;
}

/* At most one match a row and no further condition: the table's columns are filled in beside the rows. */
static int join_in_place(struct pipeline_run *run, const struct plan_op *op, const uint32_t *first, struct batch *batch)
{
    const struct rowset *table = run->pipeline->tables[op->u.join.table];
    struct vector *columns = widen(batch, op->u.join.nneeded);
    uint16_t *sel = arena_alloc(batch->arena, batch->nselected * sizeof(*sel) + 1);
    size_t n = 0;

    if (!columns || !sel)
        return no_memory(run, batch->nselected);
    for (size_t i = 0; i < batch->nselected; i++) {
        size_t row = row_at(batch, i);

        if (first[row] != JOIN_NONE)
            sel[n++] = (uint16_t)row;
        else if (op->u.join.left)
            run->unmatched++, sel[n++] = (uint16_t)row;
    }
    for (size_t c = 0; c < op->u.join.nneeded; c++) {
        const struct vector *src = &table->columns[op->u.join.needed[c]];
        struct vector *dst = &columns[batch->ncolumns + c];

        if (vector_alloc(dst, src->type, batch->nrows, batch->arena) != 0)
            return no_memory(run, batch->nrows * type_width(src->type));
        if (src->type->id == TYPE_STRING && !src->constant) { /* nearly always */
            place_texts(dst, src, first, sel, n);
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            if (first[sel[i]] == JOIN_NONE)
                vector_set_null(dst, sel[i]);
            else if (vector_copy(dst, sel[i], src, first[sel[i]], NULL) != 0)
                return no_memory(run, batch->nrows);
        }
    }
    batch->columns = columns;
    batch->ncolumns += op->u.join.nneeded;
    batch->sel = sel;
    batch->nselected = n;
    return 0;
}

/* Which of a stream row's matches pass the join's condition; they are tried in chunks and noted in kept[], in their
 * order. */
struct matches {
    uint32_t *rows;
    size_t n, cap;
};

static int matches_add(struct matches *matches, uint32_t row)
{
    if (matches->n == matches->cap) {
        size_t cap = matches->cap ? matches->cap * 2 : 64;
        uint32_t *grown = realloc(matches->rows, cap * sizeof(*grown));

        if (!grown)
            return -1;
        matches->rows = grown;
        matches->cap = cap;
    }
    matches->rows[matches->n++] = row;
    return 0;
}

/* Evaluate the condition over candidates of one stream row: keeps the passing ones in place. trial is room for the
 * pairs; they are gathered in the arena of the chunks, which is free until a full chunk is handed on. */
static int keep_passing(struct chunk *trial, size_t row, struct matches *matches)
{
    struct pipeline_run *run = trial->run;
    const struct batch *batch = trial->batch;
    const struct plan_op *op = &run->pipeline->plan->ops[trial->op];
    size_t kept = 0;

    for (size_t base = 0; base < matches->n; base += VECTOR_ROWS) {
        struct arena *arena = &run->arenas[trial->op];
        struct arena *outer = run->eval.arena;
        struct batch pairs;
        long passed;

        trial->n = matches->n - base < VECTOR_ROWS ? matches->n - base : VECTOR_ROWS;
        for (size_t i = 0; i < trial->n; i++) {
            trial->rows[i] = (uint32_t)row;
            trial->matches[i] = matches->rows[base + i];
        }
        arena_reset(arena);
        if (gather_chunk(trial, &pairs, arena) != 0)
            return -1;
        uint16_t *sel = arena_alloc(arena, VECTOR_ROWS * sizeof(*sel));
        if (!sel)
            return no_memory(run, VECTOR_ROWS * sizeof(*sel));
        run->eval.arena = arena;
        run->eval.batch = &pairs;
        passed = expr_select(&run->eval, op->u.join.condition, &pairs, NULL, pairs.nrows, sel);
        run->eval.arena = outer;
        run->eval.batch = batch;
        if (passed < 0)
            return -1;
        for (long i = 0; i < passed; i++)
            matches->rows[kept++] = trial->matches[sel[i]];
    }
    matches->n = kept;
    return 0;
}

static int join_multiply(struct pipeline_run *run, size_t op_index, const uint32_t *first, struct batch *batch)
{
    const struct plan_op *op = &run->pipeline->plan->ops[op_index];
    const struct join *join = run->pipeline->joins[op_index];
    struct matches matches = {NULL, 0, 0};
    struct chunk chunk, trial;
    int result = -1;

    if (chunk_init(&chunk, run, op_index, batch, op->u.join.nneeded, false) != 0 ||
        chunk_init(&trial, run, op_index, batch, op->u.join.nneeded, false) != 0)
        return -1;
    for (size_t i = 0; i < batch->nselected; i++) {
        size_t row = row_at(batch, i);

        matches.n = 0;
        for (uint32_t match = first[row]; match != JOIN_NONE; match = join_next(join, match))
            if (matches_add(&matches, match) != 0) {
                no_memory(run, matches.cap);
                goto out;
            }
        if (matches.n && op->u.join.condition && keep_passing(&trial, row, &matches) != 0)
            goto out;
        for (size_t k = 0; k < matches.n; k++)
            if (chunk_add(&chunk, row, matches.rows[k], 0) != 0)
                goto out;
        if (matches.n == 0 && op->u.join.left) {
            run->unmatched++;
            if (chunk_add(&chunk, row, JOIN_NONE, 0) != 0)
                goto out;
        }
    }
    result = flush_chunk(&chunk);
out:
    free(matches.rows);
    return result;
}

static int run_join(struct pipeline_run *run, size_t op_index, struct batch *batch, bool *done)
{
    const struct plan_op *op = &run->pipeline->plan->ops[op_index];
    const struct join *join = run->pipeline->joins[op_index];
    uint32_t *first = arena_alloc(batch->arena, batch->nrows * sizeof(*first) + 1);

    if (!first)
        return no_memory(run, batch->nrows * sizeof(*first));
    if (join_probe(join, &run->eval, batch, first) != 0)
        return -1;
    if (join_unique(join) && !op->u.join.condition)
        return join_in_place(run, op, first, batch);
    *done = true;
    return join_multiply(run, op_index, first, batch);
}

/* --- the chain -------------------------------------------------------------------------------------------------- */

static int push_from(struct pipeline_run *run, size_t op_index, struct batch *batch)
{
    for (; op_index < run->last; op_index++) {
        const struct plan_op *op = &run->pipeline->plan->ops[op_index];
        bool done = false;
        int result = 0;

        if (batch->nselected == 0)
            return 0;
        run->reached[op_index] += (int64_t)batch->nselected;
        run->eval.batch = batch;
        switch (op->kind) {
        case PLAN_FILTER:
            result = run_filter(run, op, batch);
            break;
        case PLAN_PROJECT:
            result = run_project(run, op, batch);
            break;
        case PLAN_JOIN:
            result = run_join(run, op_index, batch, &done);
            break;
        case PLAN_WINDOW:
            result = run_window(run, op_index, batch, &done);
            break;
        case PLAN_WATERMARK:
            run_watermark(run, op, batch);
            break;
        case PLAN_AGGREGATE:
        case PLAN_SORT:
        case PLAN_LIMIT:
            return errbuf_set(run->eval.err, EXIT_CODE_RUNTIME, "operator %zu of the plan is no row-wise operator",
                              op_index);
        }
        if (result != 0 || done)
            return result;
    }
    if (batch->nselected == 0)
        return 0;
    run->reached[run->last] += (int64_t)batch->nselected;
    run->eval.batch = batch;
    return run->emit(run, batch, run->cookie);
}

int pipeline_push(struct pipeline_run *run, struct batch *batch, struct errbuf *err)
{
    run->eval.arena = batch->arena;
    run->eval.err = err;
    return push_from(run, run->first, batch);
}

int pipeline_run_init(struct pipeline_run *run, const struct pipeline *pipeline, size_t first, size_t last,
                      pipeline_fn emit, void *cookie)
{
    memset(run, 0, sizeof(*run));
    run->pipeline = pipeline;
    run->first = first;
    run->last = last;
    run->emit = emit;
    run->cookie = cookie;
    run->eval.zone = pipeline->plan->zone;
    run->eval.sql = pipeline->plan->sql;
    run->arenas = calloc(pipeline->plan->nops + 1, sizeof(*run->arenas));
    run->reached = calloc(pipeline->plan->nops + 1, sizeof(*run->reached));
    if (!run->arenas || !run->reached) {
        free(run->arenas);
        free(run->reached);
        run->arenas = NULL;
        run->reached = NULL;
        return -1;
    }
    for (size_t i = 0; i < pipeline->plan->nops; i++)
        arena_init(&run->arenas[i]);
    return 0;
}

void pipeline_run_release(struct pipeline_run *run)
{
    if (run->arenas)
        for (size_t i = 0; i < run->pipeline->plan->nops; i++)
            arena_release(&run->arenas[i]);
    free(run->arenas);
    free(run->reached);
    run->arenas = NULL;
    run->reached = NULL;
}

void pipeline_run_begin(struct pipeline_run *run)
{
    run->unmatched = 0;
    memset(run->reached, 0, (run->pipeline->plan->nops + 1) * sizeof(*run->reached));
}

int pipeline_init(struct pipeline *pipeline, const struct plan *plan, const struct rowset *const *tables,
                  struct errbuf *err)
{
    pipeline->plan = plan;
    pipeline->tables = tables;
    pipeline->joins = calloc(plan->nops + 1, sizeof(struct join *));
    if (!pipeline->joins)
        return errbuf_oom(err, "pipeline", plan->nops * sizeof(struct join *));
    for (size_t i = 0; i < plan->nops; i++) {
        if (plan->ops[i].kind != PLAN_JOIN)
            continue;
        pipeline->joins[i] = join_new(&plan->ops[i], tables[plan->ops[i].u.join.table], plan, err);
        if (!pipeline->joins[i]) {
            pipeline_release(pipeline);
            return -1;
        }
    }
    return 0;
}

void pipeline_release(struct pipeline *pipeline)
{
    if (pipeline->joins)
        for (size_t i = 0; i < pipeline->plan->nops; i++)
            join_free(pipeline->joins[i]);
    free(pipeline->joins);
    pipeline->joins = NULL;
}

int pipeline_schema(const struct type_field *columns, size_t ncolumns, struct schema *schema)
{
    schema_init(schema);
    for (size_t i = 0; i < ncolumns; i++) {
        if (schema_add(schema, columns[i].name, columns[i].type) != 0) {
            schema_release(schema);
            return -1;
        }
    }
    return 0;
}
