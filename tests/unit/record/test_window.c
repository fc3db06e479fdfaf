#include "record/window.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000000)
#define T1 INT64_C(1546300620000000) /* 2018-12-31T23:57:00Z */

static void expands_latest_first(void **state)
{
    static const struct {
        struct window window;
        int64_t event_us;
        size_t n;
        int64_t minutes_before[3]; /* starts, counted back from T1 */
    } cases[] = {
        {{60 * MINUTE, 60 * MINUTE, 0}, T1, 1, {57}},
        {{60 * MINUTE, 60 * MINUTE, 15 * MINUTE}, T1, 1, {42}},
        {{10 * MINUTE, 5 * MINUTE, 0}, T1, 2, {2, 7}},
        {{12 * MINUTE, 5 * MINUTE, 0}, T1, 2, {2, 7}},
        {{12 * MINUTE, 5 * MINUTE, 2 * MINUTE}, T1, 3, {0, 5, 10}},
        {{10 * MINUTE, 10 * MINUTE, -3 * MINUTE}, T1, 1, {0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t starts[8];
        assert_true(window_max(&cases[i].window) <= 8);
        assert_true(window_fits(&cases[i].window, cases[i].event_us));
        assert_int_equal(window_starts(&cases[i].window, cases[i].event_us, starts), cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++)
            assert_int_equal(starts[k], T1 - cases[i].minutes_before[k] * MINUTE);
        if (cases[i].n == 1)
            assert_int_equal(window_start(&cases[i].window, cases[i].event_us), starts[0]);
    }
}

static void every_window_holds_its_event(void **state)
{
    int64_t starts[64];

    (void)state;
    for (int64_t length = 1; length < 12; length++)
        for (int64_t slide = 1; slide <= length; slide++)
            for (int64_t start = -slide + 1; start < slide; start++)
                for (int64_t event = -40; event < 40; event++) {
                    struct window window = {length, slide, start};
                    size_t n = window_starts(&window, event, starts), expected = 0;
                    for (int64_t s = -80; s < 80; s++)
                        expected += (s - start) % slide == 0 && s <= event && event < s + length;
                    assert_true(n == expected && n <= window_max(&window));
                    for (size_t i = 0; i < n; i++)
                        assert_true((starts[i] - start) % slide == 0 && starts[i] <= event &&
                                    event < starts[i] + length && (i == 0 || starts[i] < starts[i - 1]));
                }
}

static void notices_overflow(void **state)
{
    struct window window = {10 * MINUTE, 10 * MINUTE, 0};

    (void)state;
    assert_false(window_fits(&window, INT64_MAX));
    assert_false(window_fits(&window, INT64_MIN));
    assert_true(window_fits(&window, INT64_MAX - 20 * MINUTE));
    assert_true(window_fits(&window, INT64_MIN + 30 * MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expands_latest_first),
        cmocka_unit_test(every_window_holds_its_event),
        cmocka_unit_test(notices_overflow),

    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
