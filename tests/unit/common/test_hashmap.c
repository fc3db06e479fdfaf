#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/hashmap.h"

#include <stdio.h>
#include <string.h>

static uint32_t put(struct hashmap *map, const char *key, size_t len, bool *inserted)
{
    return hashmap_put(map, key, len, hashmap_hash(key, len), inserted);
}

static uint32_t get(const struct hashmap *map, const char *key, size_t len)
{
    return hashmap_get(map, key, len, hashmap_hash(key, len));
}

/* What must hold after every step: each id is found once, in the new slots or in those that are still to be moved. */
static void check_invariants(const struct hashmap *map)
{
    const struct slots *slots = &map->slots;
    size_t used = 0;

    if (slots->entries == NULL) {
        assert_int_equal(map->count, 0);
        return;
    }
    assert_int_equal(slots->mask & (slots->mask + 1), 0);
    for (size_t i = 0; i <= slots->mask + (slots->old != NULL ? slots->old_mask + 1 : 0); i++) {
        const struct slots_entry *entry = i <= slots->mask ? &slots->entries[i] : &slots->old[i - slots->mask - 1];
        if (entry->number == 0 || (i > slots->mask && i - slots->mask - 1 < slots->moved))
            continue;
        used++;
        assert_true(entry->number <= map->count);
        assert_int_equal(entry->hash32, map->keys[entry->number - 1].hash32);
    }
    assert_int_equal(used, map->count);
    assert_true(map->count * 8 <= (slots->mask + 1) * 5);
}

static void ids_are_dense(void **state)
{
    static const char *const keys[] = {"Passing Call",   "Traffic Stop", "", "22500e", "Passing Call", "",
                                       "Muni Inspection"};
    static const uint32_t wanted[] = {0, 1, 2, 3, 0, 2, 4};
    struct hashmap map;
    bool inserted;

    (void)state;
    hashmap_init(&map);
    assert_int_equal(get(&map, "x", 1), HASHMAP_NONE);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        uint32_t before = (uint32_t)map.count;
        assert_int_equal(put(&map, keys[i], strlen(keys[i]), &inserted), wanted[i]);
        assert_int_equal(inserted, wanted[i] == before);
        check_invariants(&map);
    }
    assert_int_equal(map.count, 5);
    assert_int_equal(get(&map, "22500e", 6), 3);
    assert_int_equal(get(&map, "22500f", 6), HASHMAP_NONE);
    assert_int_equal(get(&map, "22500", 5), HASHMAP_NONE);
    assert_memory_equal(map.keys[1].data, "Traffic Stop", 12);
    hashmap_release(&map);
}

static void keys_are_bytes(void **state)
{
    struct hashmap map;
    bool inserted;

    (void)state;
    hashmap_init(&map);
    assert_int_equal(put(&map, "a\0b", 3, &inserted), 0);
    assert_int_equal(put(&map, "a\0c", 3, &inserted), 1);
    assert_int_equal(put(&map, "a", 1, &inserted), 2);
    assert_int_equal(put(&map, "a\0", 2, &inserted), 3);
    assert_int_equal(get(&map, "a\0c", 3), 1);
    hashmap_release(&map);
}

static void colliding_hashes_stay_apart(void **state)
{
    struct hashmap map;
    bool inserted;
    char key[16];

    (void)state;
    hashmap_init(&map);
    for (uint32_t i = 0; i < 500; i++) {
        int len = snprintf(key, sizeof(key), "k%u", i);
        assert_int_equal(hashmap_put(&map, key, (size_t)len, 42, &inserted), i);
        assert_true(inserted);
    }
    check_invariants(&map);
    for (uint32_t i = 0; i < 500; i++) {
        int len = snprintf(key, sizeof(key), "k%u", i);
        assert_int_equal(hashmap_get(&map, key, (size_t)len, 42), i);
    }
    hashmap_release(&map);
}

static void many_keys_and_reset(void **state)
{
    struct hashmap map;
    bool inserted;
    char key[32];

    (void)state;
    hashmap_init(&map);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 100000; i++) {
            int len = snprintf(key, sizeof(key), "%u-%d", i, round);
            assert_int_equal(put(&map, key, (size_t)len, &inserted), i);
            assert_true(inserted);
            /* every key is found in the middle of a growth too */
            uint32_t earlier = (uint32_t)((uint64_t)i * 7919 % (i + 1));
            len = snprintf(key, sizeof(key), "%u-%d", earlier, round);
            assert_int_equal(get(&map, key, (size_t)len), earlier);
            if (i % 4096 == 0)
                check_invariants(&map);
        }
        check_invariants(&map);
        for (uint32_t i = 0; i < 100000; i += 7) {
            int len = snprintf(key, sizeof(key), "%u-%d", i, round);
            assert_int_equal(put(&map, key, (size_t)len, &inserted), i);
            assert_false(inserted);
        }
        assert_true(hashmap_memory_bytes(&map) > 100000 * (sizeof(struct hashmap_key) + 6));
        hashmap_reset(&map);
        check_invariants(&map);
        assert_int_equal(get(&map, "5-0", 3), HASHMAP_NONE);
    }
    hashmap_release(&map);
    assert_int_equal(hashmap_memory_bytes(&map), 0);
}

/* Every length takes its own way through the hash; each single bit must matter. */
static void hash_sees_every_bit(void **state)
{
    unsigned char key[160];

    (void)state;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (unsigned char)(i * 37);
    for (size_t len = 0; len <= sizeof(key); len++) {
        uint64_t hash = hashmap_hash(key, len);
        assert_int_equal(hash, hashmap_hash(key, len));
        if (len > 0)
            assert_int_not_equal(hash, hashmap_hash(key, len - 1));
        for (size_t bit = 0; bit < len * 8; bit++) {
            key[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_int_not_equal(hash, hashmap_hash(key, len));
            key[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
}

/* Sequential and fixed-width keys (windows) must spread over the low bits of the upper half, which choose the slot. */
static void hash_spreads(void **state)
{
    enum { SLOTS = 1024, KEYS = 64 * SLOTS };
    static unsigned counts[SLOTS];

    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        memset(counts, 0, sizeof(counts));
        for (int64_t i = 0; i < KEYS; i++) {
            char key[32];
            int64_t number = kind == 0 ? i : kind == 1 ? i * INT64_C(3600000000) : i << 40;
            memcpy(key, &number, sizeof(number));
            counts[hashmap_hash(key, sizeof(number)) >> 32 & (SLOTS - 1)]++;
        }
        double chi = 0;
        for (size_t i = 0; i < SLOTS; i++)
            chi += (counts[i] - 64.0) * (counts[i] - 64.0) / 64.0;
        assert_true(chi < SLOTS + 8 * 45.2); /* mean 1023, standard deviation 45.2 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_dense),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(colliding_hashes_stay_apart),
        cmocka_unit_test(many_keys_and_reset),
        cmocka_unit_test(hash_sees_every_bit),
        cmocka_unit_test(hash_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
