/* The fit over points made from known lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tuning.h"

#include <math.h>

#define NPOINTS 40

static const struct {
    double fixed, below, knee, above; /* knee 0: none */
    double noise;
} lines[] = {
    {5, 0.01, 0, 0, 0},         {0, 1, 0, 0, 0},       {2, 0.001, 0, 0, 0.5},      {3, 0.001, 20000, 0.02, 0},
    {3, 0.02, 12000, 0.001, 0}, {100, 0, 0, 0, 0.001}, {1, 0.002, 20000, 0.05, 2},
};

static void finds_the_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct tuning_point points[NPOINTS];
        struct tuning_fit fit;
        for (int k = 0; k < NPOINTS; k++) {
            double rows = 1000.0 * (NPOINTS - k), above = lines[i].knee > 0 ? fmax(0, rows - lines[i].knee) : 0;
            points[k].rows = rows;
            points[k].ms = lines[i].fixed + lines[i].below * (rows - above) + lines[i].above * above +
                           (k % 2 == 0 ? lines[i].noise : -lines[i].noise);
        }
        assert_true(tuning_fit(points, NPOINTS, &fit));
        assert_true(points[0].rows < points[1].rows);
        assert_int_equal(fit.has_knee, lines[i].knee > 0);
        if (lines[i].knee > 0)
            assert_true(fabs(fit.knee_rows - lines[i].knee) <= 2000);
        assert_true(fabs(fit.fixed_ms - lines[i].fixed) <= lines[i].noise * 2 + 1e-6);
        assert_true(fit.residual_ms <= lines[i].noise * 1.1 + 1e-6);
        for (double rows = 1000; rows <= 40000; rows += 3000) {
            double above = lines[i].knee > 0 ? fmax(0, rows - lines[i].knee) : 0;
            double truth = lines[i].fixed + lines[i].below * (rows - above) + lines[i].above * above;
            assert_true(fabs(tuning_ms(&fit, rows) - truth) <= lines[i].noise * 3 + 1e-6);
        }
    }
}

static void too_little_to_say(void **state)
{
    struct tuning_point same[] = {{100, 1}, {100, 2}, {100, 3}, {100, 4}};
    struct tuning_point none[] = {{0, 1}, {0, 2}, {0, 3}};
    struct tuning_fit fit;

    (void)state;
    assert_false(tuning_fit(same, 0, &fit));
    assert_false(tuning_fit(same, 2, &fit));
    assert_false(tuning_fit(same, 4, &fit));
    assert_false(tuning_fit(none, 3, &fit));
}

static void rows_within_a_limit(void **state)
{
    struct tuning_fit fit = {.fixed_ms = 10, .ms_per_row = 0.1};
    struct tuning_fit knee = {
        .fixed_ms = 10, .ms_per_row = 0, .has_knee = true, .knee_rows = 100, .ms_per_row_above = 1};

    (void)state;
    assert_true(fabs(tuning_rows_within(&fit, 60, 10000) - 500) <= 1);
    assert_true(tuning_rows_within(&fit, 60, 300) == 300);
    assert_true(tuning_rows_within(&fit, 5, 300) == -1);
    assert_true(fabs(tuning_rows_within(&knee, 60, 10000) - 150) <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_line),
        cmocka_unit_test(too_little_to_say),
        cmocka_unit_test(rows_within_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
