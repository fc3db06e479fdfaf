#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/watermark.h"

#define NONE INT64_MIN /* a NULL time */
#define US(ms) ((ms)*1000)
#define T2357 INT64_C(1546300620000) /* 2018-12-31T23:57 */
#define T2257 (T2357 - 3600000)

static void observe(struct watermark_stats *stats, const int64_t *times_us, size_t n)
{
    struct arena arena = ARENA_INIT;
    struct vector time;

    assert_int_equal(vector_alloc(&time, type_of(TYPE_TIMESTAMP), n, &arena), 0);
    for (size_t i = 0; i < n; i++) {
        if (times_us[i] == NONE)
            vector_set_null(&time, i);
        else
            time.data.i64[i] = times_us[i];
    }
    watermark_observe(stats, &time, NULL, n);
    arena_release(&arena);
}

/* The captures' eventTime figures (watermark-*, category-disposition-hour-update). */
static void test_observe(void **unused)
{
    static const struct {
        size_t n;
        int64_t us[4];
        int64_t min, max, avg;
    } rows[] = {
        {1, {US(T2357)}, T2357, T2357, T2357},
        /* watermark-null-time: two NULLs are 1970; avg 1994-07-02T11:43:30 */
        {4, {US(T2357), NONE, NONE, US(T2257)}, 0, T2357, INT64_C(773149410000)},
        {1, {NONE}, 0, 0, 0},
        /* watermark-update-late, batch 2 */
        {4,
         {US(INT64_C(1546293540000)), US(INT64_C(1546294200000)), US(INT64_C(1546293540000)),
          US(INT64_C(1546290600000))},
         INT64_C(1546290600000),
         INT64_C(1546294200000),
         INT64_C(1546292970000)},
        /* microseconds are cut to the millisecond below, before 1970 too */
        {1, {1999}, 1, 1, 1},
        {1, {-1}, -1, -1, -1},
        {1, {-1001}, -2, -2, -2},
        {1, {-1000}, -1, -1, -1},
        {2, {-3000, -2000}, -3, -2, -2},                                            /* avg -2.5 is cut toward zero */
        {1, {INT64_MAX}, INT64_MAX / 1000, INT64_MAX / 1000, INT64_MAX / 1000 + 1}, /* as a double */
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct watermark_stats stats;
        watermark_stats_init(&stats);
        observe(&stats, rows[i].us, rows[i].n);
        assert_int_equal(stats.count, rows[i].n);
        assert_int_equal(stats.min_ms, rows[i].min);
        assert_int_equal(stats.max_ms, rows[i].max);
        if (i + 1 < sizeof(rows) / sizeof(rows[0]))
            assert_int_equal(watermark_stats_avg_ms(&stats), rows[i].avg);
    }
}

static void test_selection_and_constant(void **unused)
{
    struct arena arena = ARENA_INIT;
    struct watermark_stats stats;
    struct vector time;
    uint16_t sel[] = {1, 3};

    (void)unused;
    assert_int_equal(vector_alloc(&time, type_of(TYPE_TIMESTAMP), 4, &arena), 0);
    for (int i = 0; i < 4; i++)
        time.data.i64[i] = US(100 * (i + 1));
    watermark_stats_init(&stats);
    watermark_observe(&stats, &time, sel, 2);
    assert_int_equal(stats.count, 2);
    assert_int_equal(stats.min_ms, 200);
    assert_int_equal(stats.max_ms, 400);
    time.constant = true;
    watermark_observe(&stats, &time, sel, 2);
    assert_int_equal(stats.count, 4);
    assert_int_equal(stats.min_ms, 100);
    arena_release(&arena);
}

/* Merging gives what Spark's accumulators give, not the average of all rows in a row: its order of operations is its
 * own. */
static void test_merge(void **unused)
{
    const int64_t a[] = {US(1), US(2), US(4)}, b[] = {US(10), US(20)};
    struct watermark_stats left, right, empty;

    (void)unused;
    watermark_stats_init(&left);
    watermark_stats_init(&right);
    watermark_stats_init(&empty);
    observe(&left, a, 3);
    observe(&right, b, 2);
    double avg = left.avg_ms + (right.avg_ms - left.avg_ms) * 2 / 5;
    watermark_stats_merge(&left, &empty);
    assert_int_equal(left.count, 3);
    watermark_stats_merge(&empty, &right);
    assert_int_equal(empty.count, 2);
    assert_true(empty.avg_ms == 15.0);
    watermark_stats_merge(&left, &right);
    assert_int_equal(left.count, 5);
    assert_int_equal(left.min_ms, 1);
    assert_int_equal(left.max_ms, 20);
    assert_true(left.avg_ms == avg);
}

static void test_advance(void **unused)
{
    static const struct {
        int64_t previous, count, max, delay_us, next;
    } rows[] = {
        {0, 1, T2357, US(INT64_C(3600000)), T2257},
        {T2257, 0, INT64_MIN, US(INT64_C(3600000)), T2257}, /* no rows */
        {T2257, 1, T2257, US(INT64_C(3600000)), T2257},     /* never back */
        {0, 1, 1000, US(INT64_C(3600000)), 0},              /* never below 0 */
        {0, 1, 0, 0, 0},
        {0, 1, 5000, 999, 5000}, /* a delay below a millisecond is none */
        {7, 1, INT64_MIN / 1000, INT64_MAX, 7},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct watermark_stats stats;
        watermark_stats_init(&stats);
        stats.count = rows[i].count;
        stats.max_ms = rows[i].max;
        assert_int_equal(watermark_advance(rows[i].previous, &stats, rows[i].delay_us), rows[i].next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_observe),
        cmocka_unit_test(test_selection_and_constant),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_advance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
