/* The row-wise operators of a plan (FILTER, PROJECT, JOIN, WINDOW, WATERMARK) over vector batches: what both the map
 * stage and the final stage run.
 *
 * A pipeline is immutable and shared by all partitions; a run belongs to one of them (one thread at a time). Operators
 * that multiply rows hand them on in chunks of at most VECTOR_ROWS, each in memory that is used again for the next one,
 * so what receives a batch must take out of it what it wants to keep.
 */
#ifndef ENGINE_PIPELINE_H
#define ENGINE_PIPELINE_H

#include "engine/join.h"
#include "engine/watermark.h"
#include "record/rowset.h"
#include "sql/plan.h"

struct pipeline {
    const struct plan *plan;
    const struct rowset *const *tables; /* by catalog index */
    struct join **joins;                /* by operator; NULL where it is no join */
};

/* Build the join indexes. Borrows plan and tables (rows of the catalog's tables, in its order). 0, -1 with err. */
int pipeline_init(struct pipeline *pipeline, const struct plan *plan, const struct rowset *const *tables,
                  struct errbuf *err);
void pipeline_release(struct pipeline *pipeline);

/* Receives the rows that come out; batch->nselected > 0. 0, or -1 with run->eval.err. */
struct pipeline_run;
typedef int (*pipeline_fn)(struct pipeline_run *run, struct batch *batch, void *cookie);

struct pipeline_run {
    const struct pipeline *pipeline;
    size_t first, last;                /* operators [first, last) */
    struct eval eval;                  /* arena: of the batch in work */
    struct arena *arenas;              /* by operator: memory of the chunks behind it */
    struct watermark_stats *watermark; /* fed by WATERMARK; NULL: there is none */
    int64_t unmatched;                 /* stream rows that a LEFT JOIN filled with NULLs */
    int64_t *reached;                  /* by operator, nops + 1: rows that came to it (to emit, for `last`) */
    pipeline_fn emit;
    void *cookie;
};

/* Set up a run over operators [first, last). 0, -1 without memory. */
int pipeline_run_init(struct pipeline_run *run, const struct pipeline *pipeline, size_t first, size_t last,
                      pipeline_fn emit, void *cookie);
void pipeline_run_release(struct pipeline_run *run);

/* Count from 0 again: unmatched and reached. */
void pipeline_run_begin(struct pipeline_run *run);

/* Send a batch through; err is set on failure. batch->arena is where the operators put their values. */
int pipeline_push(struct pipeline_run *run, struct batch *batch, struct errbuf *err);

/* A schema of an operator's columns. 0, -1 without memory. */
int pipeline_schema(const struct type_field *columns, size_t ncolumns, struct schema *schema);

#endif
