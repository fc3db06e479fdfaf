/* A static table: a small JSON file read once, before any query starts (Spark reads it anew with every batch; a
 * repeated batch must join the same rows, so this does not).
 *
 * multiLine auto: an array of objects or JSON lines, told apart by the content, and damage is an error with line and
 * column. true and false: exactly Spark's JSON file reader, which turns damage into rows of NULLs (the classic mistake
 * of reading a JSON array as lines).
 */
#ifndef ENGINE_STATIC_TABLE_H
#define ENGINE_STATIC_TABLE_H

#include "engine/config.h"
#include "record/rowset.h"
#include "record/zone.h"

struct static_table {
    const char *name; /* of the configuration */
    struct rowset rows;
};

/* Read the file. Without config->schema the columns are inferred as Spark does: in alphabetical order, texts, integers,
 * doubles, booleans. 0; -1 with err (EXIT_CODE_USAGE: path, line, column, what to do), nothing to release then. */
int static_table_load(struct static_table *table, const struct config_table *config, const struct zone *zone,
                      struct errbuf *err);
void static_table_release(struct static_table *table);

#endif
