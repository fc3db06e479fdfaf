#include "datagen/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The reference implementation's first numbers for the state 1, 2, 3, 4 (upper halves). */
static void test_known_numbers(void **state)
{
    static const uint64_t EXPECTED[] = {11520, 0, 1509978240, 1215971899390074240};
    struct prng prng = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(EXPECTED) / sizeof(EXPECTED[0]); i++)
        assert_int_equal(prng_next(&prng), EXPECTED[i] >> 32);
}

static void test_seeds_differ(void **state)
{
    struct prng a;
    struct prng b;
    int same = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        prng_seed(&a, seed, 0);
        prng_seed(&b, seed, 0);
        assert_int_equal(prng_next(&a), prng_next(&b));
        prng_seed(&b, seed, 1);
        same += prng_next(&a) == prng_next(&b);
        prng_seed(&b, seed + 1, 0);
        same += prng_next(&a) == prng_next(&b);
    }
    assert_int_equal(same, 0);
}

static void test_below(void **state)
{
    struct prng prng;
    int counts[10] = {0};

    (void)state;
    prng_seed(&prng, 1, 0);
    for (int i = 0; i < 100000; i++)
        counts[prng_below(&prng, 10)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], 9500, 10500);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(prng_below(&prng, 1), 0);
    assert_false(prng_chance(&prng, 0, 10));
    assert_true(prng_chance(&prng, 10, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_numbers),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
