/* Rows in the order of several columns (Spark's ORDER BY: SortExec). One thread.
 */
#ifndef ENGINE_ROW_SORT_H
#define ENGINE_ROW_SORT_H

#include "record/vector.h"
#include "sql/plan.h"

/* Order rows 0..n-1 by keys[0..nkeys), whose values are columns[0..nkeys) (not constant; vector_compare's order within
 * a column): numbers, with room for n, are set to the rows' numbers in that order. Stable. Works in arena. 0, -1
 * without memory. */
int row_sort(const struct vector *columns, const struct plan_sort_key *keys, size_t nkeys, uint32_t *numbers, size_t n,
             struct arena *arena);

#endif
