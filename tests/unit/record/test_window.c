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

static void checks_definitions(void **state)
{
    struct errbuf err;

    (void)state;
    assert_int_equal(window_check(&(struct window){MINUTE, MINUTE, 0}, &err), 0);
    assert_int_equal(window_check(&(struct window){0, 0, 0}, &err), -1);
    assert_string_equal(err.condition, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE");
    assert_int_equal(window_check(&(struct window){MINUTE, 0, 0}, &err), -1);
    assert_string_equal(err.condition, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE");
    assert_int_equal(window_check(&(struct window){MINUTE, 2 * MINUTE, 0}, &err), -1);
    assert_string_equal(err.condition, "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION");
    assert_int_equal(window_check(&(struct window){MINUTE, MINUTE, -MINUTE}, &err), -1);
    assert_string_equal(err.condition, "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION");
}

static void reads_intervals(void **state)
{
    static const struct {
        const char *text;
        int month_days;
        int64_t us; /* when condition is NULL */
        const char *condition;
    } cases[] = {
        {"60 minutes", 0, 60 * MINUTE, NULL},
        {"1 Hour", 0, 60 * MINUTE, NULL},
        {"1 day 1 hour", 0, 25 * 60 * MINUTE, NULL},
        {"interval 10 seconds", 0, 10000000, NULL},
        {"INTERVAL 2 weeks", 0, 14 * 1440 * MINUTE, NULL},
        {"1.5 seconds", 0, 1500000, NULL},
        {"-5 minutes", 0, -5 * MINUTE, NULL},
        {" 3 milliseconds 4 microseconds ", 0, 3004, NULL},
        {"1 month", 31, 31 * 1440 * MINUTE, NULL},
        {"1 month", 0, 0, "_LEGACY_ERROR_TEMP_3231"},
        {"1 year", 0, 0, "_LEGACY_ERROR_TEMP_3231"},
        {"", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"interval", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"minutes", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"10", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"10 minuets", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"1.5 minutes", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"99999999999999999999 seconds", 0, 0, "CANNOT_PARSE_INTERVAL"},
        {"9223372036854775807 hours", 0, 0, "CANNOT_PARSE_INTERVAL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct errbuf err;
        int64_t us = 1;
        errbuf_clear(&err);
        int result = window_parse_interval(cases[i].text, strlen(cases[i].text), cases[i].month_days, &us, &err);
        assert_int_equal(result, cases[i].condition == NULL ? 0 : -1);
        if (cases[i].condition == NULL)
            assert_int_equal(us, cases[i].us);
        else
            assert_string_equal(err.condition, cases[i].condition);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expands_latest_first), cmocka_unit_test(every_window_holds_its_event),
        cmocka_unit_test(notices_overflow),     cmocka_unit_test(checks_definitions),
        cmocka_unit_test(reads_intervals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
