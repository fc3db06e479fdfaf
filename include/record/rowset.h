/* Any number of rows in columns, owning everything they point to: a static table, the result of a batch, what a sort
 * works on.
 *
 * Filled by one thread; once filled it may be read by many (readers hold it through a snapshot that counts
 * references). */
#ifndef RECORD_ROWSET_H
#define RECORD_ROWSET_H

#include "common/arena.h"
#include "record/schema.h"
#include "record/vector.h"

struct rowset {
    struct schema schema; /* own copy */
    size_t nrows;
    size_t rows_cap;
    struct vector *columns; /* schema.ncolumns of them, never constant; arrays of rows_cap rows on the heap */
    struct arena arena;     /* strings, binaries, the types of structs */
};

/* Empty, with a copy of the schema. Returns 0, -1 without memory (then nothing needs releasing). */
int rowset_init(struct rowset *rows, const struct schema *schema);
void rowset_release(struct rowset *rows);
/* Forget the rows, keep schema and memory. */
void rowset_reset(struct rowset *rows);

/* Exchange the rows (and the memory) of two rowsets of the same schema. */
void rowset_swap(struct rowset *a, struct rowset *b);

/* Append the selected rows of the batch, whose columns have the schema's types. Copies bytes. Returns 0, -1 without
 * memory (the rowset then has the rows it had before). */
int rowset_append(struct rowset *rows, const struct batch *batch);

/* One further row, all NULL, to be filled by the caller through columns[]. Its number, or SIZE_MAX without memory. */
size_t rowset_append_null(struct rowset *rows);

/* A view of rows [first, first + n) as a batch that shares the rowset's memory (n <= VECTOR_ROWS). `columns` is room
 * for schema.ncolumns vectors, provided by the caller; the fields of structs come from arena. Returns 0, -1 without
 * memory. */
int rowset_batch(const struct rowset *rows, size_t first, size_t n, struct vector *columns, struct batch *batch,
                 struct arena *arena);

#endif
