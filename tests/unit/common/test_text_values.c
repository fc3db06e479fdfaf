/* parsenum, duration, nearest, clock: text to values and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/duration.h"
#include "common/nearest.h"
#include "common/parsenum.h"

#include <string.h>

#define BAD INT64_MIN

static const struct {
    const char *text;
    int64_t min, max, wanted;
} integers[] = {
    {"0", 0, 10, 0},
    {"10", 0, 10, 10},
    {"11", 0, 10, BAD},
    {"-1", 0, 10, BAD},
    {"-1", -5, 10, -1},
    {"+7", 0, 10, 7},
    {"007", 0, 10, 7},
    {"", 0, 10, BAD},
    {"-", -5, 10, BAD},
    {" 1", 0, 10, BAD},
    {"1 ", 0, 10, BAD},
    {"1x", 0, 10, BAD},
    {"0x1", 0, 10, BAD},
    {"1.0", 0, 10, BAD},
    {"--1", -5, 10, BAD},
    {"9223372036854775807", 0, INT64_MAX, INT64_MAX},
    {"9223372036854775808", 0, INT64_MAX, BAD},
    {"-9223372036854775807", INT64_MIN, 0, -INT64_MAX},
    {"-9223372036854775809", INT64_MIN, 0, BAD},
    {"99999999999999999999999", 0, INT64_MAX, BAD},
};

static void whole_numbers(void **state)
{
    int64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
        value = 77;
        int result = parsenum_i64(integers[i].text, integers[i].min, integers[i].max, &value);
        assert_int_equal(result, integers[i].wanted == BAD ? -1 : 0);
        assert_int_equal(value, integers[i].wanted == BAD ? 77 : integers[i].wanted);
    }
    assert_int_equal(parsenum_i64("-9223372036854775808", INT64_MIN, 0, &value), 0);
    assert_true(value == INT64_MIN);
}

static void truth_and_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t wanted;
    } sizes[] = {{"0", 0},
                 {"64", 64},
                 {"1k", 1024},
                 {"2M", 2 << 20},
                 {"1gb", 1 << 30},
                 {"5b", 5},
                 {"1t", INT64_C(1) << 40},
                 {"", BAD},
                 {"k", BAD},
                 {"1x", BAD},
                 {"1kk", BAD},
                 {"-1", BAD},
                 {"9999999999g", BAD}};
    bool truth;
    int64_t value;

    (void)state;
    assert_int_equal(parsenum_bool("TRUE", &truth), 0);
    assert_true(truth);
    assert_int_equal(parsenum_bool("false", &truth), 0);
    assert_false(truth);
    assert_int_equal(parsenum_bool("maybe", &truth), -1);
    assert_int_equal(parsenum_bool("1", &truth), -1);
    assert_int_equal(parsenum_bool("", &truth), -1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        value = BAD;
        int result = parsenum_bytes(sizes[i].text, 0, INT64_MAX, &value);
        assert_int_equal(result, sizes[i].wanted == BAD ? -1 : 0);
        assert_true(value == sizes[i].wanted);
    }
}

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static const struct {
    const char *text;
    int flags;
    int64_t us; /* months excluded */
    int months;
} durations[] = {
    {"60 minutes", 0, 3600 * SECOND, 0},
    {"1 minute", 0, 60 * SECOND, 0},
    {"1 millisecond", 0, 1000, 0},
    {"1 microsecond", 0, 1, 0},
    {"1 day", 0, DAY, 0},
    {"1 week", 0, 7 * DAY, 0},
    {"2 days", 0, 2 * DAY, 0},
    {"1 day 1 hour", 0, DAY + 3600 * SECOND, 0},
    {"-3 minutes", 0, -180 * SECOND, 0},
    {"-4 minutes 59 seconds", 0, -181 * SECOND, 0},
    {"interval 10 minutes", 0, 600 * SECOND, 0},
    {"INTERVAL 10 MINUTES", 0, 600 * SECOND, 0},
    {"10 Minutes", 0, 600 * SECOND, 0},
    {"10  minutes", 0, 600 * SECOND, 0},
    {" 10 minutes\n", 0, 600 * SECOND, 0},
    {"+10 minutes", 0, 600 * SECOND, 0},
    {"- 10 minutes", 0, -600 * SECOND, 0},
    {"1.5 seconds", 0, 1500000, 0},
    {"-1.5 seconds", 0, -1500000, 0},
    {".5 seconds", 0, 500000, 0},
    {"1. second", 0, SECOND, 0},
    {"0.123456789 seconds", 0, 123456, 0},
    {"10 minutes 0 seconds", 0, 600 * SECOND, 0},
    {"0 minutes", 0, 0, 0},
    {"1 year 2 months", 0, 0, 14},
    {"1 month 3 days", 0, 3 * DAY, 1},
    {"10 minutess", 0, BAD, 0},
    {"minutes", 0, BAD, 0},
    {"10 minuets", 0, BAD, 0},
    {"ten minutes", 0, BAD, 0},
    {"10min", 0, BAD, 0},
    {"PT10M", 0, BAD, 0},
    {"1.5 minutes", 0, BAD, 0},
    {"10 nanoseconds", 0, BAD, 0},
    {"10 minutes,", 0, BAD, 0},
    {"x", 0, BAD, 0},
    {"60", 0, BAD, 0},
    {"", 0, BAD, 0},
    {"   ", 0, BAD, 0},
    {"interval", 0, BAD, 0},
    {"interval10 minutes", 0, BAD, 0},
    {"10 minutes 5", 0, BAD, 0},
    {"10 minutes5 seconds", 0, BAD, 0},
    {"+ minutes", 0, BAD, 0},
    {"--1 minute", 0, BAD, 0},
    {". seconds", 0, BAD, 0},
    {"0.1234567891 seconds", 0, BAD, 0},
    {"99999999999999999999 seconds", 0, BAD, 0},
    {"9999999999999999 seconds", 0, BAD, 0},
    {"3000000000 days", 0, BAD, 0},
    {"5s", 0, BAD, 0},
    {"5s", DURATION_SHORT, 5 * SECOND, 0},
    {"500ms", DURATION_SHORT, 500000, 0},
    {"10us", DURATION_SHORT, 10, 0},
    {"1m", DURATION_SHORT, 60 * SECOND, 0},
    {"15min", DURATION_SHORT, 900 * SECOND, 0},
    {"2h", DURATION_SHORT, 7200 * SECOND, 0},
    {"1d", DURATION_SHORT, DAY, 0},
    {"5S", DURATION_SHORT, 5 * SECOND, 0},
    {"5 s", DURATION_SHORT, 5 * SECOND, 0},
    {"100 ms", DURATION_SHORT, 100000, 0},
    {"1.5s", DURATION_SHORT, BAD, 0},
    {"5x", DURATION_SHORT, BAD, 0},
    {"s", DURATION_SHORT, BAD, 0},
    {"5", DURATION_SHORT, BAD, 0},
    {"10000", DURATION_BARE_MS, 10 * SECOND, 0},
    {"10s", DURATION_BARE_MS, BAD, 0},
    {"5 seconds", DURATION_SHORT | DURATION_BARE_MS, 5 * SECOND, 0},
    {"-5s", DURATION_SHORT, -5 * SECOND, 0},
};

