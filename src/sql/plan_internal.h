/* What the plan's files share: the passes that plan.c runs over an analyzed chain. */
#ifndef SQL_PLAN_INTERNAL_H
#define SQL_PLAN_INTERNAL_H

#include "analyze_internal.h"

/* Move filters down. nview: columns of the view. */
bool plan_filter_push(struct analyzer *a, struct analyze_chain *chain, size_t nview);

/* Merge projections and drop columns and aggregates that nobody reads. *view_columns: which columns of the view are
 * left, in order. */
bool plan_prune(struct analyzer *a, struct analyze_chain *chain, size_t nview, size_t *nkept, const size_t **kept);

#endif
