/* Named, typed columns in order, and the DDL text they come from ("crime_id STRING, call_date_time TIMESTAMP").
 *
 * Names keep their letter case; look-ups ignore it, as Spark's do.
 */
#ifndef RECORD_SCHEMA_H
#define RECORD_SCHEMA_H

#include "common/arena.h"
#include "common/errbuf.h"
#include "record/type.h"

#include <stddef.h>

struct schema {
    size_t ncolumns;
    struct type_field *columns;
    struct arena arena; /* owns columns, names and struct types */
};

void schema_init(struct schema *schema);
void schema_release(struct schema *schema);

/* Parse Spark's DDL (StructType.fromDDL): `name TYPE`, comma separated, or struct<name: TYPE, ...>, back-quoted names,
 * comments as in SQL; NOT NULL and then COMMENT '...' are accepted and without effect. Types outside TYPE_* (DECIMAL,
 * ARRAY ...) are refused by name with condition SFCRIME_UNSUPPORTED, broken text with Spark's condition, mostly
 * PARSE_SYNTAX_ERROR; err has line and column in the text. Returns 0 or -1 (schema empty). */
int schema_parse(struct schema *schema, const char *ddl, struct errbuf *err);

/* Append a column; copies the name and the type. Returns 0, -1 without memory. */
int schema_add(struct schema *schema, const char *name, const struct type *type);

/* Copy src into the (initialised, empty) dst. Returns 0, -1 without memory. */
int schema_copy(struct schema *dst, const struct schema *src);

/* Index of the column, ignoring letter case; SIZE_MAX if there is none (or two: then *ambiguous is set, when not
 * NULL). */
size_t schema_find(const struct schema *schema, const char *name, bool *ambiguous);

/* "crime_id STRING, ..." again, in Spark's spelling of types. */
void schema_ddl(const struct schema *schema, struct buf *out);

#endif
