/* Columns are heap arrays that double, so that a row's number is its index; bytes lie in the arena.
 *
 * Struct columns have their field vectors grown the same way; has_nulls of a column is set by its first NULL and stays
 * until reset.
 */
#include "record/rowset.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS ((size_t)64)

static int init_column(struct vector *column, const struct type *type, struct arena *arena)
{
    memset(column, 0, sizeof(*column));
    column->type = type;
    if (type->id != TYPE_STRUCT)
        return 0;
    column->fields = arena_calloc(arena, type->nfields, sizeof(*column->fields));
    if (column->fields == NULL)
        return -1;
    for (size_t i = 0; i < type->nfields; i++)
        if (init_column(&column->fields[i], type->fields[i].type, arena) != 0)
            return -1;
    return 0;
}

static void release_column(struct vector *column)
{
    free(column->nulls);
    column->nulls = NULL;
    free(column->data.raw);
    column->data.raw = NULL;
    if (column->fields == NULL)
        return;
    for (size_t i = 0; i < column->type->nfields; i++)
        release_column(&column->fields[i]);
}

static int grow_column(struct vector *column, size_t cap)
{
    size_t width = type_width(column->type);

    uint8_t *nulls = realloc(column->nulls, cap);
    if (nulls == NULL)
        return -1;
    column->nulls = nulls;
    if (width > 0) {
        if (cap > SIZE_MAX / width)
            return -1;
        void *raw = realloc(column->data.raw, cap * width);
        if (raw == NULL)
            return -1;
        column->data.raw = raw;
    }
    if (column->fields != NULL)
        for (size_t i = 0; i < column->type->nfields; i++)
            if (grow_column(&column->fields[i], cap) != 0)
                return -1;
    return 0;
}

/* Room for `extra` rows more. A failure in the middle leaves some columns with more room than rows_cap says, which is
 * harmless. */
static int grow(struct rowset *rows, size_t extra)
{
    if (extra > SIZE_MAX / 2 - rows->nrows)
        return -1;
    size_t need = rows->nrows + extra;
    size_t cap = rows->rows_cap < FIRST_ROWS ? FIRST_ROWS : rows->rows_cap;

    if (need <= rows->rows_cap)
        return 0;
    while (cap < need)
        cap *= 2;
    for (size_t i = 0; i < rows->schema.ncolumns; i++)
        if (grow_column(&rows->columns[i], cap) != 0)
            return -1;
    rows->rows_cap = cap;
    return 0;
}

int rowset_init(struct rowset *rows, const struct schema *schema)
{
    memset(rows, 0, sizeof(*rows));
    arena_init(&rows->arena);
    schema_init(&rows->schema);
    if (schema_copy(&rows->schema, schema) != 0)
        return -1;
    rows->columns = calloc(schema->ncolumns > 0 ? schema->ncolumns : 1, sizeof(*rows->columns));
    if (rows->columns == NULL)
        goto fail;
    /* The field vectors of structs go to the schema's arena: rowset_reset forgets the other one. */
    for (size_t i = 0; i < schema->ncolumns; i++)
        if (init_column(&rows->columns[i], rows->schema.columns[i].type, &rows->schema.arena) != 0)
            goto fail;
    return 0;

fail:
    free(rows->columns);
    schema_release(&rows->schema);
    memset(rows, 0, sizeof(*rows));
    return -1;
}

void rowset_release(struct rowset *rows)
{
    for (size_t i = 0; i < rows->schema.ncolumns; i++)
        release_column(&rows->columns[i]);
    free(rows->columns);
    arena_release(&rows->arena);
    schema_release(&rows->schema);
    memset(rows, 0, sizeof(*rows));
}

static void reset_nulls(struct vector *column)
{
    column->has_nulls = column->type->id == TYPE_NULL;
    if (column->fields != NULL)
        for (size_t i = 0; i < column->type->nfields; i++)
            reset_nulls(&column->fields[i]);
}

void rowset_reset(struct rowset *rows)
{
    rows->nrows = 0;
    arena_reset(&rows->arena);
    for (size_t i = 0; i < rows->schema.ncolumns; i++)
        reset_nulls(&rows->columns[i]);
}

static void clear_nulls(struct vector *column, size_t first, size_t n)
{
    memset(column->nulls + first, 0, n);
    if (column->fields != NULL)
        for (size_t i = 0; i < column->type->nfields; i++)
            clear_nulls(&column->fields[i], first, n);
}

void rowset_swap(struct rowset *a, struct rowset *b)
{
    struct rowset old = *a;

    *a = *b;
    *b = old;
}

int rowset_append(struct rowset *rows, const struct batch *batch)
{
    size_t n = batch->sel != NULL ? batch->nselected : batch->nrows;
    uint32_t selected[VECTOR_ROWS];

    if (n == 0)
        return 0;
    if (grow(rows, n) != 0)
        return -1;
    assert(batch->sel == NULL || n <= VECTOR_ROWS);
    for (size_t i = 0; batch->sel != NULL && i < n; i++)
        selected[i] = batch->sel[i];
    for (size_t c = 0; c < rows->schema.ncolumns; c++) {
        struct vector *column = &rows->columns[c];
        clear_nulls(column, rows->nrows, n);
        if (vector_gather(column, rows->nrows, &batch->columns[c], batch->sel != NULL ? selected : NULL, n,
                          &rows->arena) != 0)
            return -1;
    }
    rows->nrows += n;
    return 0;
}

size_t rowset_append_null(struct rowset *rows)
{
    if (grow(rows, 1) != 0)
        return SIZE_MAX;
    for (size_t c = 0; c < rows->schema.ncolumns; c++)
        vector_set_null(&rows->columns[c], rows->nrows);
    return rows->nrows++;
}

static int view(struct vector *to, const struct vector *from, size_t first, struct arena *arena)
{
    *to = *from;
    if (to->nulls != NULL)
        to->nulls += first;
    if (to->data.raw != NULL)
        to->data.raw = (char *)to->data.raw + first * type_width(to->type);
    if (from->fields == NULL)
        return 0;
    to->fields = arena_alloc(arena, from->type->nfields * sizeof(*to->fields));
    if (to->fields == NULL)
        return -1;
    for (size_t i = 0; i < from->type->nfields; i++)
        if (view(&to->fields[i], &from->fields[i], first, arena) != 0)
            return -1;
    return 0;
}

int rowset_batch(const struct rowset *rows, size_t first, size_t n, struct vector *columns, struct batch *batch,
                 struct arena *arena)
{
    for (size_t c = 0; c < rows->schema.ncolumns; c++)
        if (view(&columns[c], &rows->columns[c], first, arena) != 0)
            return -1;
    memset(batch, 0, sizeof(*batch));
    batch->nrows = n;
    batch->nselected = n;
    batch->ncolumns = rows->schema.ncolumns;
    batch->columns = columns;
    batch->arena = arena;
    batch->partition = -1;
    return 0;
}
