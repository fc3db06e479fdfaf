/* The final stage: groups (or the partitions' rows) to the result of a batch, through the operators above the
 * aggregate: HAVING, projections, joins with static tables, ORDER BY, LIMIT.
 *
 * Input comes in a fixed order (groups by their keys, rows by partition and offset) and sorting is stable on it, so a
 * result never depends on timing. One thread.
 */
#ifndef ENGINE_FINAL_STAGE_H
#define ENGINE_FINAL_STAGE_H

#include "engine/aggregate.h"
#include "engine/pipeline.h"

struct final_stage;

/* Borrows pipeline (and its plan). input: the schema of rows given to final_stage_rows (a query without aggregate);
 * NULL with one. NULL with err. */
struct final_stage *final_stage_new(const struct pipeline *pipeline, const struct schema *input, struct errbuf *err);
void final_stage_free(struct final_stage *stage);

/* Begin a batch. remaining: how many rows LIMIT may still let through in the query's life (append mode); INT64_MAX: its
 * own number, anew in each batch. */
void final_stage_begin(struct final_stage *stage, int64_t remaining);

/* Groups to rows: `groups` (n numbers of table) are put in the fixed order first, in place. 0, -1 with err. */
int final_stage_groups(struct final_stage *stage, const struct aggregate_table *table, uint32_t *groups, size_t n,
                       struct errbuf *err);

/* A partition's rows, in partition order. 0, -1 with err. */
int final_stage_rows(struct final_stage *stage, const struct rowset *rows, struct errbuf *err);

/* Sort, limit, finish: the result, valid until the next begin. The caller may take it by rowset_swap with another
 * rowset of the same schema. NULL with err. */
struct rowset *final_stage_end(struct final_stage *stage, struct errbuf *err);

/* Rows that went through the (first) LIMIT in this batch; those it was offered may be more. */
int64_t final_stage_limited(const struct final_stage *stage);
int64_t final_stage_unmatched(const struct final_stage *stage);

/* Add to reached[] (nops + 1) the rows that came to each of its operators in this batch; the last entry: to the
 * result. */
void final_stage_reached(const struct final_stage *stage, int64_t *reached);

#endif
