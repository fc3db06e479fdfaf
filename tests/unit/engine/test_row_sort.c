/* Random columns of every type, sorted by row_sort and by the rule it stands for: vector_compare, key by key. */
#include "engine/row_sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX_ROWS = 700, MAX_KEYS = 3 };

static uint64_t seed;

static uint32_t next(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* Few different values: ties; and the ends of each type. */
static void set_value(struct vector *column, size_t row)
{
    static const double doubles[] = {-INFINITY, -2.5, -0.0, 0.0, 1e-310, 2.5, INFINITY, NAN};
    static const int64_t longs[] = {INT64_MIN, -300, -1, 0, 1, 255, 256, INT64_MAX};
    static const int32_t ints[] = {INT32_MIN, -1, 0, 1, 70000, INT32_MAX};
    static const char *const texts[] = {"", "a", "a\0", "abcdefgh", "abcdefghi", "abcdefghj", "\xc3\xa9t", "abcdefg"};
    static const uint32_t lens[] = {0, 1, 2, 8, 9, 9, 4, 7};
    uint32_t pick;

    switch (column->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        column->data.boolean[row] = (uint8_t)next(2);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        column->data.i32[row] = ints[next(6)];
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        column->data.i64[row] = next(4) == 0 ? (int64_t)next(1000) - 500 : longs[next(8)];
        break;
    case TYPE_DOUBLE:
        column->data.f64[row] = doubles[next(8)];
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        pick = next(8);
        column->data.str[row] = (struct str){texts[pick], lens[pick]};
        break;
    case TYPE_STRUCT:
        for (size_t i = 0; i < column->type->nfields; i++) {
            set_value(&column->fields[i], row);
            if (next(5) == 0)
                vector_set_null(&column->fields[i], row);
        }
        break;
    }
}

struct expected {
    const struct vector *columns;
    const struct plan_sort_key *keys;
    size_t nkeys;
};

static int compare(const void *a, const void *b, void *cookie)
{
    const struct expected *expected = cookie;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    for (size_t k = 0; k < expected->nkeys; k++) {
        const struct vector *column = &expected->columns[k];
        bool left_null = vector_is_null(column, left), right_null = vector_is_null(column, right);
        if (left_null && right_null)
            continue;
        if (left_null || right_null)
            return left_null == expected->keys[k].nulls_first ? -1 : 1;
        int order = vector_compare(column, left, column, right);
        if (order != 0)
            return expected->keys[k].descending ? -order : order;
    }
    return left < right ? -1 : 1;
}

static void as_compared_one_by_one(void **state)
{
    static const enum type_id ids[] = {TYPE_BOOLEAN, TYPE_INT,    TYPE_DATE,   TYPE_BIGINT, TYPE_TIMESTAMP,
                                       TYPE_DOUBLE,  TYPE_STRING, TYPE_BINARY, TYPE_STRUCT};
    const struct type_field fields[] = {{"text", type_of(TYPE_STRING)}, {"number", type_of(TYPE_BIGINT)}};
    const struct type pair = {TYPE_STRUCT, 2, fields};
    uint32_t numbers[MAX_ROWS], wanted[MAX_ROWS];

    (void)state;
    for (uint32_t round = 0; round < 400; round++) {
        struct vector columns[MAX_KEYS];
        struct plan_sort_key keys[MAX_KEYS];
        struct arena arena;
        size_t nkeys, n;

        seed = round * 7919u + 1;
        nkeys = 1 + next(MAX_KEYS);
        n = next(5) == 0 ? next(3) : next(MAX_ROWS);
        arena_init(&arena);
        for (size_t k = 0; k < nkeys; k++) {
            enum type_id id = ids[next(sizeof(ids) / sizeof(ids[0]))];
            const struct type *type = id == TYPE_STRUCT ? &pair : type_of(id);
            bool nulls = next(2) == 0;

            keys[k] = (struct plan_sort_key){NULL, next(2) == 0, next(2) == 0};
            assert_int_equal(vector_alloc(&columns[k], type, n, &arena), 0);
            for (size_t row = 0; row < n; row++) {
                set_value(&columns[k], row);
                if (nulls && next(4) == 0)
                    vector_set_null(&columns[k], row);
            }
        }
        struct expected expected = {columns, keys, nkeys};
        for (size_t i = 0; i < n; i++)
            wanted[i] = (uint32_t)i;
        qsort_r(wanted, n, sizeof(*wanted), compare, &expected);
        assert_int_equal(row_sort(columns, keys, nkeys, numbers, n, &arena), 0);
        assert_memory_equal(numbers, wanted, n * sizeof(*numbers));
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_compared_one_by_one)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
