/* Groups in the order of their keys, by numbers alone.
 *
 * Each level of the order (a column's NULL before its values, its value, or those of a struct's fields) gives every
 * group a 64-bit number whose order is Spark's; a text's number is its rank among the texts of its dictionary. Groups
 * are sorted by the first level, then each run of equal ones by the next.
 *
 * RANKS of a whole dictionary are kept, and texts that came since are merged in: a query in complete mode sorts all its
 * groups after every batch. When only a few groups of a large dictionary are to be sorted, only their texts are
 * ranked. */
#include "aggregate_internal.h"

#include "common/radix.h"

#include <stdlib.h>

struct level {
    const struct aggregate_field *field;
    bool null; /* NULL or not; else the value */
};

struct ranking {
    uint32_t *ranks;  /* by text number */
    uint32_t *sorted; /* text numbers in order */
    size_t cap;
    size_t count; /* texts ranked; 0: the ranks are those of a few texts only */
};

struct aggregate_order {
    const struct aggregate_layout *layout;
    size_t nlevels;
    struct level *levels;
    struct ranking *rankings; /* by dictionary */
};

struct aggregate_order *aggregate_sort_new(const struct aggregate_layout *layout)
{
    struct aggregate_order *order = calloc(1, sizeof(*order));

    if (order == NULL)
        return NULL;
    order->layout = layout;
    order->levels = calloc(2 * layout->nfields + 1, sizeof(*order->levels));
    order->rankings = calloc(layout->ndictionaries + 1, sizeof(*order->rankings));
    if (order->levels == NULL || order->rankings == NULL) {
        aggregate_sort_free(order);
        return NULL;
    }
    for (size_t column = 0; column < layout->nkeys; column++) {
        size_t first = layout->first[column];
        for (size_t f = first; f < layout->fields[first].next; f++) {
            const struct aggregate_field *field = &layout->fields[f];
            order->levels[order->nlevels++] = (struct level){field, true};
            if (field->type->id != TYPE_STRUCT && field->type->id != TYPE_NULL)
                order->levels[order->nlevels++] = (struct level){field, false};
        }
    }
    return order;
}

void aggregate_sort_free(struct aggregate_order *order)
{
    if (order == NULL)
        return;
    if (order->rankings != NULL)
        for (size_t i = 0; i < order->layout->ndictionaries; i++) {
            free(order->rankings[i].ranks);
            free(order->rankings[i].sorted);
        }
    free(order->rankings);
    free(order->levels);
    free(order);
}

void aggregate_sort_forget(struct aggregate_order *order)
{
    for (size_t i = 0; i < order->layout->ndictionaries; i++)
        order->rankings[i].count = 0;
}

size_t aggregate_sort_memory_bytes(const struct aggregate_order *order)
{
    size_t bytes = sizeof(*order);

    for (size_t i = 0; i < order->layout->ndictionaries; i++)
        bytes += order->rankings[i].cap * 2 * sizeof(uint32_t);
    return bytes;
}

/* --- texts ------------------------------------------------------------------------------------------------------- */

static int compare_texts(const struct hashmap_key *a, const struct hashmap_key *b)
{
    uint32_t common = a->len < b->len ? a->len : b->len;
    int order = common > 0 ? memcmp(a->data, b->data, common) : 0;

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int by_text(const void *left, const void *right, void *cookie)
{
    const struct hashmap_key *texts = cookie;

    return compare_texts(&texts[((const struct radix_item *)left)->number],
                         &texts[((const struct radix_item *)right)->number]);
}

/* By their first eight bytes as a number, then those that agree in full. */
static void sort_texts(struct hashmap_key *texts, struct radix_item *items, struct radix_item *spare, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct hashmap_key *text = &texts[items[i].number];
        items[i].value = radix_of_text(text->data, text->len);
    }
    radix_sort(items, spare, n);
    for (size_t first = 0, last; first < n; first = last) {
        last = radix_run(items, first, n);
        if (last - first > 1)
            qsort_r(items + first, last - first, sizeof(*items), by_text, texts);
    }
}

static int grow_ranking(struct ranking *ranking, size_t n)
{
    if (n <= ranking->cap)
        return 0;
    size_t cap = n + n / 4;
    uint32_t *ranks = reallocarray(ranking->ranks, cap, sizeof(*ranks));
    if (ranks == NULL)
        return -1;
    ranking->ranks = ranks;
    uint32_t *sorted = reallocarray(ranking->sorted, cap, sizeof(*sorted));
    if (sorted == NULL)
        return -1;
    ranking->sorted = sorted;
    ranking->cap = cap;
    return 0;
}

