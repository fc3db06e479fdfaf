/* A configuration made ready to run without touching broker or checkpoint: views, static tables, plans, all checked.
 *
 * Immutable after compiled_init; queries of all threads read it.
 */
#ifndef ENGINE_COMPILED_H
#define ENGINE_COMPILED_H

#include "engine/config.h"
#include "engine/static_table.h"
#include "sql/plan.h"

struct compiled {
    const struct config *config;
    const struct zone *zone;
    struct schema *schemas; /* of the views, by source */
    size_t nschemas;
    struct static_table *tables;
    size_t ntables;
    const struct rowset **rows; /* of the tables, for joins */
    struct plan **plans;        /* by query */
    size_t nplans;
};

/* Borrows config. 0; -1 with err (EXIT_CODE_USAGE) that names source, table or query and says what to do; nothing to
 * release then. */
int compiled_init(struct compiled *compiled, const struct config *config, struct errbuf *err);
void compiled_release(struct compiled *compiled);

#endif
