/* Packed keys to group numbers: open addressing as in common/hashmap.c, but the keys are fixed in width and lie by
 * number, so that a group costs its key, its slots and nothing else. A key that is one text needs no slots: the
 * dictionary's numbers lead to groups directly. */
#include "aggregate_internal.h"

#include <stdlib.h>

#define FIRST_GROUPS ((size_t)64)
#define LAST_GROUP (UINT32_MAX - 2)

static int grow_groups(struct aggregate_table *table, size_t cap)
{
    const struct aggregate_layout *layout = table->layout;

    if (layout->width > 0) {
        unsigned char *grown = reallocarray(table->accumulators, cap, layout->width);
        if (grown == NULL)
            return -1;
        table->accumulators = grown;
    }
    if (layout->key_width > 0) {
        unsigned char *grown = reallocarray(table->keys, cap, layout->key_width);
        if (grown == NULL)
            return -1;
        table->keys = grown;
    }
    table->cap = cap;
    return 0;
}

static inline bool same_key(const void *keys, uint32_t group, const void *key, size_t width)
{
    const unsigned char *a = (const unsigned char *)keys + group * width, *b = key;

    for (size_t at = 0; at < width; at += 8) {
        uint64_t x, y;
        memcpy(&x, a + at, 8);
        memcpy(&y, b + at, 8);
        if (x != y)
            return false;
    }
    return true;
}

/* A new group with this key. AGGREGATE_NONE without memory. */
static uint32_t add_group(struct aggregate_table *table, const unsigned char *key)
{
    const struct aggregate_layout *layout = table->layout;

    if (table->count > LAST_GROUP ||
        (table->count == table->cap && grow_groups(table, table->cap == 0 ? FIRST_GROUPS : table->cap * 2) != 0))
        return AGGREGATE_NONE;
    uint32_t group = (uint32_t)table->count++;
    if (layout->key_width > 0)
        memcpy(table->keys + (size_t)group * layout->key_width, key, layout->key_width);
    if (layout->width > 0)
        memset(table->accumulators + (size_t)group * layout->width, 0, layout->width);
    return group;
}

/* --- by slots --------------------------------------------------------------------------------------------------- */

static int put_by_slots(struct aggregate_table *table, const unsigned char *packed, size_t n, uint32_t *groups)
{
    size_t width = table->layout->key_width;
    uint32_t hashes[AGGREGATE_BLOCK];

    for (size_t i = 0; i < n; i++) {
        hashes[i] = (uint32_t)(hashmap_hash(packed + i * width, width) >> 32);
        slots_prefetch(&table->slots, hashes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const unsigned char *key = packed + i * width;
        slots_advance(&table->slots);
        groups[i] = slots_find(&table->slots, hashes[i], same_key, table->keys, key, width);
        if (groups[i] != SLOTS_NONE)
            continue;
        if (slots_prepare(&table->slots, table->count) != 0)
            return -1;
        groups[i] = add_group(table, key);
        if (groups[i] == AGGREGATE_NONE)
            return -1;
        slots_put(&table->slots, hashes[i], groups[i]);
    }
    return 0;
}

/* --- by the dictionary's numbers -------------------------------------------------------------------------------- */

static int grow_direct(struct aggregate_table *table)
{
    size_t cap = table->dictionaries[0].keys_cap;
    uint32_t *grown = reallocarray(table->direct, cap, sizeof(*grown));

    if (grown == NULL)
        return -1;
    memset(grown + table->direct_cap, 0xff, (cap - table->direct_cap) * sizeof(*grown)); /* AGGREGATE_NONE */
    table->direct = grown;
    table->direct_cap = cap;
    return 0;
}

static int put_direct(struct aggregate_table *table, const unsigned char *packed, size_t n, uint32_t *groups)
{
    const struct aggregate_field *field = &table->layout->fields[0];
    size_t width = table->layout->key_width;

    if (table->direct_cap < table->dictionaries[0].count && grow_direct(table) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *key = packed + i * width;
        uint32_t *place =
            aggregate_is_null(field, key) ? &table->null_group : &table->direct[aggregate_get32(key, field)];
        if (*place == AGGREGATE_NONE) {
            *place = add_group(table, key);
            if (*place == AGGREGATE_NONE)
                return -1;
        }
        groups[i] = *place;
    }
    return 0;
}

/* --- either ----------------------------------------------------------------------------------------------------- */

int aggregate_index_put(struct aggregate_table *table, const unsigned char *packed, size_t n, uint32_t *groups)
{
    if (table->layout->key_width == 0) { /* global: one group */
        if (table->count == 0 && add_group(table, packed) == AGGREGATE_NONE)
            return -1;
        memset(groups, 0, n * sizeof(*groups));
        return 0;
    }
    return table->layout->direct ? put_direct(table, packed, n, groups) : put_by_slots(table, packed, n, groups);
}

uint32_t aggregate_index_find(const struct aggregate_table *table, const unsigned char *packed)
{
    const struct aggregate_layout *layout = table->layout;

    if (layout->key_width == 0)
        return table->count > 0 ? 0 : AGGREGATE_NONE;
    if (layout->direct) {
        if (aggregate_is_null(&layout->fields[0], packed))
            return table->null_group;
        uint32_t id = aggregate_get32(packed, &layout->fields[0]);
        return id < table->direct_cap ? table->direct[id] : AGGREGATE_NONE;
    }
    uint32_t hash32 = (uint32_t)(hashmap_hash(packed, layout->key_width) >> 32);
    return slots_find(&table->slots, hash32, same_key, table->keys, packed, layout->key_width);
}

void aggregate_index_reserve(struct aggregate_table *table, size_t groups)
{
    if (table->count > 0 || groups <= table->cap || table->layout->key_width == 0)
        return;
    (void)grow_groups(table, groups);
    if (!table->layout->direct)
        slots_reserve(&table->slots, groups);
}

void aggregate_index_reset(struct aggregate_table *table)
{
    const struct aggregate_layout *layout = table->layout;

    if (layout->direct)
        for (uint32_t group = 0; group < table->count; group++) {
            const unsigned char *key = aggregate_packed(table, group);
            if (!aggregate_is_null(&layout->fields[0], key))
                table->direct[aggregate_get32(key, &layout->fields[0])] = AGGREGATE_NONE;
        }
    else if (table->count > 0)
        slots_clear(&table->slots);
    table->null_group = AGGREGATE_NONE;
    table->count = 0;
}
