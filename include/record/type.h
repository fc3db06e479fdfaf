/* The data types of a column, as Spark names them.
 *
 * A type is immutable and compared by type_equal. The simple ones are static; a STRUCT's belongs to the arena it was
 * made in.
 */
#ifndef RECORD_TYPE_H
#define RECORD_TYPE_H

#include "common/arena.h"
#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum type_id {
    TYPE_NULL, /* Spark's VOID: the type of a bare NULL */
    TYPE_BOOLEAN,
    TYPE_INT,
    TYPE_BIGINT,
    TYPE_DOUBLE,
    TYPE_STRING,
    TYPE_TIMESTAMP, /* microseconds since 1970-01-01T00:00:00Z */
    TYPE_DATE,      /* days since 1970-01-01, proleptic Gregorian */
    TYPE_BINARY,
    TYPE_STRUCT
};

struct type;

struct type_field {
    const char *name;
    const struct type *type;
};

struct type {
    enum type_id id;
    size_t nfields; /* STRUCT only */
    const struct type_field *fields;
};

/* The simple type (not TYPE_STRUCT) of that id; static. */
const struct type *type_of(enum type_id id);

/* A STRUCT with copies of the fields' names, in arena. NULL without memory. */
const struct type *type_struct(struct arena *arena, const struct type_field *fields, size_t nfields);

/* The window struct: STRUCT<start: TIMESTAMP, end: TIMESTAMP>; static. */
const struct type *type_window(void);

bool type_equal(const struct type *a, const struct type *b);

/* Bytes of one value in a vector: 1, 4, 8 or sizeof(struct str); 0 for NULL and STRUCT. */
size_t type_width(const struct type *type);

/* Spark's lower-case name, as in schemas and error texts: "bigint", "struct<start:timestamp,end:timestamp>". */
void type_name(const struct type *type, struct buf *out);
/* Spark's SQL name: "BIGINT", "STRUCT<start: TIMESTAMP, end: TIMESTAMP>". */
void type_sql_name(const struct type *type, struct buf *out);
/* A name as SQL text needs it: bare if it is ASCII letters, digits and '_' (not digits alone), else in back-quotes. */
void type_append_name(struct buf *out, const char *name);

#endif
