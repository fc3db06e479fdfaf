/* The operators are cut into segments at SORT and LIMIT, which need to see all rows; each segment is a pipeline that
 * ends in a rowset. A SORT evaluates its keys into columns of their own and orders row numbers; the rows themselves
 * move once, into the next segment.
 */
#include "engine/final_stage.h"

#include "engine/row_sort.h"

#include <stdlib.h>
#include <string.h>

#define SORTING_KEPT ((size_t)1 << 20) /* bytes */

/* Row-wise operators [first, last), then at most one SORT or LIMIT (operator `last`), which rows of `rows` wait for. */
struct segment {
    struct pipeline_run run;
    struct rowset rows;
    bool has_rows;
    size_t barrier; /* the SORT or LIMIT; nops: none, this is the last segment */
};

struct final_stage {
    const struct pipeline *pipeline;
    const struct plan *plan;
    struct segment *segments;
    size_t nsegments;
    struct arena arena; /* of a chunk */
    struct arena sorting;
    int64_t remaining;
    int64_t limited;
    int64_t unmatched;
};

static int emit(struct pipeline_run *run, struct batch *batch, void *cookie)
{
    struct segment *segment = cookie;

    if (rowset_append(&segment->rows, batch) != 0)
        return errbuf_oom(run->eval.err, "result", segment->rows.nrows);
    return 0;
}

static bool is_barrier(const struct plan_op *op)
{
    return op->kind == PLAN_SORT || op->kind == PLAN_LIMIT;
}

/* Set up segment i over operators from `first`; the schema of what it collects goes with it. */
static int make_segment(struct final_stage *stage, struct segment *segment, size_t first, const struct schema *input,
                        struct errbuf *err)
{
    const struct plan *plan = stage->plan;
    struct schema schema;
    size_t last = first;
    int result;

    while (last < plan->nops && !is_barrier(&plan->ops[last]))
        last++;
    segment->barrier = last;
    if (last == plan->nops) {
        schema_init(&schema);
        result = schema_copy(&schema, &plan->output);
    } else if (last > 0) {
        result = pipeline_schema(plan->ops[last - 1].columns, plan->ops[last - 1].ncolumns, &schema);
    } else {
        schema_init(&schema);
        result = schema_copy(&schema, input);
    }
    if (result == 0)
        result = rowset_init(&segment->rows, &schema);
    schema_release(&schema);
    if (result != 0)
        return errbuf_oom(err, "final stage", plan->nops);
    segment->has_rows = true;
    if (pipeline_run_init(&segment->run, stage->pipeline, first, last, emit, segment) != 0)
        return errbuf_oom(err, "final stage", plan->nops);
    return 0;
}

struct final_stage *final_stage_new(const struct pipeline *pipeline, const struct schema *input, struct errbuf *err)
{
    const struct plan *plan = pipeline->plan;
    struct final_stage *stage = calloc(1, sizeof(*stage));
    size_t first = plan->final_stage;

    if (!stage)
        goto no_memory;
    stage->pipeline = pipeline;
    stage->plan = plan;
    arena_init(&stage->arena);
    arena_init(&stage->sorting);
    stage->segments = calloc(plan->nops + 2, sizeof(*stage->segments));
    if (!stage->segments)
        goto no_memory;
    for (;;) {
        struct segment *segment = &stage->segments[stage->nsegments++];

        if (make_segment(stage, segment, first, input, err) != 0)
            goto fail;
        if (segment->barrier == plan->nops)
            return stage;
        first = segment->barrier + 1;
    }
no_memory:
    errbuf_oom(err, "final stage", sizeof(*stage));
fail:
    final_stage_free(stage);
    return NULL;
}

void final_stage_free(struct final_stage *stage)
{
    if (!stage)
        return;
    for (size_t i = 0; i < stage->nsegments; i++) {
        pipeline_run_release(&stage->segments[i].run);
        if (stage->segments[i].has_rows)
            rowset_release(&stage->segments[i].rows);
    }
    free(stage->segments);
    arena_release(&stage->arena);
    arena_release(&stage->sorting);
    free(stage);
}

void final_stage_begin(struct final_stage *stage, int64_t remaining)
{
    stage->remaining = remaining;
    stage->limited = 0;
    stage->unmatched = 0;
    for (size_t i = 0; i < stage->nsegments; i++) {
        rowset_reset(&stage->segments[i].rows);
        pipeline_run_begin(&stage->segments[i].run);
    }
}

