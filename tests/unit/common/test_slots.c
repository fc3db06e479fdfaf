#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/slots.h"

#include <stdlib.h>

static unsigned compared;

static bool same_number(const void *things, uint32_t number, const void *key, size_t len)
{
    compared++;
    return len == sizeof(uint32_t) && ((const uint32_t *)things)[number] == *(const uint32_t *)key;
}

/* Hashes of the kinds that tables get: well spread, in sequence, and all alike. */
static uint32_t spread(uint32_t key)
{
    return key * UINT32_C(2654435769) ^ key >> 15;
}

static uint32_t sequence(uint32_t key)
{
    return key;
}

static uint32_t alike(uint32_t key)
{
    (void)key;
    return UINT32_MAX;
}

static const struct {
    const char *name;
    uint32_t (*hash)(uint32_t key);
    uint32_t n;
} kinds[] = {{"spread", spread, 300000}, {"sequence", sequence, 300000}, {"alike", alike, 600}};

struct table {
    struct slots slots;
    uint32_t *keys;
    uint32_t count;
    uint32_t (*hash)(uint32_t key);
};

static uint32_t find(const struct table *table, uint32_t key)
{
    return slots_find(&table->slots, table->hash(key), same_number, table->keys, &key, sizeof(key));
}

static void insert(struct table *table, uint32_t key)
{
    slots_advance(&table->slots);
    assert_int_equal(find(table, key), SLOTS_NONE);
    assert_int_equal(slots_prepare(&table->slots, table->count), 0);
    table->keys[table->count] = key;
    slots_put(&table->slots, table->hash(key), table->count++);
}

static size_t used(const struct slots_entry *entries, size_t from, size_t n)
{
    size_t found = 0;

    for (size_t i = from; i < n; i++)
        found += entries[i].number != 0;
    return found;
}

/* Each entry is in the new table, or among those of the old one that are still to be copied; never in both parts. */
static void check_invariants(const struct table *table)
{
    const struct slots *slots = &table->slots;

    if (slots->entries == NULL) {
        assert_int_equal(table->count, 0);
        return;
    }
    size_t n = used(slots->entries, 0, slots->mask + 1);
    assert_int_equal(slots->mask & (slots->mask + 1), 0);
    if (slots->old != NULL) {
        assert_int_equal(slots->mask, slots->old_mask * 2 + 1);
        n += used(slots->old, slots->moved, slots->old_mask + 1);
    }
    assert_int_equal(n, table->count);
    assert_true(n * 8 <= (slots->mask + 1) * 5);
}

static void grows_and_finds(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        struct table table = {.hash = kinds[kind].hash, .keys = calloc(kinds[kind].n, sizeof(uint32_t))};
        size_t growths = 0;
        assert_non_null(table.keys);
        for (int round = 0; round < 2; round++) {
            for (uint32_t i = 0; i < kinds[kind].n; i++) {
                size_t mask = table.slots.mask;
                insert(&table, i * 3);
                growths += table.slots.mask != mask;
                uint32_t earlier = (uint32_t)((uint64_t)i * 7919 % (i + 1));
                assert_int_equal(find(&table, earlier * 3), earlier);
                assert_int_equal(find(&table, earlier * 3 + 1), SLOTS_NONE);
                if (i % 4999 == 0 || table.slots.mask != mask)
                    check_invariants(&table);
            }
            for (uint32_t i = 0; i < kinds[kind].n; i++)
                assert_int_equal(find(&table, i * 3), i);
            check_invariants(&table);
            slots_clear(&table.slots);
            table.count = 0;
            check_invariants(&table);
            assert_int_equal(find(&table, 0), SLOTS_NONE);
        }
        assert_true(growths > 3);
        slots_release(&table.slots);
        assert_int_equal(slots_memory_bytes(&table.slots), 0);
        free(table.keys);
    }
}

/* An old table is empty long before the next growth, and no call moves more than a few. */
static void growth_is_spread(void **state)
{
    enum { N = 200000 };
    struct table table = {.hash = spread, .keys = calloc(N, sizeof(uint32_t))};
    size_t during = 0;

    (void)state;
    assert_non_null(table.keys);
    for (uint32_t i = 0; i < N; i++) {
        size_t moved = table.slots.moved, mask = table.slots.mask;
        bool growing = table.slots.old != NULL;
        insert(&table, i);
        during += table.slots.old != NULL;
        if (table.slots.mask != mask) {
            assert_false(growing);
            assert_int_equal(table.slots.moved, 0);
        } else if (table.slots.old != NULL) {
            assert_in_range(table.slots.moved - moved, 1, 64);
        }
    }
    assert_true(during > 0 && during < N / 4);
    slots_release(&table.slots);
    free(table.keys);
}

/* A table may be emptied in the middle of a growth. */
static void clear_while_growing(void **state)
{
    enum { N = 2000 };
    struct table table = {.hash = spread, .keys = calloc(N, sizeof(uint32_t))};
    uint32_t i = 0;

    (void)state;
    assert_non_null(table.keys);
    while (table.slots.old == NULL || table.slots.mask < 1023)
        insert(&table, i++);
    size_t held = slots_memory_bytes(&table.slots);
    slots_clear(&table.slots);
    assert_true(slots_memory_bytes(&table.slots) < held);
    table.count = 0;
    check_invariants(&table);
    for (i = 0; i < N; i++)
        insert(&table, i + N);
    check_invariants(&table);
    for (i = 0; i < N; i++)
        assert_int_equal(find(&table, i), SLOTS_NONE);
    slots_release(&table.slots);
    free(table.keys);
}

/* Room that was made ahead is filled without a growth, in a small table and in a mapped one. */
static void reserved_does_not_grow(void **state)
{
    static const uint32_t sizes[] = {1, 39, 40, 1000, 150000};

    (void)state;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct table table = {.hash = spread, .keys = calloc(sizes[s] + 1, sizeof(uint32_t))};
        assert_non_null(table.keys);
        slots_reserve(&table.slots, sizes[s]);
        size_t mask = table.slots.mask;
        for (uint32_t i = 0; i <= sizes[s]; i++) {
            assert_int_equal(table.slots.mask, mask);
            assert_null(table.slots.old);
            if (i < sizes[s])
                insert(&table, i);
        }
        check_invariants(&table);
        slots_reserve(&table.slots, SIZE_MAX / 64); /* it has some: nothing */
        assert_int_equal(table.slots.mask, mask);
        for (uint32_t i = 0; i < sizes[s]; i++)
            assert_int_equal(find(&table, i), i);
        insert(&table, sizes[s]);
        check_invariants(&table);
        slots_release(&table.slots);
        free(table.keys);
    }
}

/* Keys are compared only where the whole hash is the same. */
static void hash_is_compared_first(void **state)
{
    struct table table = {.hash = sequence, .keys = calloc(64, sizeof(uint32_t))};

    (void)state;
    assert_non_null(table.keys);
    for (uint32_t i = 0; i < 20; i++)
        insert(&table, i << 20); /* one place */
    compared = 0;
    assert_int_equal(find(&table, UINT32_C(20) << 20), SLOTS_NONE);
    assert_int_equal(compared, 0);
    assert_int_equal(find(&table, UINT32_C(19) << 20), 19);
    assert_int_equal(compared, 1);
    slots_release(&table.slots);
    free(table.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_finds),        cmocka_unit_test(growth_is_spread),
        cmocka_unit_test(clear_while_growing),    cmocka_unit_test(reserved_does_not_grow),
        cmocka_unit_test(hash_is_compared_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