static void intervals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
        struct duration got;
        struct errbuf err;
        int result = duration_parse(durations[i].text, strlen(durations[i].text), durations[i].flags, &got, &err);
        if (durations[i].us == BAD) {
            if (result == 0)
                fail_msg("'%s' was taken", durations[i].text);
            assert_string_equal(err.condition, "CANNOT_PARSE_INTERVAL");
            assert_string_equal(err.sqlstate, "22006");
            assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
            continue;
        }
        if (result != 0)
            fail_msg("'%s': %s", durations[i].text, err.text);
        assert_int_equal(got.months, durations[i].months);
        assert_int_equal(got.days * DAY + got.us, durations[i].us);
    }
}

static void interval_totals(void **state)
{
    struct duration month = {1, 1, 5}, plain = {0, 2, 7}, huge = {0, INT32_MAX, 0};
    struct errbuf err;
    int64_t us;

    (void)state;
    assert_int_equal(duration_total_us(&plain, 0, "x", 1, &us, &err), 0);
    assert_int_equal(us, 2 * DAY + 7);
    assert_int_equal(duration_total_us(&month, 31, "x", 1, &us, &err), 0);
    assert_int_equal(us, 32 * DAY + 5);
    assert_int_equal(duration_total_us(&month, 0, "1 month", 7, &us, &err), -1);
    assert_string_equal(err.condition, "_LEGACY_ERROR_TEMP_3231");
    assert_string_equal(err.text, "Intervals greater than a month is not supported (1 month).");
    assert_int_equal(duration_total_us(&huge, 0, "x", 1, &us, &err), -1);
    assert_string_equal(err.condition, "ARITHMETIC_OVERFLOW");
}

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        size_t wanted;
    } pairs[] = {
        {"", "", 0},
        {"abc", "abc", 0},
        {"abc", "ABC", 0},
        {"abc", "", 3},
        {"abc", "acb", 1},
        {"abc", "abcd", 1},
        {"abc", "bc", 1},
        {"abc", "xbc", 1},
        {"ca", "abc", 3},
        {"kitten", "sitting", 3},
        {"maxOffsetPerTrigger", "maxOffsetsPerTrigger", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        assert_int_equal(nearest_distance(pairs[i].a, pairs[i].b), pairs[i].wanted);
        assert_int_equal(nearest_distance(pairs[i].b, pairs[i].a), pairs[i].wanted);
    }
}

static void picks(void **state)
{
    static const char *const names[] = {
        "subscribe", NULL, "assign", "startingOffsets", "maxOffsetsPerTrigger", "minOffsetsPerTrigger"};
    static const struct {
        const char *name;
        int wanted;
    } cases[] = {{"maxOffsetPerTrigger", 4},
                 {"subscribed", 0},
                 {"STARTINGOFFSET", 3},
                 {"asign", 2},
                 {"mnOffsetsPerTrigger", 5},
                 {"xyz", -1},
                 {"", -1},
                 {"totally.different.thing", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(nearest_pick(cases[i].name, names, 6), cases[i].wanted);
    assert_int_equal(nearest_pick("a", names, 0), -1);
}

static void clock_text(void **state)
{
    static const struct {
        int64_t ms;
        const char *wanted;
    } times[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {INT64_C(1546300620001), "2018-12-31T23:57:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
        buf_reset(&out);
        clock_iso_utc(times[i].ms, &out);
        assert_string_equal(out.data, times[i].wanted);
    }
    buf_release(&out);
    clock_fake(5, 6);
    assert_int_equal(clock_wall_ms(), 5);
    assert_int_equal(clock_monotonic_us(), 6);
    clock_real();
    assert_true(clock_wall_ms() > INT64_C(1600000000000));
    int64_t before = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),   cmocka_unit_test(truth_and_sizes), cmocka_unit_test(intervals),
        cmocka_unit_test(interval_totals), cmocka_unit_test(distances),       cmocka_unit_test(picks),
        cmocka_unit_test(clock_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