/* What a large result took is given back; small ones come again and again. */
static struct arena *sorting_arena(struct final_stage *stage)
{
    if (stage->sorting.reserved_bytes > SORTING_KEPT)
        arena_release(&stage->sorting);
    else
        arena_reset(&stage->sorting);
    return &stage->sorting;
}

/* --- input ------------------------------------------------------------------------------------------------------ */

int final_stage_groups(struct final_stage *stage, const struct aggregate_table *table, uint32_t *groups, size_t n,
                       struct errbuf *err)
{
    if (aggregate_sort(table, groups, n, sorting_arena(stage)) != 0)
        return errbuf_oom(err, "result", n);
    (void)sorting_arena(stage);
    for (size_t base = 0; base < n; base += VECTOR_ROWS) {
        size_t chunk = n - base < VECTOR_ROWS ? n - base : VECTOR_ROWS;
        struct batch batch;

        arena_reset(&stage->arena);
        memset(&batch, 0, sizeof(batch));
        if (aggregate_rows(table, groups + base, chunk, &batch, &stage->arena) != 0)
            return errbuf_oom(err, "result", chunk);
        batch.arena = &stage->arena;
        if (pipeline_push(&stage->segments[0].run, &batch, err) != 0)
            return -1;
    }
    return 0;
}

int final_stage_rows(struct final_stage *stage, const struct rowset *rows, struct errbuf *err)
{
    for (size_t base = 0; base < rows->nrows; base += VECTOR_ROWS) {
        size_t n = rows->nrows - base < VECTOR_ROWS ? rows->nrows - base : VECTOR_ROWS;
        struct batch batch;

        arena_reset(&stage->arena);
        struct vector *columns = arena_calloc(&stage->arena, rows->schema.ncolumns + 1, sizeof(*columns));
        if (!columns || rowset_batch(rows, base, n, columns, &batch, &stage->arena) != 0)
            return errbuf_oom(err, "result", n);
        batch.arena = &stage->arena;
        if (pipeline_push(&stage->segments[0].run, &batch, err) != 0)
            return -1;
    }
    return 0;
}

/* --- sorting ---------------------------------------------------------------------------------------------------- */

/* Evaluate the sort keys of all rows into arrays of their own. */
static int evaluate_keys(struct final_stage *stage, const struct rowset *rows, const struct plan_op *op,
                         struct vector *keys, struct errbuf *err)
{
    struct eval eval = {.arena = &stage->arena, .zone = stage->plan->zone, .sql = stage->plan->sql, .err = err};

    for (size_t k = 0; k < op->u.sort.nkeys; k++)
        if (vector_alloc(&keys[k], op->u.sort.keys[k].expr->type, rows->nrows, &stage->sorting) != 0)
            return errbuf_oom(err, "sort", rows->nrows);
    for (size_t base = 0; base < rows->nrows; base += VECTOR_ROWS) {
        size_t n = rows->nrows - base < VECTOR_ROWS ? rows->nrows - base : VECTOR_ROWS;
        struct batch batch;

        arena_reset(&stage->arena);
        struct vector *columns = arena_calloc(&stage->arena, rows->schema.ncolumns + 1, sizeof(*columns));
        if (!columns || rowset_batch(rows, base, n, columns, &batch, &stage->arena) != 0)
            return errbuf_oom(err, "sort", n);
        batch.arena = &stage->arena;
        eval.batch = &batch;
        for (size_t k = 0; k < op->u.sort.nkeys; k++) {
            struct vector values;

            if (expr_eval(&eval, op->u.sort.keys[k].expr, &batch, NULL, n, &values) != 0)
                return -1;
            /* Bytes that lie in the chunk's arena must outlive it. */
            if (vector_gather(&keys[k], base, &values, NULL, n, &stage->sorting) != 0)
                return errbuf_oom(err, "sort", rows->nrows);
        }
    }
    return 0;
}

static int sort_rows(struct final_stage *stage, const struct rowset *rows, const struct plan_op *op, uint32_t *numbers,
                     struct errbuf *err)
{
    size_t nkeys = op->u.sort.nkeys;

