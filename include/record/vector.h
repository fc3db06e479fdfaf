/* Rows as column vectors: what decoder, expressions, operators and sinks hand to each other.
 *
 * A vector holds up to a batch's rows of one column. Its values lie in a plain array of the type's width, so that a
 * kernel is a loop over an array. NULL is a byte map beside it (one byte a row, 1 = NULL): one store instead
 * of a read-modify-write per row, and it vectorises; 2 KiB a column is nothing beside the values.
 *
 * The value of a NULL row is unspecified (kernels may compute on it, but must not fail on it).
 * A `constant` vector has its one value at row 0 and stands for any number of rows: index it with
 * vector_row(v, i). A STRUCT has no values of its own: its fields are vectors, its nulls say which structs are NULL
 * (the fields of a NULL struct are NULL too). Strings and binaries point into memory that lives at least
 * as long as the batch (its arena, a literal, a static table).
 */
#ifndef RECORD_VECTOR_H
#define RECORD_VECTOR_H

#include "common/arena.h"
#include "record/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows per batch: small enough for the cache, large enough that the cost per batch does not count. */
#define VECTOR_ROWS 2048

struct str {
    const char *data;
    uint32_t len;
};

struct vector {
    const struct type *type;
    bool constant;
    bool has_nulls; /* false: no row is NULL and `nulls` may be NULL and is not read */
    uint8_t *nulls;
    union {
        void *raw;
        uint8_t *boolean; /* 0 or 1 */
        int32_t *i32;     /* INT, DATE */
        int64_t *i64;     /* BIGINT, TIMESTAMP */
        double *f64;
        struct str *str; /* STRING, BINARY */
    } data;
    struct vector *fields; /* STRUCT: type->nfields of them */
};

/* Up to VECTOR_ROWS rows. `sel` lists the rows that still count, ascending (a filter shrinks it without moving values);
 * NULL: all of 0..nrows-1. nselected is then nrows. */
struct batch {
    size_t nrows;
    const uint16_t *sel;
    size_t nselected;
    size_t ncolumns;
    struct vector *columns;
    struct arena *arena; /* where operators put values of this batch; borrowed */
    const char *topic;   /* where the rows came from, for error texts and dead letters; NULL above the aggregate */
    int32_t partition;
    const int64_t *offsets; /* by row; NULL above the aggregate */
};

static inline size_t vector_row(const struct vector *vector, size_t row)
{
    return vector->constant ? 0 : row;
}

static inline bool vector_is_null(const struct vector *vector, size_t row)
{
    return vector->has_nulls && vector->nulls[vector_row(vector, row)] != 0;
}

/* Make `vector` an uninitialised array of `rows` rows of `type`, with a null map (zeroed, has_nulls false), in arena.
 * Fields of a STRUCT likewise. Returns 0, -1 without memory. */
int vector_alloc(struct vector *vector, const struct type *type, size_t rows, struct arena *arena);

/* Row `row` becomes NULL (in a STRUCT: its fields too). Sets has_nulls. */
void vector_set_null(struct vector *vector, size_t row);

/* Copy one value (or NULL) from src row to dst row; bytes of strings are copied into arena, or shared when arena is
 * NULL. Types must be equal. Returns 0, -1 without memory. */
int vector_copy(struct vector *dst, size_t dst_row, const struct vector *src, size_t src_row, struct arena *arena);

/* Copy n values: of rows[0..n) of src (NULL: of rows 0..n-1; a constant has all rows) to rows first..first+n-1 of dst,
 * as vector_copy does; dst is not constant, and its null map must be zero there. Returns 0, -1 without memory. */
int vector_gather(struct vector *dst, size_t first, const struct vector *src, const uint32_t *rows, size_t n,
                  struct arena *arena);

/* Spark's ordering of two non-NULL values of one type: FALSE < TRUE, NaN greatest and equal to itself, -0.0 = 0.0,
 * strings and binaries by unsigned bytes, structs field by field with NULL first. Negative, 0, positive. */
int vector_compare(const struct vector *a, size_t a_row, const struct vector *b, size_t b_row);

#endif
