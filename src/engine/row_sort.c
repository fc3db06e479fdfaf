/* Each level of the order (a key's NULL or not, its value, or those of a struct's fields) gives every row a 64-bit
 * number in the level's order; rows are sorted by the first level, then each run of equal ones by the next. A text's
 * number is its rank: texts are sorted by their first bytes, and compared in full where those agree. */
#include "engine/row_sort.h"

#include "common/radix.h"

#include <stdlib.h>
#include <string.h>

struct level {
    const struct vector *column;
    bool nulls;       /* NULL or not; else the value */
    bool nulls_first; /* with nulls */
    bool descending;
};

struct sorting {
    struct level *levels;
    size_t nlevels;
};

static size_t count_levels(const struct type *type)
{
    size_t n = 2;

    for (size_t i = 0; type->id == TYPE_STRUCT && i < type->nfields; i++)
        n += count_levels(type->fields[i].type);
    return n;
}

/* A struct's fields have NULL first, and turn with the struct. */
static void add_levels(struct sorting *sorting, const struct vector *column, bool nulls_first, bool descending)
{
    if (column->has_nulls)
        sorting->levels[sorting->nlevels++] =
            (struct level){.column = column, .nulls = true, .nulls_first = nulls_first};
    if (column->type->id == TYPE_STRUCT)
        for (size_t i = 0; i < column->type->nfields; i++)
            add_levels(sorting, &column->fields[i], !descending, descending);
    else if (column->type->id != TYPE_NULL)
        sorting->levels[sorting->nlevels++] = (struct level){.column = column, .descending = descending};
}

/* NaN is above all and equal to itself, -0.0 equal to 0.0. */
static uint64_t order_of_double(double value)
{
    uint64_t bits;

    if (value != value)
        return UINT64_MAX;
    value += 0.0;
    memcpy(&bits, &value, sizeof(bits));
    return radix_of_double_bits(bits);
}

#define FILL(number_of)                                                                                                \
    do {                                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                               \
            uint32_t row = items[i].number;                                                                            \
            uint64_t value = (number_of);                                                                              \
            items[i].value = level->descending ? ~value : value;                                                       \
        }                                                                                                              \
    } while (0)

static void fill(const struct level *level, struct radix_item *items, size_t n)
{
    const struct vector *column = level->column;

    if (level->nulls) {
        for (size_t i = 0; i < n; i++)
            items[i].value = (column->nulls[items[i].number] != 0) != level->nulls_first;
        return;
    }
    switch (column->type->id) {
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    case TYPE_BOOLEAN:
        FILL(column->data.boolean[row]);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        FILL(radix_of_int32(column->data.i32[row]));
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        FILL(radix_of_int64(column->data.i64[row]));
        break;
    case TYPE_DOUBLE:
        FILL(order_of_double(column->data.f64[row]));
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        FILL(radix_of_text(column->data.str[row].data, column->data.str[row].len));
        break;
    }
}

static int by_text(const void *left, const void *right, void *cookie)
{
    const struct level *level = cookie;
    uint32_t a = ((const struct radix_item *)left)->number, b = ((const struct radix_item *)right)->number;
    int order = vector_compare(level->column, a, level->column, b);

    if (order != 0)
        return level->descending ? -order : order;
    return a < b ? -1 : a > b; /* rows that are equal so far stand in their first order */
}

/* Items are sorted by the texts' first bytes; in the end their values are the texts' ranks. False: all are equal. */
static bool rank_texts(struct level *level, struct radix_item *items, size_t n)
{
    const struct vector *column = level->column;
    uint64_t rank = 0;

    for (size_t first = 0, last; first < n; first = last, rank++) {
        last = radix_run(items, first, n);
        if (last - first > 1)
            qsort_r(items + first, last - first, sizeof(*items), by_text, level);
        for (size_t i = first; i < last; i++) {
            if (i > first && vector_compare(column, items[i - 1].number, column, items[i].number) != 0)
                rank++;
            items[i].value = rank;
        }
    }
    return rank > 1;
}

static bool sort_level(void *cookie, size_t at, struct radix_item *items, struct radix_item *spare, size_t n)
{
    struct level *level = &((struct sorting *)cookie)->levels[at];
    enum type_id type = level->column->type->id;

    if (!level->nulls && vector_is_null(level->column, items[0].number))
        return false; /* then all are, by the level before */
    fill(level, items, n);
    bool differ = radix_sort(items, spare, n);
    return !level->nulls && (type == TYPE_STRING || type == TYPE_BINARY) ? rank_texts(level, items, n) : differ;
}

int row_sort(const struct vector *columns, const struct plan_sort_key *keys, size_t nkeys, uint32_t *numbers, size_t n,
             struct arena *arena)
{
    struct sorting sorting = {0};
    size_t nlevels = 1;

    for (size_t k = 0; k < nkeys; k++)
        nlevels += count_levels(columns[k].type);
    sorting.levels = arena_calloc(arena, nlevels, sizeof(*sorting.levels));
    struct radix_item *items = arena_alloc(arena, (n + 1) * 2 * sizeof(*items)); /* n fits 32 bits */
    if (sorting.levels == NULL || items == NULL)
        return -1;
    for (size_t k = 0; k < nkeys; k++)
        add_levels(&sorting, &columns[k], keys[k].nulls_first, keys[k].descending);
    for (size_t i = 0; i < n; i++)
        items[i].number = (uint32_t)i;
    radix_sort_levels(items, items + n, n, sorting.nlevels, sort_level, &sorting);
    for (size_t i = 0; i < n; i++)
        numbers[i] = items[i].number;
    return 0;
}