    struct vector *keys = arena_calloc(sorting_arena(stage), nkeys + 1, sizeof(*keys));
    if (!keys)
        return errbuf_oom(err, "sort", nkeys);
    if (evaluate_keys(stage, rows, op, keys, err) != 0)
        return -1;
    if (row_sort(keys, op->u.sort.keys, nkeys, numbers, rows->nrows, &stage->sorting) != 0)
        return errbuf_oom(err, "sort", rows->nrows);
    return 0;
}

/* --- from segment to segment ------------------------------------------------------------------------------------ */

/* Send rows numbers[0..n) of rows through a segment. */
static int push_rows(struct final_stage *stage, struct segment *segment, const struct rowset *rows,
                     const uint32_t *numbers, size_t n, struct errbuf *err)
{
    for (size_t base = 0; base < n; base += VECTOR_ROWS) {
        size_t chunk = n - base < VECTOR_ROWS ? n - base : VECTOR_ROWS;
        size_t ncolumns = rows->schema.ncolumns;
        struct batch batch;

        arena_reset(&stage->arena);
        struct vector *columns = arena_calloc(&stage->arena, ncolumns + 1, sizeof(*columns));
        if (!columns)
            return errbuf_oom(err, "result", chunk);
        for (size_t c = 0; c < ncolumns; c++) {
            if (vector_alloc(&columns[c], rows->schema.columns[c].type, chunk, &stage->arena) != 0 ||
                vector_gather(&columns[c], 0, &rows->columns[c], numbers + base, chunk, NULL) != 0)
                return errbuf_oom(err, "result", chunk);
        }
        memset(&batch, 0, sizeof(batch));
        batch.nrows = batch.nselected = chunk;
        batch.ncolumns = ncolumns;
        batch.columns = columns;
        batch.arena = &stage->arena;
        if (pipeline_push(&segment->run, &batch, err) != 0)
            return -1;
    }
    return 0;
}

/* How many of n rows a LIMIT lets through. */
static size_t limit_rows(struct final_stage *stage, const struct plan_op *op, size_t n)
{
    int64_t limit = op->u.limit.rows;

    if (stage->remaining < limit)
        limit = stage->remaining;
    if ((uint64_t)limit < n)
        n = (size_t)limit;
    stage->limited = (int64_t)n;
    return n;
}

struct rowset *final_stage_end(struct final_stage *stage, struct errbuf *err)
{
    for (size_t s = 0; s + 1 < stage->nsegments; s++) {
        struct segment *segment = &stage->segments[s];
        const struct plan_op *op = &stage->plan->ops[segment->barrier];
        size_t n = segment->rows.nrows;
        uint32_t *numbers;
        int result = 0;

        if (n >= UINT32_MAX) {
            errbuf_set(err, EXIT_CODE_RUNTIME, "a result of %zu rows is too large", n);
            return NULL;
        }
        numbers = malloc((n ? n : 1) * sizeof(*numbers));
        if (!numbers) {
            errbuf_oom(err, "result", n * sizeof(*numbers));
            return NULL;
        }
        for (size_t i = 0; i < n; i++)
            numbers[i] = (uint32_t)i;
        if (op->kind == PLAN_SORT)
            result = sort_rows(stage, &segment->rows, op, numbers, err);
        else
            n = limit_rows(stage, op, n);
        if (result == 0)
            result = push_rows(stage, &stage->segments[s + 1], &segment->rows, numbers, n, err);
        free(numbers);
        if (result != 0)
            return NULL;
    }
    for (size_t s = 0; s < stage->nsegments; s++)
        stage->unmatched += stage->segments[s].run.unmatched;
    (void)sorting_arena(stage);
    return &stage->segments[stage->nsegments - 1].rows;
}

int64_t final_stage_limited(const struct final_stage *stage)
{
    return stage->limited;
}

int64_t final_stage_unmatched(const struct final_stage *stage)
{
    return stage->unmatched;
}

void final_stage_reached(const struct final_stage *stage, int64_t *reached)
{
    const struct plan *plan = stage->plan;

    /* A segment's operators and what it ends in; a SORT or LIMIT belongs to the segment before it. */
    for (size_t s = 0; s < stage->nsegments; s++)
        for (size_t op = plan->final_stage; op <= plan->nops; op++)
            reached[op] += stage->segments[s].run.reached[op];
}
