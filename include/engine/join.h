/* The static side of a stream-static join: a hash index over a table's rows, built once per join and read by every
 * partition.
 *
 * Equality is Spark's: exact bytes for strings, -0.0 = 0.0 and NaN = NaN, NULL matches nothing unless the key is
 * compared by <=>. Rows with the same key are found in the table's order. Immutable after join_new, any thread.
 */
#ifndef ENGINE_JOIN_H
#define ENGINE_JOIN_H

#include "record/rowset.h"
#include "sql/plan.h"

#define JOIN_NONE UINT32_MAX

struct join;

/* Index the table's rows that pass op->u.join.table_filter. Borrows op and table. NULL with err (no memory; a runtime
 * error in a key's or the filter's expression). */
struct join *join_new(const struct plan_op *op, const struct rowset *table, const struct plan *plan,
                      struct errbuf *err);
/* NULL does nothing. */
void join_free(struct join *join);

/* True when no key has two rows: then a stream row has at most one match. */
bool join_unique(const struct join *join);

/* For each selected row of the batch: the first table row with its key, or JOIN_NONE, at first[row]. first has room for
 * batch->nrows. 0, -1 with eval->err. */
int join_probe(const struct join *join, struct eval *eval, const struct batch *batch, uint32_t *first);

/* The next table row with the same key, or JOIN_NONE. */
uint32_t join_next(const struct join *join, uint32_t table_row);

#endif
