#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/trigger.h"

/* Boundaries are multiples of the interval since the epoch: Spark 4.0.0, ProcessingTimeExecutor.nextBatchTime. */
static void test_next(void **unused)
{
    static const struct {
        int64_t now, interval, next;
    } rows[] = {
        {1546300803734, 10000, 1546300810000},
        {1546300810000, 10000, 1546300820000}, /* on the boundary: the next one */
        {1546300810734, 10000, 1546300820000},
        {1546300803734, 0, 1546300803734},
        {0, 5000, 5000},
        {4999, 5000, 5000},
        {7, 1, 8},
        {INT64_MAX - 1, INT64_MAX, INT64_MAX},
        {INT64_MAX, 10, INT64_MAX},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(trigger_next(rows[i].now, rows[i].interval), rows[i].next);
}

static void test_behind(void **unused)
{
    (void)unused;
    assert_false(trigger_behind(7000, 10000));
    assert_false(trigger_behind(10000, 10000));
    assert_true(trigger_behind(10001, 10000));
    assert_false(trigger_behind(10001, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_next), cmocka_unit_test(test_behind)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