/* Rank all texts: the new ones are sorted, then merged with the old from the back. */
static int rank_all(struct ranking *ranking, const struct hashmap *dictionary)
{
    size_t old = ranking->count, fresh = dictionary->count - old;

    if (fresh == 0)
        return 0;
    struct radix_item *items = reallocarray(NULL, fresh, 2 * sizeof(*items));
    if (items == NULL || grow_ranking(ranking, dictionary->count) != 0) {
        free(items);
        return -1;
    }
    for (size_t i = 0; i < fresh; i++)
        items[i].number = (uint32_t)(old + i);
    sort_texts(dictionary->keys, items, items + fresh, fresh);
    for (size_t to = dictionary->count; fresh > 0; to--) {
        uint32_t number = items[fresh - 1].number;
        if (old > 0 && compare_texts(&dictionary->keys[ranking->sorted[old - 1]], &dictionary->keys[number]) > 0)
            number = ranking->sorted[--old];
        else
            fresh--;
        ranking->sorted[to - 1] = number;
    }
    free(items);
    ranking->count = dictionary->count;
    for (size_t i = 0; i < ranking->count; i++)
        ranking->ranks[ranking->sorted[i]] = (uint32_t)i;
    return 0;
}

/* Rank the texts of these groups alone. */
static int rank_some(struct ranking *ranking, const struct aggregate_table *table, const struct aggregate_field *field,
                     const uint32_t *groups, size_t n, struct radix_item *items, struct radix_item *spare)
{
    const struct hashmap *dictionary = &table->dictionaries[field->dictionary];
    size_t used = 0;

    if (grow_ranking(ranking, dictionary->count) != 0)
        return -1;
    ranking->count = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *key = aggregate_packed(table, groups[i]);
        if (!aggregate_is_null(field, key))
            items[used++].number = aggregate_get32(key, field);
    }
    sort_texts(dictionary->keys, items, spare, used);
    for (size_t i = 0; i < used; i++)
        ranking->ranks[items[i].number] = (uint32_t)i; /* a text that is there several times: its last place */
    return 0;
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

struct sorting {
    const struct aggregate_table *table;
    const struct aggregate_order *order;
};

#define FILL(number_of)                                                                                                \
    do {                                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                               \
            const unsigned char *key = aggregate_packed(table, items[i].number);                                       \
            items[i].value = (number_of);                                                                              \
        }                                                                                                              \
    } while (0)

static void fill_level(const struct sorting *sorting, const struct level *level, struct radix_item *items, size_t n)
{
    const struct aggregate_table *table = sorting->table;
    const struct aggregate_field *field = level->field;

    if (level->null) {
        FILL(aggregate_is_null(field, key) ? 0 : 1);
        return;
    }
    switch (field->type->id) {
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    case TYPE_BOOLEAN:
        FILL(key[field->offset]);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        FILL(radix_of_int32((int32_t)aggregate_get32(key, field)));
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        FILL(radix_of_int64((int64_t)aggregate_get64(key, field)));
        break;
    case TYPE_DOUBLE:
        FILL(radix_of_double_bits(aggregate_get64(key, field))); /* the one NaN of keys is above infinity by itself */
        break;
    case TYPE_STRING:
    case TYPE_BINARY: {
        const uint32_t *ranks = sorting->order->rankings[field->dictionary].ranks;
        FILL(aggregate_is_null(field, key) ? 0 : ranks[aggregate_get32(key, field)]);
        break;
    }
    }
}

static bool sort_level(void *cookie, size_t level, struct radix_item *items, struct radix_item *spare, size_t n)
{
    const struct sorting *sorting = cookie;

    fill_level(sorting, &sorting->order->levels[level], items, n);
    return radix_sort(items, spare, n);
}

static int rank(const struct aggregate_table *table, const uint32_t *groups, size_t n, struct radix_item *items,
                struct radix_item *spare)
{
    const struct aggregate_layout *layout = table->layout;

    for (size_t t = 0; t < layout->ndictionaries; t++) {
        const struct aggregate_field *field = &layout->fields[layout->texts[t]];
        const struct hashmap *dictionary = &table->dictionaries[field->dictionary];
        struct ranking *ranking = &table->order->rankings[field->dictionary];
        bool all = dictionary->count == ranking->count || dictionary->count < 4 * n;
        if ((all ? rank_all(ranking, dictionary) : rank_some(ranking, table, field, groups, n, items, spare)) != 0)
            return -1;
    }
    return 0;
}

int aggregate_sort(const struct aggregate_table *table, uint32_t *groups, size_t n, struct arena *arena)
{
    struct sorting sorting = {table, table->order};

    if (n < 2)
        return 0;
    struct radix_item *items = arena_alloc(arena, n * 2 * sizeof(*items)); /* n fits 32 bits */
    if (items == NULL)
        return -1;
    int result = rank(table, groups, n, items, items + n);
    if (result == 0) {
        for (size_t i = 0; i < n; i++)
            items[i].number = groups[i];
        radix_sort_levels(items, items + n, n, table->order->nlevels, sort_level, &sorting);
        for (size_t i = 0; i < n; i++)
            groups[i] = items[i].number;
    }
    return result;
}
